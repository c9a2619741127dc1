// Simulates sa_core for a number of cycles, with a step in every one of them or with none.
#include <verilated.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "Vsa_core.h"

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: %s busy|idle CYCLES SIZE ROWS\n", argv[0]);
    return 2;
  }
  const bool busy = std::string_view(argv[1]) == "busy";
  const uint64_t cycles = std::strtoull(argv[2], nullptr, 0);
  const unsigned size = std::atoi(argv[3]);  // of the array, as it was built
  const unsigned rows = std::atoi(argv[4]);  // of the accumulators; more than a step takes cycles
  const auto dut = std::make_unique<Vsa_core>();
  const auto cycle = [&] {
    dut->clk_i = 1;
    dut->eval();
    dut->clk_i = 0;
    dut->eval();
  };
  dut->rst_ni = 1;
  dut->eval();
  dut->rst_ni = 0;
  dut->eval();
  dut->rst_ni = 1;
  cycle();

  // Activations near 1 and weights of all kinds, so that sums neither vanish nor overflow at once.
  uint32_t random = 1;
  const auto draw = [&] { return random = random * 1664525 + 1013904223; };
  const uint64_t all = (uint64_t{1} << size) - 1;
  dut->weight_enable_i = all;
  // A port of 8 * size bits is an integer or an array of them, as wide as it must be.
  const auto weights = reinterpret_cast<uint8_t*>(&dut->weight_data_i);
  for (unsigned row = 0; row < size; row++) {
    dut->weight_valid_i = 1;
    dut->weight_row_i = row;
    for (unsigned column = 0; column < size; column++) weights[column] = draw() >> 24;
    cycle();
  }
  dut->weight_valid_i = 0;

  dut->step_valid_i = busy;
  dut->step_first_i = 1;
  dut->step_lanes_i = all;
  for (uint64_t i = 0; i < cycles; i++) {
    dut->step_row_i = i % rows;
    if (busy) {
      for (unsigned k = 0; k < size; k++) dut->step_activations_i[k] = 0x3F000000 | draw() >> 8;
    }
    cycle();
  }
  return dut->busy_o == busy ? 0 : 1;
}
