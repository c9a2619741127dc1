#pragma once

#include <stdint.h>

#include "runtime/span.h"

namespace heepstor::runtime {

// The last words of the stack are a guard: nothing may write to them. The arena ends below them.
enum class Guard : uint8_t {
  kIntact,
  kStackOverflow,
  kOutOfArena,  // something has run past the end of the arena
};

Guard guard();

Span<const uint32_t> guard_words();

// The innermost words of the stack that a stack pointer stands for; none if it points elsewhere.
Span<const uint32_t> live_stack(uint32_t stack_pointer);

// High-water mark since start-up, in bytes.
uint32_t stack_used();

uint32_t stack_size();

}  // namespace heepstor::runtime
