#pragma once

#include <stdint.h>

namespace heepstor::hal {

// The CPU's cycle counter. Start-up code lets it run.
inline uint64_t cycles() {
  uint32_t low, high, high_again;
  do {
    asm volatile("csrr %0, mcycleh" : "=r"(high));
    asm volatile("csrr %0, mcycle" : "=r"(low));
    asm volatile("csrr %0, mcycleh" : "=r"(high_again));
  } while (high != high_again);
  return static_cast<uint64_t>(high) << 32 | low;
}

}  // namespace heepstor::hal
