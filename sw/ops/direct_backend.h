#pragma once

#include "ops/gemm.h"

namespace heepstor::ops {

// The matrix product on the systolic array, the CPU moving the data.
//
// As many rows as the array has accumulator rows are worked on at a time, so that all K tiles of a
// tile of columns meet in the accumulators and no partial sum ever comes back to the CPU before it
// is complete.
template <class Array>
struct DirectBackend {
  static constexpr uint32_t kSize = Array::kSize;

  static Status gemm(const Gemm& gemm) {
    for (uint32_t row = 0; row < gemm.rows; row += Array::kAccumulatorRows) {
      const uint32_t rows = min(Array::kAccumulatorRows, gemm.rows - row);
      for (uint32_t column = 0; column < gemm.columns; column += kSize) {
        const Status status = accumulate(gemm, row, rows, column);
        if (status != Status::kOk) {
          return status;
        }
        collect(gemm, row, rows, column, min(kSize, gemm.columns - column));
      }
    }
    return Array::finish();
  }

 private:
  // Streams all K tiles of one tile of columns into accumulator rows 0 .. rows-1.
  static Status accumulate(const Gemm& gemm, uint32_t row, uint32_t rows, uint32_t column) {
    const int8_t* tile = gemm.weights.packed + column * gemm.depth;
    const float* a = gemm.a + row * gemm.a_stride;
    uint32_t bank = 0;
    for (uint32_t k = 0; k < gemm.depth; k += kSize) {
      const uint32_t lanes = min(kSize, gemm.depth - k);
      // The other bank than the last tile's: its weights go in while the last steps are still in
      // flight.
      Status status = Array::load_weights(bank, tile + k * kSize, lanes);
      if (status == Status::kOk) {
        status = Array::select({/*row=*/0, bank, /*first=*/k == 0});
      }
      if (status == Status::kOk) {
        status = Array::stream(a + k, gemm.a_stride, rows, lanes);
      }
      if (status != Status::kOk) {
        return status;
      }
      bank ^= 1;
    }
    return Status::kOk;
  }

  // Reads the sums of `columns` columns and writes the results.
  static void collect(const Gemm& gemm, uint32_t row, uint32_t rows, uint32_t column,
                      uint32_t columns) {
    uint32_t done = 0;
    for (; done + 4 <= columns; done += 4) {
      collect_columns<4>(gemm, row, rows, column, done);
    }
    for (; done < columns; ++done) {
      collect_columns<1>(gemm, row, rows, column, done);
    }
  }

  // Some columns at a time, so that their scales and biases stay in registers.
  template <uint32_t kColumns>
  static void collect_columns(const Gemm& gemm, uint32_t row, uint32_t rows, uint32_t column,
                              uint32_t offset) {
    float scale[kColumns];
    float bias[kColumns];
#pragma GCC unroll 4
    for (uint32_t n = 0; n < kColumns; ++n) {
      scale[n] = gemm.weights.scale[column + offset + n];
      bias[n] = gemm.weights.bias[column + offset + n];
    }
    float* c = gemm.c + row * gemm.c_stride + column + offset;
    for (uint32_t m = 0; m < rows; ++m, c += gemm.c_stride) {
#pragma GCC unroll 4
      for (uint32_t n = 0; n < kColumns; ++n) {
        c[n] = epilogue(Array::sum(m, offset + n), scale[n], bias[n], gemm.relu);
      }
    }
  }
};

}  // namespace heepstor::ops
