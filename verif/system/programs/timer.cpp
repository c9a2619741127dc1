// Sleeps until the timer's interrupt.
#include "bare.h"

namespace {

volatile uint32_t interrupts = 0;

volatile uint32_t& timer(uint32_t offset) {
  return word(cfg::kRvTimerBase + offset);
}
constexpr uint32_t kCtrl = 0x000, kCount = 0x104, kCompare = 0x10C, kCompareUpper = 0x110;
constexpr uint32_t kEnable = 0x114, kState = 0x118;

}  // namespace

extern "C" __attribute__((interrupt("machine"))) void on_trap() {
  CHECK(1, READ_CSR("mcause") == (0x80000000u | static_cast<uint32_t>(cfg::Interrupt::kTimer)));
  CHECK(2, timer(kState) == 1);
  CHECK(3, timer(kCount) >= 1000);
  timer(kCompare) = 0xFFFFFFFF;
  timer(kState) = 1;
  interrupts = interrupts + 1;
}

int main() {
  timer(kCompareUpper) = 0;
  timer(kCompare) = 1000;
  timer(kEnable) = 1;
  timer(kCtrl) = 1;
  enable_interrupt(cfg::Interrupt::kTimer);
  mark(1);
  while (interrupts == 0) asm volatile("wfi");
  mark(2);
  CHECK(4, interrupts == 1);
  return 0;
}
