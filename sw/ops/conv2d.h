#pragma once

#include "ops/gemm.h"
#include "ops/shapes.h"
#include "runtime/span.h"

namespace heepstor::ops {

struct Conv2d {
  Shape input;
  Shape output;
  Window window;
  uint32_t groups;
  Weights weights;
  bool relu;

  constexpr uint32_t group_inputs() const { return input.channels / groups; }
  constexpr uint32_t group_outputs() const { return output.channels / groups; }
  // M and K of the matrix product of a group.
  constexpr uint32_t rows() const { return output.height * output.width; }
  constexpr uint32_t depth() const {
    return window.kernel.rows * window.kernel.columns * group_inputs();
  }
  // Whether every tap of every position lies inside the input. The activations are then read in
  // place; where it is false, their matrix is written to scratch memory, with zeros for the
  // padding.
  constexpr bool reads_in_place() const {
    const Window& w = window;
    return w.padding.rows == 0 && w.padding.columns == 0 &&
           (output.height - 1) * w.stride.rows + (w.kernel.rows - 1) * w.dilation.rows <
               input.height &&
           (output.width - 1) * w.stride.columns + (w.kernel.columns - 1) * w.dilation.columns <
               input.width;
  }
  constexpr bool valid() const {
    return window.valid() && input.elements() > 0 && output.elements() > 0 && groups > 0 &&
           input.channels % groups == 0 && output.channels % groups == 0;
  }
};

inline float* copy(float* to, const float* from, uint32_t count) {
  // Four loads before four stores: no load is followed at once by its use, which would stall the
  // CPU.
  for (; count >= 4; count -= 4, to += 4, from += 4) {
    const float f0 = from[0], f1 = from[1], f2 = from[2], f3 = from[3];
    to[0] = f0, to[1] = f1, to[2] = f2, to[3] = f3;
  }
  for (; count > 0; --count) {
    *to++ = *from++;
  }
  return to;
}

inline float* fill_zero(float* to, uint32_t count) {
  for (; count > 0; --count) {
    *to++ = 0.0f;
  }
  return to;
}

// Columns [first, last) of a kernel's row that lie inside the input.
struct KernelColumns {
  uint32_t first;
  uint32_t last;
};

inline KernelColumns columns_inside(int32_t x, uint32_t kernel, uint32_t width) {
  const uint32_t first = x < 0 ? min(static_cast<uint32_t>(-x), kernel) : 0;
  const int32_t room = static_cast<int32_t>(width) - x;
  const uint32_t last = room < 0 ? 0 : min(static_cast<uint32_t>(room), kernel);
  return {first, last < first ? first : last};
}

// One row of the kernel at input row `row` (null if it lies outside), its left tap at column `x`.
inline float* im2row_kernel_row(const Conv2d& layer, const float* row, int32_t x, float* to) {
  const uint32_t channels = layer.group_inputs();
  const uint32_t kernel = layer.window.kernel.columns;
  const uint32_t stride = layer.input.channels;
  if (row == nullptr) {
    return fill_zero(to, kernel * channels);
  }
  if (layer.window.dilation.columns == 1 && layer.groups == 1) {
    // Neighbouring taps are neighbours in memory too: one run.
    const KernelColumns inside = columns_inside(x, kernel, layer.input.width);
    to = fill_zero(to, inside.first * channels);
    to = copy(to, row + (x + static_cast<int32_t>(inside.first)) * static_cast<int32_t>(stride),
              (inside.last - inside.first) * channels);
    return fill_zero(to, (kernel - inside.last) * channels);
  }
  for (uint32_t tap = 0; tap < kernel;
       ++tap, x += static_cast<int32_t>(layer.window.dilation.columns)) {
    // As unsigned, a column left of the input is beyond its right edge too.
    const uint32_t column = static_cast<uint32_t>(x);
    to = column < layer.input.width ? copy(to, row + column * stride, channels)
                                    : fill_zero(to, channels);
  }
  return to;
}

// The K activations of output position (y, x), in the order of docs/numerics.md: kernel row, kernel
// column, channel. `input` points at the group's first channel. Returns the end of what was
// written.
inline float* im2row(const Conv2d& layer, const float* input, uint32_t y, uint32_t x, float* to) {
  const Window& w = layer.window;
  const int32_t left =
      static_cast<int32_t>(x * w.stride.columns) - static_cast<int32_t>(w.padding.columns);
  for (uint32_t tap = 0; tap < w.kernel.rows; ++tap) {
    const uint32_t row = y * w.stride.rows + tap * w.dilation.rows - w.padding.rows;
    const float* start =
        row < layer.input.height ? input + row * layer.input.width * layer.input.channels : nullptr;
    to = im2row_kernel_row(layer, start, left, to);
  }
  return to;
}

// The activations of all positions of a convolution that reads in place.
inline Activations in_place(const Conv2d& layer, const float* input) {
  const Window& w = layer.window;
  const uint32_t channels = layer.input.channels;
  const uint32_t row = layer.input.width * channels;
  // Neighbouring taps of all channels are neighbours in memory too: one run.
  const bool joined = w.dilation.columns == 1 && layer.groups == 1;
  return {input,
          /*line=*/layer.output.width,
          /*row_stride=*/w.stride.columns * channels,
          /*line_stride=*/w.stride.rows * row,
          /*bands=*/w.kernel.rows,
          /*band_stride=*/w.dilation.rows * row,
          /*runs=*/joined ? 1 : w.kernel.columns,
          /*run_stride=*/w.dilation.columns * channels,
          /*run=*/layer.group_inputs() * (joined ? w.kernel.columns : 1)};
}

// Writes the activations of positions [first, first + count) to `to` and returns them as a matrix.
inline Activations gather(const Conv2d& layer, const float* input, uint32_t first, uint32_t count,
                          float* to) {
  float* end = to;
  for (uint32_t position = first; position < first + count; ++position) {
    end = im2row(layer, input, position / layer.output.width, position % layer.output.width, end);
  }
  return matrix(to, count, layer.depth(), layer.depth());
}

// Positions [first, first + count) of one group.
template <class Backend>
Status conv2d_part(const Conv2d& layer, uint32_t group, uint32_t first, uint32_t count,
                   const float* input, float* output, float* scratch) {
  const uint32_t n = layer.group_outputs();
  const uint32_t packed = divide_up(n, Backend::kSize) * layer.depth() * Backend::kSize;
  const float* channels = input + group * layer.group_inputs();
  return Backend::gemm({count,
                        n,
                        layer.reads_in_place() ? in_place(layer, channels)
                                               : gather(layer, channels, first, count, scratch),
                        {layer.weights.packed + group * packed, layer.weights.scale + group * n,
                         layer.weights.bias + group * n},
                        output + first * layer.output.channels + group * n,
                        layer.output.channels,
                        layer.relu});
}

// `scratch` holds the activations of some positions of a group: at least one (K floats), best as
// many as the array has accumulator rows. A convolution that reads in place needs none.
template <class Backend>
Status conv2d(const Conv2d& layer, Span<const float> input, Span<float> output,
              Span<float> scratch) {
  HEEPSTOR_CHECK(input.size() == layer.input.elements());
  HEEPSTOR_CHECK(output.size() == layer.output.elements());
  const uint32_t chunk =
      layer.reads_in_place() ? layer.rows() : min(layer.rows(), scratch.size() / layer.depth());
  HEEPSTOR_CHECK(chunk > 0);
  for (uint32_t first = 0; first < layer.rows(); first += chunk) {
    const uint32_t count = min(chunk, layer.rows() - first);
    for (uint32_t group = 0; group < layer.groups; ++group) {
      const Status status = conv2d_part<Backend>(layer, group, first, count, input.data(),
                                                 output.data(), scratch.data());
      if (status != Status::kOk) {
        return status;
      }
    }
  }
  return Status::kOk;
}

}  // namespace heepstor::ops
