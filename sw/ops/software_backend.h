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

  static Status gemm(const Gemm& gemm) {
    uint32_t row = 0;
    for (; row + 4 <= gemm.rows; row += 4) {
      rows<4>(gemm, row);
    }
    for (; row < gemm.rows; ++row) {
      rows<1>(gemm, row);
    }
    finish(gemm);
    return Status::kOk;
  }

 private:
  template <uint32_t kRows>
  static void rows(const Gemm& gemm, uint32_t row) {
    uint32_t column = 0;
    for (; column + 4 <= gemm.columns; column += 4) {
      block<kRows, 4>(gemm, row, column);
    }
    for (; column < gemm.columns; ++column) {
      block<kRows, 1>(gemm, row, column);
    }
  }

  template <uint32_t kRows, uint32_t kColumns>
  static void block(const Gemm& gemm, uint32_t row, uint32_t column) {
    const float* a[kRows];
    float sum[kRows][kColumns];
#pragma GCC unroll 4
    for (uint32_t m = 0; m < kRows; ++m) {
      a[m] = gemm.a + (row + m) * gemm.a_stride;
#pragma GCC unroll 4
      for (uint32_t n = 0; n < kColumns; ++n) {
        sum[m][n] = 0.0f;
      }
    }
    const uint32_t in_tile = column % kSize;
    const int8_t* w = gemm.weights.packed + (column - in_tile) * gemm.depth + in_tile;
    for (uint32_t k = 0; k < gemm.depth; ++k, w += kSize) {
      float weight[kColumns];
#pragma GCC unroll 4
      for (uint32_t n = 0; n < kColumns; ++n) {
        weight[n] = static_cast<float>(w[n]);
      }
#pragma GCC unroll 4
      for (uint32_t m = 0; m < kRows; ++m) {
        const float activation = *a[m]++;
#pragma GCC unroll 4
        for (uint32_t n = 0; n < kColumns; ++n) {
          sum[m][n] = sum[m][n] + activation * weight[n];
        }
      }
    }
#pragma GCC unroll 4
    for (uint32_t m = 0; m < kRows; ++m) {
      float* c = gemm.c + (row + m) * gemm.c_stride + column;
#pragma GCC unroll 4
      for (uint32_t n = 0; n < kColumns; ++n) {
        c[n] = sum[m][n];
      }
    }
  }

  // Turns the sums in C into results. Apart from the sums' loop, whose registers it would take.
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
