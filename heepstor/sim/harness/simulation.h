// The SoC in operation: clock, reset, markers, and how a run ends.

#pragma once

#include <algorithm>
#include <chrono>
#include <cinttypes>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <vector>

#include "Vsim_top.h"
#include "Vsim_top__Dpi.h"
#include "elf_loader.h"
#include "memory.h"
#include "options.h"
#include "svdpi.h"
#include "uart_receiver.h"
#include "usage_error.h"
#include "verilated.h"
#if VM_TRACE_FST
#include "verilated_fst_c.h"
#endif

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
      : options_(options), context_(context), top_(&context), uart_(uart_output) {
    open_trace();
    reset();
    load_elf(options.elf, memory_);
  }

  ~Simulation() {
    top_.final();
#if VM_TRACE_FST
    trace_.close();
#endif
  }

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
    svSetScope(svGetScopeFromName("TOP.sim_top"));
    return sim_program_counter();
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
    const uint64_t end = std::min(cycle_ + kChunk, options_.cycle_limit);
    while (cycle_ < end) {
      clock();
      ++cycle_;
      uart_.sample(top_.uart_tx_o);
      if (top_.marker_valid_o) on_marker(top_.marker_o);
      if (top_.exit_valid_o) {
        receive_last_character();
        return Reason::kExit;
      }
    }
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
#if VM_TRACE_FST
    if (trace_.isOpen()) trace_.dump(context_.time());
    context_.timeInc(1);
#endif
  }

  void open_trace() {
    if (options_.trace.empty()) return;
#if VM_TRACE_FST
    context_.traceEverOn(true);
    top_.trace(&trace_, 99);
    trace_.open(options_.trace.c_str());
#else
    throw UsageError("--trace: this simulator was built without tracing");
#endif
  }

  bool sleeps_for_ever() const {
    if (!top_.sleeping_o) return false;
    svSetScope(svGetScopeFromName("TOP.sim_top"));
    return sim_enabled_interrupts() == 0;
  }

  void on_marker(uint32_t value) {
    markers_.push_back({cycle_, value});
    for (const Dump& dump : options_.dumps) {
      if (dump.marker == value) write_dump(dump);
    }
  }

  void write_dump(const Dump& dump) {
    const Bytes data = memory_.read(dump.address, dump.bytes);
    std::ofstream file(dump.file, std::ios::binary);
    file.write(reinterpret_cast<const char*>(data.data()),
               static_cast<std::streamsize>(data.size()));
    file.close();
    if (!file) throw std::runtime_error(dump.file + ": cannot be written");
  }

  void report_progress(double cycles_per_second) const {
    const uint32_t marker = markers_.empty() ? 0 : markers_.back().value;
    std::fprintf(stderr,
                 "{\"cycles\": %" PRIu64 ", \"cycles_per_s\": %.0f, \"marker\": %" PRIu32 "}\n",
                 cycle_, cycles_per_second, marker);
    std::fflush(stderr);
  }

  const Options& options_;
  VerilatedContext& context_;
#if VM_TRACE_FST
  VerilatedFstC trace_;
#endif
  Vsim_top top_;
  Memory memory_;
  UartReceiver uart_;
  uint64_t cycle_ = 0;  // rising edges since reset
  std::vector<Marker> markers_;
};

}  // namespace heepstor::simulator
