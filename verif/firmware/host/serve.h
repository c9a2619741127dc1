#pragma once

// Runs operators on the host. Standard input is a sequence of requests, standard output their
// results, all in little-endian words. A request is the number of an operator and then what `run`
// reads for it; an array is its number of elements and the elements. A result is the Status and the
// output array.
//
// Every array has its own allocation of exactly its size, so that the address sanitizer sees an
// access beyond. Outputs start as `kUnwritten`, so that the comparison sees an element that was
// never written.

#include <stdint.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

#include "ops/ops.h"

namespace heepstor::host {

using ops::Status;

constexpr float kUnwritten = -6.25e18f;

inline std::vector<float> unwritten(uint32_t count) {
  return std::vector<float>(count, kUnwritten);
}

template <class T>
T read() {
  T value;
  if (std::fread(&value, sizeof(value), 1, stdin) != 1) {
    std::exit(std::feof(stdin) ? 0 : 1);
  }
  return value;
}

template <class T>
std::vector<T> read_array() {
  std::vector<T> values(read<uint32_t>());
  for (T& value : values) value = read<T>();
  return values;
}

inline ops::Shape read_shape() {
  const auto height = read<uint32_t>(), width = read<uint32_t>(), channels = read<uint32_t>();
  return {height, width, channels};
}

inline ops::Size2 read_size() {
  const auto rows = read<uint32_t>(), columns = read<uint32_t>();
  return {rows, columns};
}

inline ops::Window read_window() {
  const auto kernel = read_size(), stride = read_size(), padding = read_size(),
             dilation = read_size();
  return {kernel, stride, padding, dilation};
}

// Keeps the arrays that a Weights points to.
struct OwnedWeights {
  std::vector<int8_t> packed = read_array<int8_t>();
  std::vector<float> scale = read_array<float>();
  std::vector<float> bias = read_array<float>();

  ops::Weights view() const { return {packed.data(), scale.data(), bias.data()}; }
};

template <class T>
Span<T> span(std::vector<T>& values) {
  return {values.data(), static_cast<uint32_t>(values.size())};
}

template <class Backend>
Status run_product(uint32_t op, std::vector<float>& output) {
  const OwnedWeights weights;
  std::vector<float> input = read_array<float>();
  if (op == 0) {
    const auto rows = read<uint32_t>(), inputs = read<uint32_t>(), outputs = read<uint32_t>();
    const ops::Linear layer{rows, inputs, outputs, weights.view(), read<uint32_t>() != 0};
    output = unwritten(rows * outputs);
    return ops::linear<Backend>(layer, span(input), span(output));
  }
  const auto in = read_shape(), out = read_shape();
  const auto window = read_window();
  const auto groups = read<uint32_t>();
  const ops::Conv2d layer{in, out, window, groups, weights.view(), read<uint32_t>() != 0};
  std::vector<float> scratch = unwritten(read<uint32_t>());
  output = unwritten(out.elements());
  return ops::conv2d<Backend>(layer, span(input), span(output), span(scratch));
}

inline Status run_elementwise(uint32_t op, std::vector<float>& output) {
  std::vector<float> input = read_array<float>();
  output = unwritten(static_cast<uint32_t>(input.size()));
  switch (op) {
    case 2: {
      std::vector<float> scale = read_array<float>(), bias = read_array<float>();
      const auto positions = read<uint32_t>(), channels = read<uint32_t>();
      const bool relu = read<uint32_t>() != 0;
      return ops::scale_bias({positions, channels, scale.data(), bias.data(), relu}, span(input),
                             span(output));
    }
    case 3:
      return ops::relu(span(input), span(output));
    case 4: {
      const auto in = read_shape(), out = read_shape();
      const auto window = read_window();
      output = unwritten(out.elements());
      return ops::max_pool2d({in, out, window, read<uint32_t>() != 0}, span(input), span(output));
    }
    case 5:
      return ops::transpose({read_shape()}, span(input), span(output));
    case 6: {
      const auto rows = read<uint32_t>(), classes = read<uint32_t>();
      return ops::softmax({rows, classes}, span(input), span(output));
    }
  }
  std::fprintf(stderr, "no operator %u\n", op);
  std::exit(1);
}

// The request says which of two back-ends computes a product.
template <class Software, class Accelerated>
Status run(uint32_t op, std::vector<float>& output) {
  if (op > 1) {
    return run_elementwise(op, output);
  }
  return read<uint32_t>() == 0 ? run_product<Software>(op, output)
                               : run_product<Accelerated>(op, output);
}

// Answers requests until there are no more; `reset` makes the device as after reset.
template <class Software, class Accelerated, class Reset>
[[noreturn]] void serve(Reset reset) {
  while (true) {
    const auto op = read<uint32_t>();
    reset();
    std::vector<float> output;
    const auto status = static_cast<uint32_t>(run<Software, Accelerated>(op, output));
    const auto count = static_cast<uint32_t>(output.size());
    std::fwrite(&status, sizeof(status), 1, stdout);
    std::fwrite(&count, sizeof(count), 1, stdout);
    std::fwrite(output.data(), sizeof(float), count, stdout);
  }
}

}  // namespace heepstor::host

inline void heepstor::check_failed(const char* condition, const char* file, uint32_t line) {
  std::fprintf(stderr, "%s:%u: not so: %s\n", file, line, condition);
  std::exit(4);
}
