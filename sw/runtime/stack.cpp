#include "runtime/stack.h"

#include "runtime/stack_paint.h"

extern "C" {
extern uint32_t __stack_bottom[];
extern uint32_t __stack_top[];
}

namespace heepstor::runtime {
namespace {

// The compiler refuses larger frames, so that an overflow cannot step over the guard without
// touching it.
constexpr uint32_t kGuardWords = HEEPSTOR_LARGEST_FRAME / sizeof(uint32_t);

}  // namespace

bool stack_intact() {
  for (uint32_t i = 0; i < kGuardWords; ++i) {
    if (__stack_bottom[i] != HEEPSTOR_STACK_PAINT) {
      return false;
    }
  }
  return true;
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
