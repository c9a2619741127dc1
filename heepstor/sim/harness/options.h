// The simulator's command line.

#pragma once

#include <cstdint>
#include <exception>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "heepstor_cfg.h"
#include "usage_error.h"

namespace heepstor::simulator {

// Write `bytes` bytes of memory from `address` to `file` when the firmware writes `marker`.
struct Dump {
  uint32_t marker;
  uint32_t address;
  uint32_t bytes;
  std::string file;
};

// From `first` to `last`, both included.
struct Range {
  uint64_t first;
  uint64_t last;
};

struct Options {
  std::string elf;                     // none if empty: a debugger loads it
  std::string result;                  // file; none if empty
  std::string uart;                    // file; standard output if empty
  bool uart_input = false;             // whether standard input is typed on the serial line
  std::string trace;                   // file; no trace if empty
  std::optional<Range> trace_cycles;   // trace these alone
  std::optional<Range> trace_markers;  // trace from a marker to another alone
  std::string checkpoint;              // file to write when the firmware writes `checkpoint_marker`
  uint32_t checkpoint_marker = 0;
  std::string resume;                 // checkpoint to go on from; from reset if empty
  std::string profile;                // file; no profile if empty
  std::optional<uint16_t> jtag_port;  // where a debugger is waited for; 0: one that is free
  uint64_t cycle_limit = 2'000'000'000;
  double progress_seconds = 1.0;
  std::vector<Dump> dumps;
};

inline uint64_t parse_number(const std::string& text, const std::string& what) {
  size_t used = 0;
  uint64_t value = 0;
  try {
    value = std::stoull(text, &used, 0);
  } catch (const std::exception&) {
    used = 0;
  }
  if (used == 0 || used != text.size() || text[0] == '-') {
    throw UsageError(what + " is '" + text + "'; it must be a number");
  }
  return value;
}

inline uint16_t parse_port(const std::string& text, const std::string& what) {
  const uint64_t port = parse_number(text, what);
  if (port > UINT16_MAX) throw UsageError(what + " is " + text + "; a port is 65535 at most");
  return static_cast<uint16_t>(port);
}

inline Dump parse_dump(const std::string& text) {
  std::vector<std::string> parts;
  std::stringstream stream(text);
  std::string part;
  while (parts.size() < 3 && std::getline(stream, part, ':')) parts.push_back(part);
  std::getline(stream, part, '\0');
  if (parts.size() < 3 || part.empty()) {
    throw UsageError("--dump " + text + ": accepted is MARKER:ADDRESS:BYTES:FILE");
  }
  uint64_t numbers[3];
  for (int i = 0; i < 3; ++i) numbers[i] = parse_number(parts[i], "--dump " + text);
  if (numbers[0] > UINT32_MAX || numbers[1] + numbers[2] > cfg::kMemoryBytes) {
    throw UsageError("--dump " + text + ": beyond the memory of " +
                     std::to_string(cfg::kMemoryBytes) + " bytes");
  }
  return {static_cast<uint32_t>(numbers[0]), static_cast<uint32_t>(numbers[1]),
          static_cast<uint32_t>(numbers[2]), part};
}

inline Range parse_range(const std::string& text, const std::string& what) {
  const size_t colon = text.find(':');
  if (colon == std::string::npos) throw UsageError(what + " " + text + ": accepted is FIRST:LAST");
  return {parse_number(text.substr(0, colon), what), parse_number(text.substr(colon + 1), what)};
}

inline Options parse_options(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name.rfind("+verilator+", 0) == 0) continue;  // read by Verilator itself
    if (name.rfind("--", 0) != 0) {
      if (!options.elf.empty()) throw UsageError("two ELF files given; accepted is one");
      options.elf = name;
      continue;
    }
    if (name == "--uart-input") {
      options.uart_input = true;
      continue;
    }
    if (i + 1 == argc) throw UsageError(name + " needs a value");
    const std::string value = argv[++i];
    if (name == "--result") {
      options.result = value;
    } else if (name == "--uart") {
      options.uart = value;
    } else if (name == "--trace") {
      options.trace = value;
    } else if (name == "--trace-cycles") {
      options.trace_cycles = parse_range(value, name);
    } else if (name == "--trace-markers") {
      options.trace_markers = parse_range(value, name);
    } else if (name == "--checkpoint") {
      options.checkpoint = value;
    } else if (name == "--checkpoint-marker") {
      options.checkpoint_marker = static_cast<uint32_t>(parse_number(value, name));
    } else if (name == "--resume") {
      options.resume = value;
    } else if (name == "--profile") {
      options.profile = value;
    } else if (name == "--cycle-limit") {
      options.cycle_limit = parse_number(value, name);
    } else if (name == "--progress-ms") {
      options.progress_seconds = static_cast<double>(parse_number(value, name)) / 1000.0;
    } else if (name == "--jtag") {
      options.jtag_port = parse_port(value, name);
    } else if (name == "--dump") {
      options.dumps.push_back(parse_dump(value));
    } else {
      throw UsageError(
          name + " is unknown; accepted: --result FILE, --uart FILE, --uart-input, --trace FILE, " +
          "--trace-cycles FIRST:LAST, --trace-markers FIRST:LAST, --checkpoint FILE, " +
          "--checkpoint-marker N, --resume FILE, --profile FILE, --cycle-limit N, " +
          "--progress-ms N, --jtag PORT, --dump MARKER:ADDRESS:BYTES:FILE");
    }
  }
  if (options.elf.empty() && !options.jtag_port) {
    throw UsageError("no ELF file given, and no --jtag PORT through which one could come");
  }
  if (options.jtag_port && (!options.checkpoint.empty() || !options.resume.empty())) {
    throw UsageError("--jtag: what a debugger does is in no checkpoint");
  }
  if (options.uart_input && (!options.checkpoint.empty() || !options.resume.empty())) {
    throw UsageError("--uart-input: what is typed is in no checkpoint");
  }
#if !HEEPSTOR_INSTRUMENTED
  if (!options.trace.empty() || !options.checkpoint.empty() || !options.resume.empty()) {
    throw UsageError("--trace, --checkpoint, --resume: this simulator was built without them");
  }
#endif
  if (!options.resume.empty() && !options.profile.empty()) {
    throw UsageError("--resume and --profile: a profile needs the calls from reset on");
  }
  return options;
}

}  // namespace heepstor::simulator
