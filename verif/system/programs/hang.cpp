// Never ends.
#include "bare.h"

NO_TRAPS

[[noreturn, gnu::noinline]] void spin_for_ever() {
  for (;;) asm volatile("nop");
}

int main() {
  mark(0x10000003);
  spin_for_ever();
}
