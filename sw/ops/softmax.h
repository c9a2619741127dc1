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

// The largest of a row without NaN. With one it does not matter what this gives: the sum of the
// exponentials is NaN then, and so is every result, as docs/numerics.md wants it.
inline float largest_of(const float* x, uint32_t count) {
  float largest = x[0];
#pragma GCC unroll 3
  for (uint32_t i = 1; i < count; ++i) {
    largest = x[i] > largest ? x[i] : largest;
  }
  return largest;
}

// e^t for -87 <= t <= 0, each step rounded as docs/numerics.md says. Horner without a loop: the
// coefficients stay in registers from one class to the next.
inline float polynomial_exp(float t) {
  // Rounds ties to even: the mode that both the target and the host start in.
  const int32_t j = static_cast<int32_t>(__builtin_lrintf(t * 1.44269502f));
  const float exponent = static_cast<float>(j);
  float r = t - exponent * 0.693359375f;
  r = r - exponent * -2.12194440e-4f;
  float p = 1.98756915e-4f;
  p = p * r + 1.39819995e-3f;
  p = p * r + 8.33345205e-3f;
  p = p * r + 4.16657962e-2f;
  p = p * r + 0.166666657f;
  p = p * r + 0.5f;
  p = p * r * r + r;
  p = p + 1.0f;
  const uint32_t bits = static_cast<uint32_t>(j + 127) << 23;
  float power;
  __builtin_memcpy(&power, &bits, sizeof(power));
  return p * power;
}

// e^t where there is no power of two to make: too small, or NaN.
[[gnu::noinline, gnu::cold]] inline float exp_of_outlier(float t) {
  return t != t ? t : 0.0f;
}

// e^t for t <= 0.
inline float exp_of_non_positive(float t) {
  return __builtin_expect(t >= -87.0f, true) ? polynomial_exp(t) : exp_of_outlier(t);
}

// Divides in place. Each quotient is stored while the next division runs.
inline void divide(float* y, uint32_t count, float divisor) {
  float quotient = y[0] / divisor;
#pragma GCC unroll 2
  for (uint32_t i = 1; i < count; ++i) {
    const float next = y[i] / divisor;
    y[i - 1] = quotient;
    quotient = next;
  }
  y[count - 1] = quotient;
}

inline Status softmax(const Softmax& layer, Span<const float> input, Span<float> output) {
  HEEPSTOR_CHECK(input.size() == layer.rows * layer.classes);
  HEEPSTOR_CHECK(output.size() == input.size());
  for (uint32_t row = 0; row < layer.rows; ++row) {
    const float* x = input.data() + row * layer.classes;
    float* y = output.data() + row * layer.classes;
    const float largest = largest_of(x, layer.classes);
    float sum = 0.0f;
    for (uint32_t i = 0; i < layer.classes; ++i) {
      y[i] = exp_of_non_positive(x[i] - largest);
      sum = sum + y[i];
    }
    divide(y, layer.classes, sum);
  }
  return Status::kOk;
}

}  // namespace heepstor::ops
