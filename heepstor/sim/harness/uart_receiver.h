// The other end of the firmware's serial line.

#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

#include "heepstor_cfg.h"
#include "verilated_save.h"

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

  // Whether the firmware has said anything.
  bool has_heard() const { return heard_; }

  uint64_t framing_errors() const { return framing_errors_; }

  void save(VerilatedSerialize& state) {
    state << text_ << static_cast<uint64_t>(bit_) << wait_ << byte_ << framing_errors_;
  }

  // Says again what was said before the checkpoint.
  void restore(VerilatedDeserialize& state) {
    uint64_t bit = 0;
    state >> text_ >> bit >> wait_ >> byte_ >> framing_errors_;
    bit_ = static_cast<int>(bit);
    std::fwrite(text_.data(), 1, text_.size(), output_);
  }

 private:
  static constexpr double kBitCycles = double{cfg::kClockHz} / cfg::kUartBaudRate;

  void emit() {
    text_.push_back(static_cast<char>(byte_));
    heard_ = true;
    std::fputc(byte_, output_);
    if (byte_ == '\n') std::fflush(output_);
  }

  std::FILE* output_;
  std::string text_;   // all that was said
  int bit_ = -1;       // next data bit, 8 the stop bit, -1 none: idle
  double wait_ = 0.0;  // cycles until it is sampled
  uint8_t byte_ = 0;
  bool heard_ = false;
  uint64_t framing_errors_ = 0;
};

}  // namespace heepstor::simulator
