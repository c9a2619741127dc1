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
  // The im2row matrix of a 1 x 1 convolution is the feature map itself: it needs no scratch.
  constexpr bool is_pointwise() const {
    return window.kernel.rows * window.kernel.columns == 1 && window.stride.rows == 1 &&
           window.stride.columns == 1 && window.padding.rows == 0 && window.padding.columns == 0 &&
           output.height == input.height && output.width == input.width;
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

template <class Backend>
const int8_t* group_weights(const Conv2d& layer, uint32_t group) {
  return layer.weights.packed +
         group * divide_up(layer.group_outputs(), Backend::kSize) * layer.depth() * Backend::kSize;
}

// The matrix product of output positions [first, first + count), whose activations start at `a`.
template <class Backend>
Status conv2d_gemm(const Conv2d& layer, uint32_t group, uint32_t first, uint32_t count,
                   const float* a, uint32_t a_stride, float* output) {
  const uint32_t n = layer.group_outputs();
  const Weights weights{group_weights<Backend>(layer, group), layer.weights.scale + group * n,
                        layer.weights.bias + group * n};
  return Backend::gemm({count, layer.depth(), n, a, a_stride, weights,
                        output + first * layer.output.channels + group * n, layer.output.channels,
                        layer.relu});
}

// `scratch` holds some rows of the im2row matrix of a group: at least one (K floats), best as many
// as the array has accumulator rows. A pointwise convolution needs none.
template <class Backend>
Status conv2d(const Conv2d& layer, Span<const float> input, Span<float> output,
              Span<float> scratch) {
  HEEPSTOR_CHECK(input.size() == layer.input.elements());
  HEEPSTOR_CHECK(output.size() == layer.output.elements());
  const uint32_t depth = layer.depth();
  const uint32_t chunk =
      layer.is_pointwise() ? layer.rows() : min(layer.rows(), scratch.size() / depth);
  HEEPSTOR_CHECK(chunk > 0);
  for (uint32_t first = 0; first < layer.rows(); first += chunk) {
    const uint32_t count = min(chunk, layer.rows() - first);
    for (uint32_t group = 0; group < layer.groups; ++group) {
      const float* channels = input.data() + group * layer.group_inputs();
      Status status;
      if (layer.is_pointwise()) {
        status = conv2d_gemm<Backend>(layer, group, first, count, channels, layer.input.channels,
                                      output.data());
      } else {
        float* end = scratch.data();
        for (uint32_t position = first; position < first + count; ++position) {
          end = im2row(layer, channels, position / layer.output.width,
                       position % layer.output.width, end);
        }
        status =
            conv2d_gemm<Backend>(layer, group, first, count, scratch.data(), depth, output.data());
      }
      if (status != Status::kOk) {
        return status;
      }
    }
  }
  return Status::kOk;
}

}  // namespace heepstor::ops
