#pragma once

#include <stdint.h>

namespace heepstor::ops {

// A feature map. In memory the channels lie last: element (y, x, c) is at (y * width + x) *
// channels + c.
struct Shape {
  uint32_t height;
  uint32_t width;
  uint32_t channels;

  constexpr uint32_t elements() const { return height * width * channels; }
};

struct Size2 {
  uint32_t rows;
  uint32_t columns;
};

// Arguments of a sliding window. `padding` counts the positions above and to the left of the input;
// those below and to the right follow from the output's shape, which the planner computes
// (ceil_mode too).
struct Window {
  Size2 kernel;
  Size2 stride;
  Size2 padding;
  Size2 dilation;

  constexpr bool valid() const {
    return kernel.rows > 0 && kernel.columns > 0 && stride.rows > 0 && stride.columns > 0 &&
           dilation.rows > 0 && dilation.columns > 0;
  }
};

}  // namespace heepstor::ops
