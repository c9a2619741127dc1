// The simulator's main program: loads an ELF into the Verilated SoC, runs it until it ends, and
// writes down what happened.
//
// Three streams: the firmware's UART goes to standard output (or a file), progress to standard
// error as one JSON object per line, the outcome to the result file as JSON. Exit status 0 means
// that the result file is complete, whatever the firmware did; 2 means that nothing was simulated,
// with the reason on standard error.

#include <chrono>
#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

#include "options.h"
#include "simulation.h"
#include "usage_error.h"
#include "verilated.h"

namespace heepstor::simulator {
namespace {

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

  if (options.uart_input) std::setvbuf(uart, nullptr, _IONBF, 0);  // a prompt ends no line

  VerilatedContext context;
  context.commandArgs(argc, argv);
  Simulation simulation(options, context, uart);

  const auto wall_start = std::chrono::steady_clock::now();
  const double cpu_start = cpu_seconds();
  const Reason reason = simulation.run();
  const double cpu_s = cpu_seconds() - cpu_start;
  const double wall_s =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - wall_start).count();

  simulation.write_profile();
  std::fflush(uart);
  if (!options.uart.empty()) std::fclose(uart);
  if (!options.result.empty()) {
    write_result(options.result, result_json(simulation, reason, wall_s, cpu_s));
  }
}

}  // namespace
}  // namespace heepstor::simulator

int main(int argc, char** argv) {
  try {
    heepstor::simulator::simulate(argc, argv);
  } catch (const heepstor::simulator::UsageError& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
  return 0;
}
