#pragma once

#include <stdint.h>

#include "hal/status.h"

namespace heepstor::ops {

using hal::Status;

// Weights of a layer, with one scale and one bias for each output channel.
//
// `packed` is int8 [groups][ceil(N / S)][K][S], S being the size of the array: row k of a tile is S
// consecutive bytes, so a K tile is one run of words for either back-end. Columns beyond N are 0.
// It must be aligned to a word.
struct Weights {
  const int8_t* packed;
  const float* scale;
  const float* bias;
};

// Where the activations lie that make the M x K matrix A. They are read in place: a convolution
// without padding is a product whose matrix exists only as these strides.
//
// Rows of A: row m is row `m % line` of line `m / line`. Columns of A, within a row: `bands` bands
// of `runs` runs of `run` neighbouring floats. All strides are in floats.
struct Activations {
  const float* data;
  uint32_t line;
  uint32_t row_stride;
  uint32_t line_stride;
  uint32_t bands;
  uint32_t band_stride;
  uint32_t runs;
  uint32_t run_stride;
  uint32_t run;

  constexpr uint32_t depth() const { return bands * runs * run; }  // K
};

// A matrix that exists, its rows `stride` floats apart.
constexpr Activations matrix(const float* data, uint32_t rows, uint32_t columns, uint32_t stride) {
  return {data, rows, stride, 0, 1, 0, 1, 0, columns};
}

// C[M, N] = epilogue(A[M, K] * W[K, N]), in the order of docs/numerics.md. Rows of C are `c_stride`
// floats apart.
struct Gemm {
  uint32_t rows;     // M
  uint32_t columns;  // N
  Activations a;
  Weights weights;
  float* c;
  uint32_t c_stride;
  bool relu;
};

// A back-end is a type with
//   static constexpr uint32_t kSize;       S, the width of a packed tile
//   static Status gemm(const Gemm& gemm);
// See software_backend.h and direct_backend.h. Both give the same bits.

// `y` if it is positive or NaN, else +0. (`y <= 0` is false for NaN and true for -0.)
inline float relu(float y) {
  return y <= 0.0f ? 0.0f : y;
}

// What follows the sum of an output element. Three roundings at most; the compiler may not fuse
// them.
inline float epilogue(float sum, float scale, float bias, bool with_relu) {
  const float y = sum * scale + bias;
  return with_relu ? relu(y) : y;
}

constexpr uint32_t min(uint32_t a, uint32_t b) {
  return a < b ? a : b;
}

constexpr uint32_t divide_up(uint32_t a, uint32_t b) {
  return (a + b - 1) / b;
}

}  // namespace heepstor::ops
