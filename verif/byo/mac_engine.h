#pragma once

#include <stdint.h>

#include "hal/status.h"
#include "ops/gemm.h"

namespace heepstor::byo {

using hal::Status;

// Driver of mac_engine.sv. The engine lets accesses wait where they must, so no call waits for
// another.
template <class Bus, uint32_t kBase>
class MacEngine {
 public:
  static constexpr uint32_t kSize = 4;  // columns
  static constexpr uint32_t kId = 0x4D414331;

  static uint32_t id() { return Bus::read(kBase + kIdOffset); }

  // Sets all sums to +0.
  static void clear() { Bus::write(kBase + kCtrlOffset, 1); }

  // `weights` are those of the kSize columns, aligned to a word.
  static void set_weights(const int8_t* weights) {
    uint32_t word;
    __builtin_memcpy(&word, __builtin_assume_aligned(weights, 4), sizeof(word));
    Bus::write(kBase + kWeightsOffset, word);
  }

  // Adds to each sum the product of the activation with the weight of its column.
  static void step(float activation) { Bus::write_float(kBase + kActivationOffset, activation); }

  static float sum(uint32_t column) { return Bus::read_float(kBase + kSumsOffset + 4 * column); }

  // kFailed if the engine has refused an access since `clear_errors()`.
  static Status finish() {
    return (Bus::read(kBase + kStatusOffset) & kErrors) == 0 ? Status::kOk : Status::kFailed;
  }

  static void clear_errors() { Bus::write(kBase + kStatusOffset, kErrors); }

 private:
  static constexpr uint32_t kIdOffset = 0x00;
  static constexpr uint32_t kCtrlOffset = 0x04;
  static constexpr uint32_t kStatusOffset = 0x08;
  static constexpr uint32_t kWeightsOffset = 0x0C;
  static constexpr uint32_t kActivationOffset = 0x10;
  static constexpr uint32_t kSumsOffset = 0x20;
  static constexpr uint32_t kErrors = 1u << 8;
};

// The back-end: an output row and a tile of columns at a time, k in its order.
template <class Engine>
struct MacBackend {
  static constexpr uint32_t kSize = Engine::kSize;

  static Status gemm(const ops::Gemm& gemm) {
    if (Engine::id() != Engine::kId) {
      return Status::kRefused;
    }
    for (uint32_t row = 0; row < gemm.rows; ++row) {
      for (uint32_t column = 0; column < gemm.columns; column += kSize) {
        accumulate(gemm, row, column);
        collect(gemm, row, column);
      }
    }
    return Engine::finish();
  }

 private:
  static void accumulate(const ops::Gemm& gemm, uint32_t row, uint32_t column) {
    const ops::Activations& a = gemm.a;
    const float* start = a.data + row / a.line * a.line_stride + row % a.line * a.row_stride;
    const int8_t* weights = gemm.weights.packed + column * a.depth();
    Engine::clear();
    for (uint32_t band = 0; band < a.bands; ++band) {
      for (uint32_t run = 0; run < a.runs; ++run) {
        const float* activation = start + band * a.band_stride + run * a.run_stride;
        for (uint32_t k = 0; k < a.run; ++k, weights += kSize) {
          Engine::set_weights(weights);
          Engine::step(activation[k]);
        }
      }
    }
  }

  static void collect(const ops::Gemm& gemm, uint32_t row, uint32_t column) {
    const ops::Weights& w = gemm.weights;
    float* c = gemm.c + row * gemm.c_stride;
    const uint32_t end = ops::min(column + kSize, gemm.columns);
    for (uint32_t n = column; n < end; ++n) {
      c[n] = ops::epilogue(Engine::sum(n - column), w.scale[n], w.bias[n], gemm.relu);
    }
  }
};

}  // namespace heepstor::byo
