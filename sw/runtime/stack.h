#pragma once

#include <stdint.h>

namespace heepstor::runtime {

// False once something has written to the last words of the stack.
bool stack_intact();

// High-water mark since start-up, in bytes.
uint32_t stack_used();

uint32_t stack_size();

}  // namespace heepstor::runtime
