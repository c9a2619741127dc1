#pragma once

#include "ops/gemm.h"

namespace heepstor::ops {

// The matrix product on the systolic array, the CPU moving the data.
//
// As many rows as the array has accumulator rows are worked on at a time, so that all K tiles of a
// tile of columns meet in the accumulators and no partial sum ever comes back to the CPU before it
// is complete. A K tile never reaches beyond a run of the activations; how K is tiled does not
// change the bits.
template <class Array>
struct DirectBackend {
  static constexpr uint32_t kSize = Array::kSize;

  // Not inlined: its frame would add to its caller's.
  [[gnu::noinline]] static Status gemm(const Gemm& gemm) {
    for (uint32_t row = 0; row < gemm.rows; row += Array::kAccumulatorRows) {
      const uint32_t rows = min(Array::kAccumulatorRows, gemm.rows - row);
      for (uint32_t column = 0; column < gemm.columns; column += kSize) {
        const Status status = accumulate(gemm, row, rows, column);
        if (status != Status::kOk) {
          return status;
        }
        collect(gemm, row, rows, column);
      }
    }
    return Array::finish();
  }

 private:
  // Streams all K tiles of the tile of columns at `column` into accumulator rows 0 .. rows-1.
  static Status accumulate(const Gemm& gemm, uint32_t row, uint32_t rows, uint32_t column) {
    const Activations& a = gemm.a;
    const uint32_t line = row / a.line;
    const uint32_t in_line = row % a.line;
    const float* block = a.data + line * a.line_stride;
    const int8_t* tile = gemm.weights.packed + column * a.depth();
    typename Array::Tile target{/*row=*/0, /*bank=*/0, /*first=*/true};
    for (uint32_t band = 0; band < a.bands; ++band) {
      for (uint32_t run = 0; run < a.runs; ++run) {
        const float* start = block + band * a.band_stride + run * a.run_stride;
        for (uint32_t k = 0; k < a.run; k += kSize) {
          const uint32_t lanes = min(kSize, a.run - k);
          Status status = Array::load_weights(target.bank, tile, lanes);
          if (status == Status::kOk) {
            status = Array::select(target);
          }
          if (status == Status::kOk) {
            status = stream(a, start + k, in_line, rows, lanes);
          }
          if (status != Status::kOk) {
            return status;
          }
          tile += lanes * kSize;
          target.first = false;
          // The other bank next: its weights go in while the last steps of this one are still in
          // flight.
          target.bank ^= 1;
        }
      }
    }
    return Status::kOk;
  }

  // Launches a step for each of `rows` rows of A, from row `in_line` of the line at `line` on.
  static Status stream(const Activations& a, const float* line, uint32_t in_line, uint32_t rows,
                       uint32_t lanes) {
    while (rows > 0) {
      const uint32_t count = min(rows, a.line - in_line);
      const Status status =
          Array::stream(line + in_line * a.row_stride, a.row_stride, count, lanes);
      if (status != Status::kOk) {
        return status;
      }
      rows -= count;
      in_line = 0;
      line += a.line_stride;
    }
    return Status::kOk;
  }

  // Turns the sums of the tile of columns at `column` into results.
  static void collect(const Gemm& gemm, uint32_t row, uint32_t rows, uint32_t column) {
    const uint32_t columns = min(kSize, gemm.columns - column);
    uint32_t done = 0;
    for (; done + 4 <= columns; done += 4) {
      collect_columns<4>(gemm, row, rows, column, done);
    }
    for (; done < columns; ++done) {
      collect_columns<1>(gemm, row, rows, column, done);
    }
  }

  // Some columns at a time: their scales and biases stay in registers, and the CPU has the next
  // sums under way while it waits for the first.
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
      float sum[kColumns];
#pragma GCC unroll 4
      for (uint32_t n = 0; n < kColumns; ++n) {
        sum[n] = Array::sum(m, offset + n);
      }
#pragma GCC unroll 4
      for (uint32_t n = 0; n < kColumns; ++n) {
        c[n] = epilogue(sum[n], scale[n], bias[n], gemm.relu);
      }
    }
  }
};

}  // namespace heepstor::ops
