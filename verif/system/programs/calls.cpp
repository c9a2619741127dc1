// Calls in every way that there is, for the profile: plainly, as a tail call, recursively, and by
// an interrupt whose handler calls, too.
#include "bare.h"

namespace {

volatile bool interrupted = false;

volatile uint32_t& timer(uint32_t offset) {
  return word(cfg::kRvTimerBase + offset);
}
constexpr uint32_t kCtrl = 0x000, kCompare = 0x10C, kCompareUpper = 0x110;
constexpr uint32_t kEnable = 0x114, kState = 0x118;

}  // namespace

extern "C" {

[[gnu::noipa]] void leaf(uint32_t rounds) {
  for (uint32_t i = 0; i < rounds; ++i) asm volatile("nop");
}

[[gnu::noipa]] void tail_caller() {
  asm volatile("nop");
  leaf(100);
}

[[gnu::noipa]] void recursive(uint32_t depth) {
  if (depth == 0) return leaf(10);
  recursive(depth - 1);
  asm volatile("nop");
}

// Whatever the interrupt comes between, these loops are in it.
[[gnu::noipa]] void interrupted_one() {
  while (!interrupted) asm volatile("nop");
}

__attribute__((interrupt("machine"))) void on_trap() {
  timer(kCompare) = 0xFFFFFFFF;
  timer(kState) = 1;
  leaf(20);
  interrupted = true;
}
}

int main() {
  leaf(50);
  tail_caller();
  recursive(2);
  timer(kCompareUpper) = 0;
  timer(kCompare) = 300;
  timer(kEnable) = 1;
  enable_interrupt(cfg::Interrupt::kTimer);
  timer(kCtrl) = 1;
  mark(static_cast<uint32_t>(cfg::Marker::kLayerStart));
  interrupted_one();
  mark(static_cast<uint32_t>(cfg::Marker::kLayerEnd));
  leaf(30);
  return 0;
}
