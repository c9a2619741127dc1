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


def test_function_that_saves_registers_of_floating_point_has_a_caller(tmp_path: Path) -> None:
    source, elf = tmp_path / "calls.cpp", tmp_path / "calls.elf"
    source.write_text(SOURCE)
    compiler = ["riscv64-unknown-elf-g++", "-march=rv32imfc", "-mabi=ilp32f", "-O2", "-g"]
    compiler += ["-fno-exceptions", "-fno-asynchronous-unwind-tables"]
    link = ["-nostdlib", "-Wl,-e0x200,-Ttext=0x200,--no-warn-rwx-segments"]
    subprocess.run([*compiler, *link, str(source), "-o", str(elf)], check=True)
    stack = 0x1000
    registers = [sim.symbol_address(elf, "inside"), 0, stack, *[0] * (len(REGISTERS) - 3)]
    back = sim.symbol_address(elf, "back")
    # Wherever the return address may lie, there it is.
    memory = {stack + offset: back for offset in range(0, 64, 4)}
    functions = [frame.function for frame in backtrace(elf, registers, memory).frames]
    assert functions[:2] == ["inner()", "outer()"]
