// The waveform of a part of the run: of all of it, of some cycles, or from one marker to another.
//
// A nanosecond of the waveform is a cycle: the edge that begins cycle n is at n ns, the falling one
// half a nanosecond later. Reset, and loading the image, are in the first nanosecond.
//
// The one thing a reader would get wrong: a window that a marker opens begins in the middle of the
// cycle in which it was written, with the state of all signals, so that the marker is in it.

#pragma once

#include <cstdint>

#include "Vsim_top.h"
#include "options.h"
#include "usage_error.h"
#include "verilated.h"
#if HEEPSTOR_INSTRUMENTED
#include "verilated_fst_c.h"
#endif

namespace heepstor::simulator {

#if HEEPSTOR_INSTRUMENTED

class TraceWindow {
 public:
  // To be made before the model.
  TraceWindow(const Options& options, VerilatedContext& context) : options_(options) {
    if (!options.trace.empty()) context.traceEverOn(true);
  }

  ~TraceWindow() { close(); }

  // To be called before the model is evaluated for the first time.
  void attach(Vsim_top& top) {
    if (options_.trace.empty()) return;
    trace_.set_time_unit("1ps");
    trace_.set_time_resolution("1ps");
    top.trace(&trace_, 99);
    if (!options_.trace_cycles && !options_.trace_markers) open();
  }

  // After each evaluation of the model: it was for half a cycle.
  void evaluated() {
    time_ps_ += in_reset_ ? kResetStepPs : kHalfCyclePs;
    if (trace_.isOpen()) trace_.dump(time_ps_);
  }

  // The model is in the middle of `cycle`, the last one of reset (0) or of what a checkpoint
  // restored.
  void start(uint64_t cycle) {
    in_reset_ = false;
    time_ps_ = (2 * cycle + 1) * kHalfCyclePs;
  }

  // Before the edge that begins `cycle`.
  void before_cycle(uint64_t cycle) {
    if (!options_.trace_cycles) return;
    const Range& window = *options_.trace_cycles;
    if (cycle > window.last) {
      close();
    } else if (cycle >= window.first && !trace_.isOpen()) {
      open();
    }
  }

  // In the middle of the cycle in which the firmware wrote `marker`.
  void on_marker(uint32_t marker) {
    if (!options_.trace_markers) return;
    if (marker == options_.trace_markers->first && !was_open_) {
      open();
      trace_.dump(time_ps_);
    } else if (marker == options_.trace_markers->last) {
      close();
    }
  }

 private:
  static constexpr uint64_t kHalfCyclePs = 500;
  static constexpr uint64_t kResetStepPs = 10;  // of its few evaluations

  void open() {
    trace_.open(options_.trace.c_str());
    if (!trace_.isOpen()) throw UsageError(options_.trace + ": cannot be written");
    was_open_ = true;
  }

  void close() {
    if (trace_.isOpen()) trace_.close();
  }

  const Options& options_;
  VerilatedFstC trace_;
  uint64_t time_ps_ = 0;
  bool in_reset_ = true;
  bool was_open_ = false;
};

#else

class TraceWindow {
 public:
  TraceWindow(const Options&, VerilatedContext&) {}
  void attach(Vsim_top&) {}
  void evaluated() {}
  void start(uint64_t) {}
  void before_cycle(uint64_t) {}
  void on_marker(uint32_t) {}
};

#endif

}  // namespace heepstor::simulator
