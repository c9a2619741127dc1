// Talks at half the rate that the other side expects.
#include "bare.h"

NO_TRAPS

int main() {
  uart_start(cfg::kUartBaudRate / 2);
  uart_write("unreadable");
  return 0;
}
