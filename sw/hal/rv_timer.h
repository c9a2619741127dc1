#pragma once

#include <stdint.h>

#include "hal/status.h"

namespace heepstor::hal {

// OpenTitan's rv_timer with one hart and one comparator. A tick lasts `prescale + 1` clock cycles.
template <class Bus>
class RvTimer {
 public:
  explicit constexpr RvTimer(uint32_t base) : base_(base) {}

  // Counts from 0, with no alarm set. kRefused if the 12-bit prescaler cannot give `tick_hz`.
  Status start(uint32_t clock_hz, uint32_t tick_hz) const {
    if (tick_hz == 0 || clock_hz < tick_hz || clock_hz / tick_hz > kMaxPrescale + 1) {
      return Status::kRefused;
    }
    Bus::write(base_ + kCtrl, 0);
    Bus::write(base_ + kConfig, (clock_hz / tick_hz - 1) | 1u << kConfigStepLsb);
    Bus::write(base_ + kTimeLow, 0);
    Bus::write(base_ + kTimeHigh, 0);
    cancel_alarm();
    Bus::write(base_ + kCtrl, 1);
    return Status::kOk;
  }

  // Ticks since `start`.
  uint64_t now() const {
    uint32_t low, high, high_again = Bus::read(base_ + kTimeHigh);
    do {
      high = high_again;
      low = Bus::read(base_ + kTimeLow);
      high_again = Bus::read(base_ + kTimeHigh);
    } while (high != high_again);
    return static_cast<uint64_t>(high) << 32 | low;
  }

  // Raises the timer's interrupt from tick `when` on.
  void set_alarm(uint64_t when) const {
    // All ones first: half of a new value must not match.
    Bus::write(base_ + kCompareLow, ~0u);
    Bus::write(base_ + kCompareHigh, static_cast<uint32_t>(when >> 32));
    Bus::write(base_ + kCompareLow, static_cast<uint32_t>(when));
    Bus::write(base_ + kInterruptState, 1);
    Bus::write(base_ + kInterruptEnable, 1);
  }

  bool alarm_rings() const { return Bus::read(base_ + kInterruptState) & 1; }

  void cancel_alarm() const {
    Bus::write(base_ + kInterruptEnable, 0);
    Bus::write(base_ + kCompareLow, ~0u);
    Bus::write(base_ + kCompareHigh, ~0u);
    Bus::write(base_ + kInterruptState, 1);
  }

 private:
  static constexpr uint32_t kMaxPrescale = 0xFFF;
  static constexpr uint32_t kCtrl = 0x000;
  static constexpr uint32_t kConfig = 0x100;  // [11:0] prescale, [23:16] step
  static constexpr uint32_t kConfigStepLsb = 16;
  static constexpr uint32_t kTimeLow = 0x104;
  static constexpr uint32_t kTimeHigh = 0x108;
  static constexpr uint32_t kCompareLow = 0x10C;
  static constexpr uint32_t kCompareHigh = 0x110;
  static constexpr uint32_t kInterruptEnable = 0x114;
  static constexpr uint32_t kInterruptState = 0x118;

  uint32_t base_;
};

}  // namespace heepstor::hal
