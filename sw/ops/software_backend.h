#pragma once

#include "ops/gemm.h"

namespace heepstor::ops {

// The matrix product on the CPU, reading the same packed weights as the array.
//
// Blocks of four rows by four columns keep sixteen sums in registers, so that a weight is converted
// once for four products. The order of each sum is that of docs/numerics.md: blocks change who is
// computed together, never the order of k.
template <uint32_t kTileColumns>
struct SoftwareBackend {
  static_assert(kTileColumns % 4 == 0, "a block of four columns lies within one packed tile");
  static constexpr uint32_t kSize = kTileColumns;

  // Not inlined: its frame would add to its caller's.
  [[gnu::noinline]] static Status gemm(const Gemm& gemm) {
    uint32_t row = 0;
    for (; row + 4 <= gemm.rows; row += 4) {
      multiply_rows<4>(gemm, row);
    }
    for (; row < gemm.rows; ++row) {
      multiply_rows<1>(gemm, row);
    }
    finish(gemm);
    return Status::kOk;
  }

 private:
  template <uint32_t kRows>
  static void multiply_rows(const Gemm& gemm, uint32_t row) {
    const float* start[kRows];
    for (uint32_t m = 0; m < kRows; ++m) {
      start[m] = gemm.a.data + (row + m) / gemm.a.line * gemm.a.line_stride +
                 (row + m) % gemm.a.line * gemm.a.row_stride;
    }
    float* c = gemm.c + row * gemm.c_stride;
    uint32_t column = 0;
    for (; column + 4 <= gemm.columns; column += 4) {
      multiply_block<kRows, 4>(gemm, start, column, c + column);
    }
    for (; column < gemm.columns; ++column) {
      multiply_block<kRows, 1>(gemm, start, column, c + column);
    }
  }

  // Leaves the sums of a block in C.
  template <uint32_t kRows, uint32_t kColumns>
  static void multiply_block(const Gemm& gemm, const float* const (&start)[kRows], uint32_t column,
                             float* c) {
    const Activations& a = gemm.a;
    const uint32_t in_tile = column % kSize;
    const int8_t* w = gemm.weights.packed + (column - in_tile) * a.depth() + in_tile;
    float sum[kRows][kColumns];
#pragma GCC unroll 4
    for (uint32_t m = 0; m < kRows; ++m) {
#pragma GCC unroll 4
      for (uint32_t n = 0; n < kColumns; ++n) {
        sum[m][n] = 0.0f;
      }
    }
    for (uint32_t band = 0; band < a.bands; ++band) {
      for (uint32_t run = 0; run < a.runs; ++run) {
        const uint32_t offset = band * a.band_stride + run * a.run_stride;
        const float* x[kRows];
#pragma GCC unroll 4
        for (uint32_t m = 0; m < kRows; ++m) {
          x[m] = start[m] + offset;
        }
        for (uint32_t k = 0; k < a.run; ++k, w += kSize) {
          multiply_step<kRows, kColumns>(x, w, sum);
        }
      }
    }
#pragma GCC unroll 4
    for (uint32_t m = 0; m < kRows; ++m, c += gemm.c_stride) {
#pragma GCC unroll 4
      for (uint32_t n = 0; n < kColumns; ++n) {
        c[n] = sum[m][n];
      }
    }
  }

  // One k for a whole block.
  template <uint32_t kRows, uint32_t kColumns>
  static void multiply_step(const float* (&x)[kRows], const int8_t* w,
                            float (&sum)[kRows][kColumns]) {
    float weight[kColumns];
#pragma GCC unroll 4
    for (uint32_t n = 0; n < kColumns; ++n) {
      weight[n] = static_cast<float>(w[n]);
    }
#pragma GCC unroll 4
    for (uint32_t m = 0; m < kRows; ++m) {
      const float activation = *x[m]++;
#pragma GCC unroll 4
      for (uint32_t n = 0; n < kColumns; ++n) {
        sum[m][n] = sum[m][n] + activation * weight[n];
      }
    }
  }

  // Turns the sums in C into results: apart from the loop over k, which needs all registers.
  static void finish(const Gemm& gemm) {
    float* c = gemm.c;
    for (uint32_t m = 0; m < gemm.rows; ++m, c += gemm.c_stride) {
      for (uint32_t n = 0; n < gemm.columns; ++n) {
        c[n] = epilogue(c[n], gemm.weights.scale[n], gemm.weights.bias[n], gemm.relu);
      }
    }
  }
};

}  // namespace heepstor::ops
