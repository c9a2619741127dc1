#pragma once

#include <stdint.h>

#include "hal/status.h"

namespace heepstor::hal {

// OpenTitan's UART: 8 data bits, no parity, one stop bit; polled.
template <class Bus>
class Uart {
 public:
  explicit constexpr Uart(uint32_t base) : base_(base) {}

  // kRefused if the baud rate is beyond what the oscillator can be told: (0, clock / 16].
  Status start(uint32_t clock_hz, uint32_t baud_rate) const {
    if (clock_hz == 0 || baud_rate == 0 || baud_rate > clock_hz / 16) {
      return Status::kRefused;
    }
    // The increment of a 16-bit oscillator that runs at 16 times the baud rate. clock / 16 itself
    // would need 2^16; the largest increment is near enough.
    const uint64_t increment = (static_cast<uint64_t>(baud_rate) << 20) / clock_hz;
    const uint32_t nco = increment > 0xFFFF ? 0xFFFF : static_cast<uint32_t>(increment);
    Bus::write(base_ + kFifoCtrl, kFifoCtrlReset);
    Bus::write(base_ + kCtrl, nco << kCtrlNcoLsb | kCtrlTxEnable | kCtrlRxEnable);
    return Status::kOk;
  }

  // Waits for room in the FIFO.
  void put(char c) const {
    while (Bus::read(base_ + kStatus) & kStatusTxFull) {
    }
    Bus::write(base_ + kWdata, static_cast<uint8_t>(c));
  }

  bool has_input() const { return (Bus::read(base_ + kStatus) & kStatusRxEmpty) == 0; }

  // The oldest character received; only where `has_input()`.
  char get() const { return static_cast<char>(Bus::read(base_ + kRdata)); }

  // The next character; waits until there is one.
  char receive() const {
    while (!has_input()) {
    }
    return get();
  }

  // Waits until the last bit is on the wire.
  void flush() const {
    constexpr uint32_t kDone = kStatusTxEmpty | kStatusTxIdle;
    while ((Bus::read(base_ + kStatus) & kDone) != kDone) {
    }
  }

 private:
  static constexpr uint32_t kCtrl = 0x0C;
  static constexpr uint32_t kCtrlTxEnable = 1u << 0;
  static constexpr uint32_t kCtrlRxEnable = 1u << 1;
  static constexpr uint32_t kCtrlNcoLsb = 16;
  static constexpr uint32_t kStatus = 0x10;
  static constexpr uint32_t kStatusTxFull = 1u << 0;
  static constexpr uint32_t kStatusTxEmpty = 1u << 2;
  static constexpr uint32_t kStatusTxIdle = 1u << 3;
  static constexpr uint32_t kStatusRxEmpty = 1u << 5;
  static constexpr uint32_t kRdata = 0x14;
  static constexpr uint32_t kWdata = 0x18;
  static constexpr uint32_t kFifoCtrl = 0x1C;
  static constexpr uint32_t kFifoCtrlReset = 0b11;  // both FIFOs

  uint32_t base_;
};

}  // namespace heepstor::hal
