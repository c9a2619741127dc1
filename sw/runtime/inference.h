#pragma once

#include <stdint.h>

#include "hal/cycles.h"
#include "hal/status.h"
#include "runtime/span.h"

namespace heepstor::runtime {

// What the generated code says about a layer.
struct Layer {
  const char* name;
  Span<float> output;
  uint32_t expected_hash;  // FNV-1a over the output's words
};

// What the inference found out about it.
struct LayerResult {
  uint64_t cycles;
  uint32_t hash;
};

struct Model {
  const char* project;
  const char* backend;
  Span<const Layer> layers;
  Span<LayerResult> results;  // as many as layers
  uint32_t output_rows;       // the batch: the last layer's output is (output_rows, classes)
  int32_t expected_class;     // of the first row; -1 where nobody knows
};

// Defined by the generated code.
extern const Model kModel;
void infer();

// Brackets of the timed region, called by `run_layer` alone.
void begin_layer(uint32_t index);
void end_layer(uint32_t index, uint64_t cycles, hal::Status status);

// Runs one layer. The cycles are those of the operator alone: the markers, the hash and the checks
// lie outside the two readings of the counter.
template <class Operator>
void run_layer(uint32_t index, Operator compute) {
  begin_layer(index);
  const uint64_t start = hal::cycles();
  const hal::Status status = compute();
  const uint64_t cycles = hal::cycles() - start;
  end_layer(index, cycles, status);
}

}  // namespace heepstor::runtime
