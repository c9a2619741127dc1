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

// Some frames, and not too many for a serial line.
constexpr uint32_t kLiveWords = 128;

uint32_t address_of(const uint32_t* word) {
  return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(word));
}

}  // namespace

// Who has overwritten it is told by the side that the damage is on: a stack comes from above, and
// what runs past the arena from below. In doubt it was the stack.
Guard guard() {
  uint32_t first = 0;
  while (first < kGuardWords && __stack_bottom[first] == HEEPSTOR_STACK_PAINT) {
    ++first;
  }
  if (first == kGuardWords) {
    return Guard::kIntact;
  }
  uint32_t last = kGuardWords - 1;
  while (__stack_bottom[last] == HEEPSTOR_STACK_PAINT) {
    --last;
  }
  const bool from_below = first == 0 && last < kGuardWords / 2;
  return from_below ? Guard::kOutOfArena : Guard::kStackOverflow;
}

Span<const uint32_t> guard_words() {
  return {__stack_bottom, kGuardWords};
}

Span<const uint32_t> live_stack(uint32_t stack_pointer) {
  // No lower bound: an overflow goes on below.
  if (stack_pointer >= address_of(__stack_top)) {
    return {};
  }
  const uint32_t words = (address_of(__stack_top) - stack_pointer) / sizeof(uint32_t);
  const uint32_t aligned = stack_pointer & ~uint32_t{sizeof(uint32_t) - 1};
  return {reinterpret_cast<const uint32_t*>(aligned), words < kLiveWords ? words : kLiveWords};
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
