// The SoC in operation: clock, reset, markers, and how a run ends.

#pragma once

#include <algorithm>
#include <chrono>
#include <cinttypes>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <vector>

#include "Vsim_top.h"
#include "Vsim_top__Dpi.h"
#include "checkpoint.h"
#include "debugger.h"
#include "dumps.h"
#include "elf_loader.h"
#include "memory.h"
#include "options.h"
#include "profiler.h"
#include "svdpi.h"
#include "trace_window.h"
#include "uart_receiver.h"
#include "uart_typist.h"
#include "usage_error.h"
#include "verilated.h"

namespace heepstor::simulator {

inline volatile std::sig_atomic_t stop_requested = 0;

inline void request_stop(int) {
  stop_requested = 1;
}

struct Marker {
  uint64_t cycle;
  uint32_t value;
};

// How the simulation ended; names as in the result file.
enum class Reason { kRunning, kExit, kCycleLimit, kSignal, kAsleep };

inline const char* name_of(Reason reason) {
  switch (reason) {
    case Reason::kRunning:
      return "running";
    case Reason::kExit:
      return "exit";
    case Reason::kCycleLimit:
      return "cycle_limit";
    case Reason::kSignal:
      return "signal";
    case Reason::kAsleep:
      return "asleep";
  }
  return "";
}

class Simulation {
 public:
  Simulation(const Options& options, VerilatedContext& context, std::FILE* uart_output)
      : options_(options),
        trace_(options, context),
        top_(&context),
        uart_(uart_output),
        dumps_(options.dumps) {
    trace_.attach(top_);
    if (options.jtag_port) debugger_.emplace(*options.jtag_port, scope_);
    top_.uart_rx_i = 1;  // idle
    if (options.uart_input) typist_.emplace(STDIN_FILENO);
    if (!options.profile.empty()) profiler_.emplace();
    if (options.resume.empty()) {
      reset();
      if (!options.elf.empty()) load_elf(options.elf, memory_);
      trace_.start(0);
    } else {
      resume();
    }
  }

  ~Simulation() { top_.final(); }

  Reason run() {
    auto reported = Clock::now();
    uint64_t reported_cycles = 0;
    Reason reason = Reason::kRunning;
    while (reason == Reason::kRunning) {
      reason = run_chunk();
      const auto now = Clock::now();
      const double elapsed = std::chrono::duration<double>(now - reported).count();
      if (elapsed >= options_.progress_seconds) {
        report_progress(static_cast<double>(cycle_ - reported_cycles) / elapsed);
        reported = now;
        reported_cycles = cycle_;
      }
    }
    return reason;
  }

  uint64_t cycles() const { return cycle_; }
  uint32_t exit_value() const { return top_.exit_value_o; }
  uint64_t uart_framing_errors() const { return uart_.framing_errors(); }
  const std::vector<Marker>& markers() const { return markers_; }

  uint32_t program_counter() const {
    svSetScope(scope_);
    return sim_program_counter();
  }

  void write_profile() {
    if (profiler_) profiler_->write(options_.profile);
  }

 private:
  using Clock = std::chrono::steady_clock;

  // Cycles between two looks at the clock, at signals, and at a CPU that may sleep for ever.
  static constexpr uint64_t kChunk = 16384;

  // `rst_ni` must fall: the CPU's gated flops take their reset from its edge (see heepstor_soc.sv).
  void reset() {
    top_.clk_i = 0;
    top_.rst_ni = 1;
    eval();
    top_.rst_ni = 0;
    eval();
    for (int i = 0; i < 8; ++i) clock();
    top_.rst_ni = 1;
    eval();
  }

  Reason run_chunk() {
    // Chunks begin where they do in every run, also in one that goes on from a checkpoint.
    const uint64_t end = std::min((cycle_ / kChunk + 1) * kChunk, options_.cycle_limit);
    while (cycle_ < end) {
      if (debugger_ && !debugger_->serve(cycle_)) break;
      // A UART that is not yet set up hears nothing: who types waits for the firmware's first word.
      if (typist_ && uart_.has_heard()) top_.uart_rx_i = typist_->line();
      trace_.before_cycle(cycle_ + 1);
      clock();
      ++cycle_;
      uart_.sample(top_.uart_tx_o);
      if (profiler_) profiler_->sample(cpu_step());
      if (top_.marker_valid_o) on_marker(top_.marker_o);
      if (top_.exit_valid_o) {
        receive_last_character();
        return Reason::kExit;
      }
    }
    if (typist_) typist_->listen();
    if (stop_requested) return Reason::kSignal;
    if (cycle_ >= options_.cycle_limit) return Reason::kCycleLimit;
    if (sleeps_for_ever()) return Reason::kAsleep;
    return Reason::kRunning;
  }

  // The UART says that it is idle when its last stop bit begins, so that a firmware that waits for
  // it ends with half a character on the line. These cycles do not count: it has ended.
  void receive_last_character() {
    while (uart_.busy()) {
      clock();
      uart_.sample(top_.uart_tx_o);
    }
  }

  void clock() {
    top_.clk_i = 1;
    eval();
    top_.clk_i = 0;
    eval();
  }

  void eval() {
    top_.eval();
    trace_.evaluated();
  }

  CpuStep cpu_step() const {
    svSetScope(scope_);
    CpuStep step;
    svBit retires, traps;
    sim_cpu_step(&retires, &step.pc, &step.next_pc, &step.instruction, &traps);
    step.retires = retires;
    step.traps = traps;
    step.sleeps = top_.sleeping_o;
    return step;
  }

  bool sleeps_for_ever() const {
    if (!top_.sleeping_o || (debugger_ && debugger_->in_use())) return false;
    svSetScope(scope_);
    return sim_enabled_interrupts() == 0;
  }

  void on_marker(uint32_t value) {
    markers_.push_back({cycle_, value});
    dumps_.on_marker(value, memory_);
    trace_.on_marker(value);
    if (profiler_) profiler_->on_marker(value);
    if (!options_.checkpoint.empty() && value == options_.checkpoint_marker) save();
  }

  void report_progress(double cycles_per_second) const {
    const uint32_t marker = markers_.empty() ? 0 : markers_.back().value;
    std::fprintf(stderr,
                 "{\"cycles\": %" PRIu64 ", \"cycles_per_s\": %.0f, \"marker\": %" PRIu32 "}\n",
                 cycle_, cycles_per_second, marker);
    std::fflush(stderr);
  }

  // Writes a checkpoint of this moment, the middle of a cycle in which a marker was written.
  void save() {
#if HEEPSTOR_INSTRUMENTED
    StateWriter state;
    state << cycle_ << static_cast<uint64_t>(markers_.size());
    for (const Marker& marker : markers_) state << marker.cycle << marker.value;
    uart_.save(state);
    dumps_.save(state);
    state << top_;
    CheckpointFile::write(options_.checkpoint, Identity::of_run(options_.elf), state.data());
#endif
  }

  // Takes the place of reset and of loading the image.
  void resume() {
#if HEEPSTOR_INSTRUMENTED
    StateReader state(CheckpointFile::read(options_.resume, Identity::of_run(options_.elf)));
    uint64_t markers = 0;
    state >> cycle_ >> markers;
    for (uint64_t i = 0; i < markers; ++i) {
      Marker marker{};
      state >> marker.cycle >> marker.value;
      markers_.push_back(marker);
    }
    uart_.restore(state);
    dumps_.restore(state);
    state >> top_;
    require_dumps();
    trace_.start(cycle_);
    trace_.on_marker(markers_.back().value);
#endif
  }

  void require_dumps() const {
    for (const Marker& marker : markers_) {
      if (dumps_.lacks(marker.value)) {
        throw UsageError(options_.resume + ": of a time after marker " + hex(marker.value) +
                         ", without what is to be dumped then");
      }
    }
  }

  const Options& options_;
  TraceWindow trace_;
  Vsim_top top_;
  svScope scope_ = svGetScopeFromName("TOP.sim_top");
  Memory memory_;
  UartReceiver uart_;
  std::optional<Debugger> debugger_;
  std::optional<UartTypist> typist_;
  std::optional<Profiler> profiler_;
  uint64_t cycle_ = 0;  // rising edges since reset
  std::vector<Marker> markers_;
  Dumps dumps_;
};

}  // namespace heepstor::simulator
