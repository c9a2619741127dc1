#pragma once

#include "ops/gemm.h"
#include "ops/shapes.h"
#include "runtime/span.h"

namespace heepstor::ops {

// Not in place. The output's shape says how many windows there are; whatever part of a window lies
// outside the input takes no part.
struct MaxPool2d {
  Shape input;
  Shape output;
  Window window;
  bool relu;

  constexpr bool valid() const {
    return window.valid() && input.elements() > 0 && output.elements() > 0 &&
           input.channels == output.channels;
  }
};

// The taps of a window along one axis that lie inside the input: `count` of them, the first at
// `first`.
struct Taps {
  uint32_t first;
  uint32_t count;
};

inline Taps taps_inside(uint32_t output, uint32_t stride, uint32_t padding, uint32_t dilation,
                        uint32_t kernel, uint32_t size) {
  const uint32_t start = output * stride;
  const uint32_t skipped = start < padding ? min(kernel, divide_up(padding - start, dilation)) : 0;
  // Not negative: every tap that is skipped lies before the input.
  const uint32_t first = start + skipped * dilation - padding;
  if (skipped == kernel || first >= size) {
    return {0, 0};
  }
  return {first, min(kernel - skipped, divide_up(size - first, dilation))};
}

// The largest tap of one channel, row by row; a NaN replaces anything and stays, as in PyTorch.
inline float largest(const float* row, Taps rows, Taps columns, uint32_t row_step,
                     uint32_t column_step) {
  float best = -__builtin_inff();
  for (uint32_t i = 0; i < rows.count; ++i, row += row_step) {
    const float* tap = row;
    for (uint32_t j = 0; j < columns.count; ++j, tap += column_step) {
      const float value = *tap;
      if (value > best || value != value) {
        best = value;
      }
    }
  }
  return best;
}

inline Status max_pool2d(const MaxPool2d& layer, Span<const float> input, Span<float> output) {
  HEEPSTOR_CHECK(input.size() == layer.input.elements());
  HEEPSTOR_CHECK(output.size() == layer.output.elements());
  const Shape& in = layer.input;
  const Window& w = layer.window;
  const uint32_t row_step = w.dilation.rows * in.width * in.channels;
  const uint32_t column_step = w.dilation.columns * in.channels;
  float* result = output.data();
  for (uint32_t y = 0; y < layer.output.height; ++y) {
    const Taps rows =
        taps_inside(y, w.stride.rows, w.padding.rows, w.dilation.rows, w.kernel.rows, in.height);
    for (uint32_t x = 0; x < layer.output.width; ++x) {
      const Taps columns = taps_inside(x, w.stride.columns, w.padding.columns, w.dilation.columns,
                                       w.kernel.columns, in.width);
      const float* first = input.data() + (rows.first * in.width + columns.first) * in.channels;
      for (uint32_t c = 0; c < in.channels; ++c) {
        const float y_max = largest(first + c, rows, columns, row_step, column_step);
        *result++ = layer.relu ? relu(y_max) : y_max;
      }
    }
  }
  return Status::kOk;
}

}  // namespace heepstor::ops
