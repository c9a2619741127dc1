#pragma once

#include "ops/gemm.h"
#include "runtime/span.h"

namespace heepstor::ops {

// Over each of `rows` rows of `classes` elements; docs/numerics.md has the algorithm. May work in
// place.
struct Softmax {
  uint32_t rows;
  uint32_t classes;

  constexpr bool valid() const { return rows > 0 && classes > 0; }
};

// e^t for t <= 0, each step rounded as docs/numerics.md says.
inline float exp_of_non_positive(float t) {
  if (t != t) {
    return t;
  }
  if (t < -87.0f) {
    return 0.0f;
  }
  // Rounds ties to even: the mode that both the target and the host start in.
  const int32_t j = static_cast<int32_t>(__builtin_lrintf(t * 1.44269502f));
  const float exponent = static_cast<float>(j);
  float r = t - exponent * 0.693359375f;
  r = r - exponent * -2.12194440e-4f;
  constexpr float kCoefficients[] = {1.39819995e-3f, 8.33345205e-3f, 4.16657962e-2f, 0.166666657f,
                                     0.5f};
  float p = 1.98756915e-4f;
  for (const float coefficient : kCoefficients) {
    p = p * r + coefficient;
  }
  p = p * r * r + r;
  p = p + 1.0f;
  const uint32_t bits = static_cast<uint32_t>(j + 127) << 23;
  float power;
  __builtin_memcpy(&power, &bits, sizeof(power));
  return p * power;
}

inline Status softmax(const Softmax& layer, Span<const float> input, Span<float> output) {
  HEEPSTOR_CHECK(input.size() == layer.rows * layer.classes);
  HEEPSTOR_CHECK(output.size() == input.size());
  for (uint32_t row = 0; row < layer.rows; ++row) {
    const float* x = input.data() + row * layer.classes;
    float* y = output.data() + row * layer.classes;
    float largest = x[0];
    for (uint32_t i = 1; i < layer.classes; ++i) {
      if (x[i] > largest || x[i] != x[i]) {
        largest = x[i];
      }
    }
    float sum = 0.0f;
    for (uint32_t i = 0; i < layer.classes; ++i) {
      y[i] = exp_of_non_positive(x[i] - largest);
      sum = sum + y[i];
    }
    for (uint32_t i = 0; i < layer.classes; ++i) {
      y[i] = y[i] / sum;
    }
  }
  return Status::kOk;
}

}  // namespace heepstor::ops
