# Start of every bare program: vectors, stack, floating point on if there is an FPU, main, exit with
# what main returns.

  .section .vectors, "ax"
  .option push
  .option norvc
  .rept 32
  j on_trap
  .endr
  .option pop

  .section .boot, "ax"
  .globl _start
_start:
  la sp, __stack_top
  csrwi mtvec, 1         # vectored, at address 0
#ifdef __riscv_flen
  li t0, 0x6000          # mstatus.FS = dirty
  csrs mstatus, t0
#endif
  csrw mcountinhibit, zero
  call main
  call leave
