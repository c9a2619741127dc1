// Where a fault enters: a trap of the CPU, or a call of panic(). Both save the registers, which is what
// a backtrace begins with, and end in C++, on a stack of their own: that of the program may have no room,
// and all that is on it may be told.

  .cfi_sections .debug_frame

#define FAULT_STACK_BYTES 512   // twice what the compiler says (-fstack-usage) of what runs on it

  .section .fault_stack, "aw", @nobits
  .balign 16
  .space FAULT_STACK_BYTES
fault_stack_top:

// All registers by their numbers, into heepstor_fault_registers; t0 holds its address afterwards. Slot 0
// is for the program counter, and left to the caller.
  .macro save_registers
  csrw mscratch, t0
  la t0, heepstor_fault_registers
  .irp number, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
  sw x\number, 4 * \number(t0)
  .endr
  csrr t1, mscratch
  sw t1, 4 * 5(t0)
  la sp, fault_stack_top
  .endm

  .section .text.heepstor_trap_entry, "ax"
  .balign 256                   // mtvec has no lower bits
  .globl heepstor_trap_entry
  .type heepstor_trap_entry, @function
heepstor_trap_entry:
  .option push
  .option norvc
  .rept 32                      // exceptions enter at the first, interrupt i at the i-th where mtvec
  j trap                        // is vectored (Ibex knows nothing else)
  .endr
  .option pop
trap:
  save_registers
  csrr a0, mcause
  csrr a1, mepc
  sw a1, 0(t0)
  call heepstor_trap
  .size heepstor_trap_entry, . - heepstor_trap_entry

// [[noreturn]] void panic(ExitCode code, const char* cause, uint32_t pc, uint32_t value), platform.h
  .section .text.heepstor_panic, "ax"
  .globl heepstor_panic
  .type heepstor_panic, @function
heepstor_panic:
  .cfi_startproc
  save_registers
  lla t1, heepstor_panic
  sw t1, 0(t0)
  j heepstor_report_fault
  .cfi_endproc
  .size heepstor_panic, . - heepstor_panic
