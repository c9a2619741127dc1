#pragma once

#include "ops/gemm.h"
#include "runtime/span.h"

namespace heepstor::ops {

// `rows` input vectors (the batch) of `inputs` elements give as many of `outputs` elements.
struct Linear {
  uint32_t rows;
  uint32_t inputs;
  uint32_t outputs;
  Weights weights;
  bool relu;

  constexpr bool valid() const { return rows > 0 && inputs > 0 && outputs > 0; }
};

template <class Backend>
Status linear(const Linear& layer, Span<const float> input, Span<float> output) {
  HEEPSTOR_CHECK(input.size() == layer.rows * layer.inputs);
  HEEPSTOR_CHECK(output.size() == layer.rows * layer.outputs);
  return Backend::gemm({layer.rows, layer.outputs,
                        matrix(input.data(), layer.rows, layer.inputs, layer.inputs), layer.weights,
                        output.data(), layer.outputs, layer.relu});
}

}  // namespace heepstor::ops
