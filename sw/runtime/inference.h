#pragma once

#include <stdint.h>

#include "hal/status.h"
#include "runtime/backends.h"
#include "runtime/span.h"

namespace heepstor::runtime {

// What the generated code says about a layer.
struct Layer {
  const char* name;
  Span<float> output;
  uint32_t expected_hash;  // FNV-1a over the output's words
  bool streamed = false;   // computed by jobs of the array
};

// What the inference found out about it.
struct LayerResult {
  uint64_t cycles;
  uint32_t hash;
  Stream::Counters counters;  // of a streamed layer
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

// Cycles since main() began. (The CPU's own counter stands still while the CPU sleeps.)
uint64_t cycles();

// Runs one layer. The cycles are those of the operator alone: the markers, the hash and the checks
// lie outside the two readings of the counter.
template <class Operator>
void run_layer(uint32_t index, Operator compute) {
  begin_layer(index);
  const uint64_t start = cycles();
  const hal::Status status = compute();
  end_layer(index, cycles() - start, status);
}

}  // namespace heepstor::runtime
