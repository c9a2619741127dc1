#include "runtime/stack.h"

#include "heepstor_cfg.h"
#include "runtime/stack_paint.h"

extern "C" {
extern uint32_t __stack_bottom[];
extern uint32_t __stack_top[];
}

namespace heepstor::runtime {
namespace {

uint32_t address_of(const uint32_t* word) {
  return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(word));
}

}  // namespace

uint32_t guard_address() {
  return address_of(__stack_bottom);
}

bool is_in_guard(uint32_t address) {
  return address - guard_address() < cfg::kStackGuardBytes;
}

bool guard_is_intact() {
  return stack_used() <= stack_size() - cfg::kStackGuardBytes;
}

Span<const uint32_t> live_stack(uint32_t stack_pointer) {
  // The frame that reaches into the guard may end below it.
  const uint32_t lowest = guard_address() - cfg::kStackGuardBytes;
  if (stack_pointer < lowest || stack_pointer >= address_of(__stack_top)) {
    return {};
  }
  const uint32_t aligned = stack_pointer & ~uint32_t{sizeof(uint32_t) - 1};
  return {reinterpret_cast<const uint32_t*>(aligned),
          (address_of(__stack_top) - aligned) / static_cast<uint32_t>(sizeof(uint32_t))};
}

uint32_t stack_used() {
  const uint32_t* word = __stack_bottom;
  while (word < __stack_top && *word == HEEPSTOR_STACK_PAINT) {
    ++word;
  }
  return static_cast<uint32_t>(__stack_top - word) * sizeof(uint32_t);
}

uint32_t stack_size() {
  return static_cast<uint32_t>(__stack_top - __stack_bottom) * sizeof(uint32_t);
}

}  // namespace heepstor::runtime
