#pragma once

#include "ops/gemm.h"
#include "ops/shapes.h"
#include "runtime/span.h"

namespace heepstor::ops {

// A batch norm that no convolution precedes: y = scale[c] * x + bias[c], in the roundings of the
// epilogue. May work in place.
struct ScaleBias {
  uint32_t positions;  // H * W, or the batch
  uint32_t channels;
  const float* scale;
  const float* bias;
  bool relu;

  constexpr bool valid() const { return positions > 0 && channels > 0; }
};

inline Status scale_bias(const ScaleBias& layer, Span<const float> input, Span<float> output) {
  HEEPSTOR_CHECK(input.size() == layer.positions * layer.channels);
  HEEPSTOR_CHECK(output.size() == input.size());
  const float* x = input.data();
  float* y = output.data();
  for (uint32_t position = 0; position < layer.positions; ++position) {
    for (uint32_t c = 0; c < layer.channels; ++c) {
      *y++ = epilogue(*x++, layer.scale[c], layer.bias[c], layer.relu);
    }
  }
  return Status::kOk;
}

}  // namespace heepstor::ops
