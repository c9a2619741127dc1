// Changes memory between markers.
#include "bare.h"

NO_TRAPS

extern "C" uint32_t __arena_start[];

int main() {
  volatile uint32_t* arena = __arena_start;
  for (uint32_t i = 0; i < 8; ++i) arena[i] = 0x01010101 * i;
  mark(0x20000000);
  // At once, so that a dump that comes a cycle late is found out.
  arena[0] = 0xDEADBEEF;
  mark(0x20000001);
  return 0;
}
