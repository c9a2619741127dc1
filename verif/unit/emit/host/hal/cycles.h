#pragma once

#include <stdint.h>

namespace heepstor::hal {

// A host has no mcycle, and these tests measure nothing.
inline uint64_t cycles() {
  return 0;
}

}  // namespace heepstor::hal
