#pragma once

#include <stdint.h>

#include "runtime/span.h"

namespace heepstor::runtime {

// The last words of the stack are a guard: nothing may write to them. The arena ends below them.
// SoC control tells of a write of the CPU at once, but not of one by the array.
uint32_t guard_address();
bool is_in_guard(uint32_t address);

// Whether nothing has written to it since start-up.
bool guard_is_intact();

// The words of the stack that a stack pointer stands for; none if it points elsewhere.
Span<const uint32_t> live_stack(uint32_t stack_pointer);

// High-water mark since start-up, in bytes.
uint32_t stack_used();

uint32_t stack_size();

}  // namespace heepstor::runtime
