// Sleeps with no interrupt enabled.
#include "bare.h"

NO_TRAPS

int main() {
  for (;;) asm volatile("wfi");
}
