// Who types on the firmware's serial line.

#pragma once

#include <poll.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

#include "heepstor_cfg.h"

namespace heepstor::simulator {

// Sends what a file descriptor delivers as 8N1 at the configured rate, bit by bit, so that a wrong
// divider in the firmware is seen. The end of the input is typed as a terminal would: Ctrl-D.
class UartTypist {
 public:
  explicit UartTypist(int input) : input_(input) {}

  // The line in the next cycle of the clock.
  bool line() {
    if (bit_ < 0) {
      if (next_ == received_) return true;  // idle
      frame_ = static_cast<uint32_t>(input_buffer_[next_++]) << 1 | kStopBit;
      bit_ = 0;
      wait_ = kBitCycles;
    }
    const bool level = (frame_ >> bit_ & 1) != 0;
    wait_ -= 1.0;
    if (wait_ < 1.0) {
      wait_ += kBitCycles;
      if (++bit_ == kFrameBits) bit_ = -1;
    }
    return level;
  }

  // Takes what has been typed since, without waiting for more.
  void listen() {
    if (ended_ || next_ < received_) return;
    pollfd descriptor{input_, POLLIN, 0};
    if (poll(&descriptor, 1, 0) <= 0) return;
    const ssize_t size = read(input_, input_buffer_, sizeof input_buffer_);
    next_ = 0;
    received_ = size > 0 ? static_cast<size_t>(size) : 0;
    if (size <= 0) {
      ended_ = true;
      input_buffer_[received_++] = kEndOfInput;
    }
  }

 private:
  static constexpr double kBitCycles = double{cfg::kClockHz} / cfg::kUartBaudRate;
  static constexpr int kFrameBits = 10;            // start, data, stop
  static constexpr uint32_t kStopBit = 1u << 9;    // the start bit is a 0
  static constexpr unsigned char kEndOfInput = 4;  // Ctrl-D

  int input_;
  unsigned char input_buffer_[256];
  size_t next_ = 0;      // in it
  size_t received_ = 0;  // its end
  bool ended_ = false;
  uint32_t frame_ = 0;
  int bit_ = -1;       // of the frame, -1: idle
  double wait_ = 0.0;  // cycles until the next
};

}  // namespace heepstor::simulator
