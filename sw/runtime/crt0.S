// From reset to main().
//
// The ELF is in memory already, data section included: what is left to do is what a program may expect of its
// machine. The stack is painted, so that the high-water mark can be read later.

#include "runtime/stack_paint.h"

  .cfi_sections .debug_frame

#define MSTATUS_FS_INITIAL (1 << 13)

  // Address 0: a call through a null pointer finds an illegal instruction, not the trap handler.
  .section .vectors, "a"
  .zero 256

  // The linker script puts this at the address that the CPU boots from.
  .section .boot, "ax"
  .globl _start
  .type _start, @function
_start:
  .cfi_startproc
  .cfi_undefined ra             // where every backtrace ends
  .option push
  .option norelax
  la gp, __global_pointer$
  .option pop
  la sp, __stack_top
  la t0, heepstor_trap_entry
  csrw mtvec, t0                // vectored where the CPU knows nothing else (Ibex), else direct
#ifdef __riscv_flen
  li t0, MSTATUS_FS_INITIAL
  csrs mstatus, t0              // the FPU's instructions are illegal until now
  csrw fcsr, zero               // round to nearest, ties to even
#endif
  csrw mcountinhibit, zero      // the cycle counter stands still until now

  la t0, __bss_start
  la t1, __bss_end
1:
  bgeu t0, t1, 2f
  sw zero, 0(t0)
  addi t0, t0, 4
  j 1b
2:
  la t0, __stack_bottom
  la t1, __stack_top
  li t2, HEEPSTOR_STACK_PAINT
3:
  sw t2, 0(t0)
  addi t0, t0, 4
  bltu t0, t1, 3b

  call heepstor_boot
  call main
  call heepstor_exit            // main's result is the exit code
  .cfi_endproc
  .size _start, . - _start
