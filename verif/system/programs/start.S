# Start of every bare program: vectors, stack, floating point on, main, exit with what main returns.

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
  li t0, 0x6000          # mstatus.FS = dirty
  csrs mstatus, t0
  csrw mcountinhibit, zero
  call main
  call leave
