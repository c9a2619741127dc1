"""Unwinding a stack by the rules of the compiler."""

from __future__ import annotations

import subprocess
from pathlib import Path

from heepstor import sim
from heepstor.sim.backtrace import REGISTERS, backtrace

SOURCE = """
[[gnu::noinline]] void inner() {
  asm volatile("inside: .globl inside\\n nop" ::: "fs0", "s0", "ra");
}
int outer() { inner(); asm volatile("back: .globl back\\n nop"); return 1; }
"""


# Each function calls the next and saves its return address; `left` has returned to `start` again.
DEEP_STACK = """
  .cfi_sections .debug_frame
  .macro function name, frame, callee, where
  .globl \\name, \\where
\\name:
  .cfi_startproc
  .cfi_def_cfa_offset \\frame
  .cfi_offset ra, -4
  call \\callee
\\where:
  nop
  .cfi_endproc
  .size \\name, . - \\name
  .endm

start:
  .cfi_startproc
  .cfi_undefined ra
  call middle
  .globl in_start
in_start:
  nop
  .cfi_endproc
  .size start, . - start

  function middle, 16, deep, in_middle
  function deep, 16, deep, in_deep
  function left, 44, deep, in_left
"""


def linked(folder: Path, suffix: str, text: str) -> Path:
    """A program of one source."""
    source, elf = folder / f"calls{suffix}", folder / "calls.elf"
    source.write_text(text)
    compiler = ["riscv64-unknown-elf-g++", "-march=rv32imfc", "-mabi=ilp32f", "-O2", "-g"]
    compiler += ["-fno-exceptions", "-fno-asynchronous-unwind-tables"]
    link = ["-nostdlib", "-Wl,-e0x200,-Ttext=0x200,--no-warn-rwx-segments"]
    subprocess.run([*compiler, *link, str(source), "-o", str(elf)], check=True)
    return elf


def test_function_that_saves_registers_of_floating_point_has_a_caller(tmp_path: Path) -> None:
    elf = linked(tmp_path, ".cpp", SOURCE)
    stack = 0x1000
    registers = [sim.symbol_address(elf, "inside"), 0, stack, *[0] * (len(REGISTERS) - 3)]
    back = sim.symbol_address(elf, "back")
    # Wherever the return address may lie, there it is.
    memory = {stack + offset: back for offset in range(0, 64, 4)}
    functions = [frame.function for frame in backtrace(elf, registers, memory).frames]
    assert functions[:2] == ["inner()", "outer()"]


def test_the_outermost_callers_are_found_behind_a_gap_among_what_earlier_calls_left(
    tmp_path: Path,
) -> None:
    elf = linked(tmp_path, ".s", DEEP_STACK)
    at = {name: sim.symbol_address(elf, name) for name in ("in_deep", "in_left", "in_middle")}
    registers = [sim.symbol_address(elf, "deep"), 0, 0x1000, *[0] * (len(REGISTERS) - 3)]
    # Of the innermost frame, the word with the return address is not known.
    memory = dict.fromkeys([*range(0x1000, 0x100C, 4), *range(0x1FD0, 0x2000, 4)], 0)
    memory[0x1FD0] = at["in_left"]
    memory[0x1FDC] = at["in_deep"]
    memory[0x1FEC] = at["in_middle"]
    memory[0x1FFC] = sim.symbol_address(elf, "in_start")
    found = backtrace(elf, registers, memory)
    assert [frame.function for frame in found.frames] == ["deep"]
    assert [frame.function for frame in found.outermost] == ["deep", "middle", "start"]
    assert (found.complete, found.skipped_bytes) == (False, 0x1FE0 - 0x1000)
    memory[0x1FFC] = 0
    assert backtrace(elf, registers, memory).outermost == ()
