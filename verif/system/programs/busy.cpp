// Computes without pause (floats, integers, memory) until it is stopped: measures the simulator.
#include "bare.h"

NO_TRAPS

namespace {
constexpr int kSize = 64;
float a[kSize][kSize], b[kSize], c[kSize];
}  // namespace

int main() {
  for (uint32_t i = 0; i < kSize * kSize; ++i) a[i / kSize][i % kSize] = static_cast<float>(i & 15);
  for (int i = 0; i < kSize; ++i) b[i] = 0.25f;
  for (uint32_t round = 0;; ++round) {
    for (int i = 0; i < kSize; ++i) {
      float sum = 0.0f;
      for (int k = 0; k < kSize; ++k) sum += a[i][k] * b[k];
      c[i] = sum;
    }
    for (int i = 0; i < kSize; ++i) b[i] = c[i] * 1e-3f;
    mark(round);
  }
}
