#pragma once

#include "ops/gemm.h"
#include "ops/shapes.h"
#include "runtime/span.h"

namespace heepstor::ops {

// Channels last (H, W, C) to PyTorch's flatten order (C, H, W). Not in place.
struct Transpose {
  Shape shape;

  constexpr bool valid() const { return shape.elements() > 0; }
};

inline Status transpose(const Transpose& layer, Span<const float> input, Span<float> output) {
  HEEPSTOR_CHECK(input.size() == layer.shape.elements());
  HEEPSTOR_CHECK(output.size() == input.size());
  const uint32_t positions = layer.shape.height * layer.shape.width;
  const uint32_t channels = layer.shape.channels;
  float* y = output.data();
  for (uint32_t c = 0; c < channels; ++c) {
    const float* x = input.data() + c;
    for (uint32_t position = 0; position < positions; ++position, x += channels) {
      *y++ = *x;
    }
  }
  return Status::kOk;
}

}  // namespace heepstor::ops
