// A debugger at the SoC's JTAG pins, and how time passes with one.

#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>

#include "Vsim_top__Dpi.h"
#include "jtag_server.h"
#include "svdpi.h"

namespace heepstor::simulator {

class Debugger {
 public:
  // Waits for one on `port` (0: one that is free), and tells the port.
  Debugger(uint16_t port, svScope top) : server_(port), top_(top) {
    std::fprintf(stderr, "{\"jtag_port\": %d}\n", server_.port());
    std::fflush(stderr);
  }

  // Whether one may do something yet: it is there, or the first one is still to come.
  bool in_use() const { return server_.attached() || !server_.was_attached(); }

  // Before each cycle. Returns whether time may pass: it stands still until the first debugger
  // comes, and while one that has halted the CPU thinks.
  bool serve(uint64_t cycle) { return cycle < due_ || ask(cycle); }

 private:
  // Cycles from one level of TCK to the next. OpenOCD reads bytes without asking whether the CPU
  // has read the last one, which takes 110 cycles; a scan of 45 bits has to take longer.
  static constexpr uint64_t kPinPause = 2;

  // Cycles between two looks at a debugger that has long been silent: as good as no time.
  static constexpr uint64_t kLongestPause = 2048;

  // Lets the debugger move the pins once. A silent one is asked less and less often, so that the
  // firmware runs at full speed.
  bool ask(uint64_t cycle) {
    svSetScope(top_);
    if (server_.serve(sim_tdo() != 0)) {
      const JtagServer::Pins& pins = server_.pins();
      sim_set_jtag(pins.tck, pins.tms, pins.tdi);
      pause_ = kPinPause;
    } else {
      pause_ = std::min(2 * pause_, kLongestPause);
    }
    due_ = cycle + pause_;
    const bool silent = pause_ == kLongestPause;
    const bool waits = server_.attached() ? sim_halted() != 0 : !server_.was_attached();
    return !(silent && waits) || server_.wait();
  }

  JtagServer server_;
  svScope top_;
  uint64_t due_ = 0;  // cycle of the next look
  uint64_t pause_ = kLongestPause;
};

}  // namespace heepstor::simulator
