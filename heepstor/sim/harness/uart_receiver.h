// The other end of the firmware's serial line.

#pragma once

#include <cstdint>
#include <cstdio>

#include "heepstor_cfg.h"

namespace heepstor::simulator {

// Receives 8N1 at the configured rate, bit by bit, so that a wrong divider in the firmware is seen:
// as garbage and as framing errors.
class UartReceiver {
 public:
  explicit UartReceiver(std::FILE* output) : output_(output) {}

  // The line in one cycle of the clock.
  void sample(bool line) {
    if (bit_ < 0) {
      if (line) return;  // idle
      bit_ = 0;
      wait_ = kBitCycles + kBitCycles / 2;  // to the middle of the first data bit
    }
    wait_ -= 1.0;
    if (wait_ >= 1.0) return;
    wait_ += kBitCycles;
    if (bit_ < 8) {
      byte_ = static_cast<uint8_t>(byte_ >> 1 | (line ? 0x80 : 0));
      ++bit_;
      return;
    }
    if (!line) ++framing_errors_;
    emit();
    bit_ = -1;
  }

  // Whether a character has begun and not ended.
  bool busy() const { return bit_ >= 0; }

  uint64_t framing_errors() const { return framing_errors_; }

 private:
  static constexpr double kBitCycles = double{cfg::kClockHz} / cfg::kUartBaudRate;

  void emit() {
    std::fputc(byte_, output_);
    if (byte_ == '\n') std::fflush(output_);
  }

  std::FILE* output_;
  int bit_ = -1;       // next data bit, 8 the stop bit, -1 none: idle
  double wait_ = 0.0;  // cycles until it is sampled
  uint8_t byte_ = 0;
  uint64_t framing_errors_ = 0;
};

}  // namespace heepstor::simulator
