// The simulator's main program: loads an ELF into the Verilated SoC, runs it until it ends, and
// writes down what happened.
//
// Three streams: the firmware's UART goes to standard output (or a file), progress to standard
// error as one JSON object per line, the outcome to the result file as JSON. Exit status 0 means
// that the result file is complete, whatever the firmware did; 2 means that nothing was simulated,
// with the reason on standard error.

#include <elf.h>

#include <algorithm>
#include <chrono>
#include <cinttypes>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "Vsim_top.h"
#include "Vsim_top__Dpi.h"
#include "heepstor_cfg.h"
#include "svdpi.h"
#include "verilated.h"
#if VM_TRACE_FST
#include "verilated_fst_c.h"
#endif

namespace {

using Bytes = std::vector<uint8_t>;
namespace cfg = heepstor::cfg;

// The caller's fault: told in one line.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

std::string hex(uint32_t value) {
  char text[16];
  std::snprintf(text, sizeof text, "0x%08" PRIx32, value);
  return text;
}

////////////////////////////////////////////////////////////////////////////////////////////////////
// Options

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

uint64_t parse_number(const std::string& text, const std::string& what) {
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

Dump parse_dump(const std::string& text) {
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

Options parse_options(int argc, char** argv) {
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

////////////////////////////////////////////////////////////////////////////////////////////////////
// Memory, through the back door

class Memory {
 public:
  Memory() : top_(scope("TOP.sim_top")) {
    svSetScope(top_);
    for (uint32_t offset = 0; offset < cfg::kMemoryBytes; offset += 4) {
      const uint32_t bank = sim_ram_bank(offset);
      while (banks_.size() <= bank) {
        banks_.push_back(
            scope("TOP.sim_top.gen_banks[" + std::to_string(banks_.size()) + "].u_backdoor"));
      }
      places_.push_back({bank, sim_ram_row(offset)});
    }
  }

  void write(uint32_t address, const uint8_t* data, uint32_t size) {
    for (uint32_t i = 0; i < size; ++i) {
      const uint32_t shift = (address + i) % 4 * 8;
      const Place place = locate(address + i);
      const uint32_t kept = sim_peek(place.row) & ~(0xFFu << shift);
      sim_poke(place.row, kept | static_cast<uint32_t>(data[i]) << shift);
    }
  }

  Bytes read(uint32_t address, uint32_t size) const {
    Bytes data(size);
    for (uint32_t i = 0; i < size; ++i) {
      data[i] = static_cast<uint8_t>(sim_peek(locate(address + i).row) >> (address + i) % 4 * 8);
    }
    return data;
  }

 private:
  struct Place {
    uint32_t bank;
    uint32_t row;
  };

  static svScope scope(const std::string& name) {
    const svScope found = svGetScopeFromName(name.c_str());
    if (found == nullptr) throw std::logic_error("no scope " + name + " in the model");
    return found;
  }

  // Selects the bank of a byte for `sim_peek` and `sim_poke`.
  Place locate(uint32_t address) const {
    const Place place = places_.at(address / 4);
    svSetScope(banks_[place.bank]);
    return place;
  }

  svScope top_;
  std::vector<svScope> banks_;
  std::vector<Place> places_;  // of each word
};

////////////////////////////////////////////////////////////////////////////////////////////////////
// ELF

Bytes read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw UsageError(path + ": cannot be read");
  return Bytes(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

// Loads the segments of a 32-bit RISC-V ELF at their physical addresses. What a segment has beyond
// its file content (.bss) is left as it is: clearing it is the firmware's work.
void load_elf(const std::string& path, Memory& memory) {
  const Bytes image = read_file(path);
  Elf32_Ehdr header;
  if (image.size() < sizeof header) throw UsageError(path + ": too short for an ELF file");
  std::memcpy(&header, image.data(), sizeof header);
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS32 ||
      header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_machine != EM_RISCV ||
      header.e_phentsize != sizeof(Elf32_Phdr)) {
    throw UsageError(path + ": not a 32-bit little-endian RISC-V ELF file");
  }
  for (uint32_t i = 0; i < header.e_phnum; ++i) {
    const uint64_t position = uint64_t{header.e_phoff} + uint64_t{i} * sizeof(Elf32_Phdr);
    Elf32_Phdr segment;
    if (position + sizeof segment > image.size()) throw UsageError(path + ": truncated");
    std::memcpy(&segment, image.data() + position, sizeof segment);
    if (segment.p_type != PT_LOAD || segment.p_memsz == 0) continue;
    if (uint64_t{segment.p_paddr} + segment.p_memsz > cfg::kMemoryBytes ||
        segment.p_filesz > segment.p_memsz) {
      throw UsageError(path + ": segment at " + hex(segment.p_paddr) + " of " +
                       std::to_string(segment.p_memsz) + " bytes is outside the memory of " +
                       std::to_string(cfg::kMemoryBytes) + " bytes");
    }
    if (uint64_t{segment.p_offset} + segment.p_filesz > image.size()) {
      throw UsageError(path + ": truncated");
    }
    memory.write(segment.p_paddr, image.data() + segment.p_offset, segment.p_filesz);
  }
}

////////////////////////////////////////////////////////////////////////////////////////////////////
// UART

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

////////////////////////////////////////////////////////////////////////////////////////////////////
// The simulation

volatile std::sig_atomic_t stop_requested = 0;

void request_stop(int) {
  stop_requested = 1;
}

struct Marker {
  uint64_t cycle;
  uint32_t value;
};

// How the simulation ended; names as in the result file.
enum class Reason { kRunning, kExit, kCycleLimit, kSignal, kAsleep };

const char* name_of(Reason reason) {
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

double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

std::string result_json(const Simulation& simulation, Reason reason, double wall_s, double cpu_s) {
  const double cycles = static_cast<double>(simulation.cycles());
  std::ostringstream json;
  json << "{\n"
       << "  \"reason\": \"" << name_of(reason) << "\",\n"
       << "  \"exit_code\": ";
  if (reason == Reason::kExit) {
    json << simulation.exit_value();
  } else {
    json << "null";
  }
  json << ",\n"
       << "  \"pc\": " << simulation.program_counter() << ",\n"
       << "  \"cycles\": " << simulation.cycles() << ",\n"
       << "  \"wall_s\": " << wall_s << ",\n"
       << "  \"cpu_s\": " << cpu_s << ",\n"
       << "  \"cycles_per_s\": " << (wall_s > 0 ? cycles / wall_s : 0) << ",\n"
       << "  \"cycles_per_cpu_s\": " << (cpu_s > 0 ? cycles / cpu_s : 0) << ",\n"
       << "  \"uart_framing_errors\": " << simulation.uart_framing_errors() << ",\n"
       << "  \"markers\": [";
  const char* separator = "";
  for (const Marker& marker : simulation.markers()) {
    json << separator << "[" << marker.cycle << ", " << marker.value << "]";
    separator = ", ";
  }
  json << "]\n}\n";
  return json.str();
}

// All or nothing: the file appears by a rename.
void write_result(const std::string& path, const std::string& text) {
  const std::string temporary = path + ".tmp";
  std::ofstream file(temporary);
  file << text;
  file.close();
  if (!file || std::rename(temporary.c_str(), path.c_str()) != 0) {
    throw std::runtime_error(path + ": cannot be written");
  }
}

void simulate(int argc, char** argv) {
  const Options options = parse_options(argc, argv);
  std::signal(SIGINT, request_stop);
  std::signal(SIGTERM, request_stop);

  std::FILE* uart = stdout;
  if (!options.uart.empty()) {
    uart = std::fopen(options.uart.c_str(), "wb");
    if (uart == nullptr) throw UsageError(options.uart + ": cannot be written");
  }

  VerilatedContext context;
  context.commandArgs(argc, argv);
  Simulation simulation(options, context, uart);

  const auto wall_start = std::chrono::steady_clock::now();
  const double cpu_start = cpu_seconds();
  const Reason reason = simulation.run();
  const double cpu_s = cpu_seconds() - cpu_start;
  const double wall_s =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - wall_start).count();

  std::fflush(uart);
  if (!options.uart.empty()) std::fclose(uart);
  if (!options.result.empty()) {
    write_result(options.result, result_json(simulation, reason, wall_s, cpu_s));
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    simulate(argc, argv);
  } catch (const UsageError& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
  return 0;
}
