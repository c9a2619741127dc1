// The simulator's command line.

#pragma once

#include <cstdint>
#include <exception>
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

struct Options {
  std::string elf;
  std::string result;  // file; none if empty
  std::string uart;    // file; standard output if empty
  std::string trace;   // file; no trace if empty
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
    if (i + 1 == argc) throw UsageError(name + " needs a value");
    const std::string value = argv[++i];
    if (name == "--result") {
      options.result = value;
    } else if (name == "--uart") {
      options.uart = value;
    } else if (name == "--trace") {
      options.trace = value;
    } else if (name == "--cycle-limit") {
      options.cycle_limit = parse_number(value, name);
    } else if (name == "--progress-ms") {
      options.progress_seconds = static_cast<double>(parse_number(value, name)) / 1000.0;
    } else if (name == "--dump") {
      options.dumps.push_back(parse_dump(value));
    } else {
      throw UsageError(name + " is unknown; accepted: --result FILE, --uart FILE, --trace FILE, " +
                       "--cycle-limit N, --progress-ms N, --dump MARKER:ADDRESS:BYTES:FILE");
    }
  }
  if (options.elf.empty()) throw UsageError("no ELF file given");
  return options;
}

}  // namespace heepstor::simulator
