#pragma once

#include <stdint.h>

#include "heepstor_cfg.h"

namespace heepstor::hal {

// The CPU's sleep. A driver takes it as a template parameter, so that it runs on a host too.
struct Cpu {
  // While it lives, `interrupt` wakes the CPU from its sleep and no interrupt is taken: the CPU
  // just goes on.
  class WakeUp {
   public:
    explicit WakeUp(cfg::Interrupt interrupt) : mask_(1u << static_cast<uint32_t>(interrupt)) {
      asm volatile("csrrci %0, mstatus, %1" : "=r"(mstatus_) : "i"(kInterruptEnable) : "memory");
      asm volatile("csrs mie, %0" ::"r"(mask_));
    }
    ~WakeUp() {
      asm volatile("csrc mie, %0" ::"r"(mask_));
      asm volatile("csrs mstatus, %0" ::"r"(mstatus_ & kInterruptEnable) : "memory");
    }
    WakeUp(const WakeUp&) = delete;
    WakeUp& operator=(const WakeUp&) = delete;

   private:
    static constexpr uint32_t kInterruptEnable = 1u << 3;  // MIE in mstatus
    uint32_t mask_;
    uint32_t mstatus_;
  };

  // Until an enabled interrupt is pending; not at all if one is.
  static void sleep() { asm volatile("wfi" ::: "memory"); }
};

}  // namespace heepstor::hal
