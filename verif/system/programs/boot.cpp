// Divides and takes a root where there is an FPU, reads what SoC control knows about the hardware,
// talks, leaves with 42.
#include "bare.h"

NO_TRAPS

int main() {
#ifdef __riscv_flen
  // The first division hangs if the reset was no edge.
  uint32_t third, root;
  asm volatile("fdiv.s ft0, %1, %2\n fmv.x.w %0, ft0" : "=r"(third) : "f"(1.0f), "f"(3.0f) : "ft0");
  asm volatile("fsqrt.s ft0, %1\n fmv.x.w %0, ft0" : "=r"(root) : "f"(2.0f) : "ft0");
  CHECK(1, third == 0x3EAAAAAB);
  CHECK(2, root == 0x3FB504F3);
#endif

  CHECK(3, soc_ctrl(cfg::soc_ctrl::kClockHzOffset) == cfg::kClockHz);
  CHECK(4, soc_ctrl(cfg::soc_ctrl::kConfigHashOffset) == cfg::kConfigHash);
  CHECK(5, soc_ctrl(cfg::soc_ctrl::kMemoryBytesOffset) == cfg::kMemoryBytes);
  CHECK(6,
        word(cfg::systolic_array::kBase + cfg::systolic_array::kIdOffset) == cfg::kSystolicArrayId);

  uart_start(cfg::kUartBaudRate);
  uart_write("Hello, HEEPstor\nno newline at the end");
  return 42;
}
