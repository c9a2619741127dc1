#pragma once

#include "ops/gemm.h"
#include "runtime/span.h"

namespace heepstor::ops {

// A ReLU that could not be fused into the layer before it. May work in place.
inline Status relu(Span<const float> input, Span<float> output) {
  HEEPSTOR_CHECK(output.size() == input.size());
  const float* x = input.data();
  for (float& y : output) {
    y = relu(*x++);
  }
  return Status::kOk;
}

}  // namespace heepstor::ops
