"""Who called whom, from the registers and the stack that the firmware prints when it fails.

Exact, by the unwinding rules that the compiler leaves in the ELF file (`.debug_frame`): the
firmware needs no frame pointers, and runs as it would without any of this.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from elftools.dwarf.callframe import FDE

from heepstor import build
from heepstor.sim import elf as elf_file

REGISTERS = (
    *("pc", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1"),
    *("a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7"),
    *("s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"),
)
"""Names by number. Register 0, which is always 0, is the program counter here."""

_PC, _RETURN_ADDRESS, _STACK_POINTER = 0, 1, 2
_MOST_CALLS = 64  # of a stack that leads in a circle

_UNKNOWN = "??"


@dataclass(frozen=True)
class Frame:
    """A function that was running. Functions inlined into each other share a `pc`."""

    pc: int
    """Of the instruction that failed; of a caller, where it would have gone on."""
    function: str
    location: str | None
    """As `sw/ops/gemm.h:31`; None where the image does not say."""

    def __str__(self) -> str:
        where = f" ({self.location})" if self.location else ""
        return f"0x{self.pc:08x} {self.function}{where}"


@dataclass(frozen=True)
class Backtrace:
    """Frames, innermost first."""

    frames: tuple[Frame, ...]
    complete: bool
    """Whether the last one is where the program starts; or more is not known of the stack."""
    skipped_bytes: int = 0
    """Size of the part of the stack behind `frames` that does not tell who called them."""
    outermost: tuple[Frame, ...] = ()
    """The callers behind that part, out to where the program starts; none if not found."""


@dataclass(frozen=True)
class _Rule:
    """How to find the caller's registers from `pc` on, to the next rule of the function."""

    pc: int
    end: int
    base: tuple[int, int]
    """(register, offset): their sum is what the stack pointer was before the call."""
    saved: Mapping[int, int]
    """Register to its place, counted from there."""
    outermost: bool


def backtrace(elf: Path, registers: Sequence[int], memory: Mapping[int, int]) -> Backtrace:
    """Unwind a stack.

    Args:
        elf: the image that ran.
        registers: values in the order of `REGISTERS`.
        memory: address to word, of as much of the stack as is known.

    Raises:
        SimulationError: if `elf` is no ELF file.
        BuildError: if there is no tool to tell functions and lines.
    """
    rules = _rules(elf)
    inner, complete = _unwind(rules, registers, _rule(rules, registers[_PC]), memory)
    pcs = _pcs(inner)
    frames = tuple(locate(elf, pcs[:1]) + callers(elf, pcs[1:]))
    outer = [] if complete else _outermost(rules, inner[-1][_STACK_POINTER], memory)
    if not outer:
        return Backtrace(frames, complete)
    skipped = outer[0][_STACK_POINTER] - inner[-1][_STACK_POINTER]
    return Backtrace(frames, complete, skipped, tuple(callers(elf, _pcs(outer))))


def callers(elf: Path, return_addresses: Sequence[int]) -> list[Frame]:
    """The frames that addresses return to: a caller is at its call, which lies before.

    Raises: as `locate`.
    """
    frames = locate(elf, [address - 1 for address in return_addresses])
    return [Frame(frame.pc + 1, frame.function, frame.location) for frame in frames]


def locate(elf: Path, addresses: Sequence[int]) -> list[Frame]:
    """The functions at addresses, with all that are inlined there, innermost first.

    Raises:
        BuildError: if there is no tool to tell, or `elf` is no ELF file.
    """
    if not addresses:
        return []
    options = ("--inlines", "--functions", "--demangle", "--addresses", f"--exe={elf.resolve()}")
    lines = build.tool_output(
        "addr2line", *options, *map(hex, addresses), what="looking functions up"
    ).splitlines()
    frames = []
    address = 0
    pairs = iter(lines)
    for line in pairs:
        if line.startswith("0x"):
            address = int(line, 16)
            continue
        frames.append(_frame(address, line, next(pairs)))
    return frames


def _frame(address: int, function: str, location: str) -> Frame:
    known = _UNKNOWN not in location
    return Frame(
        address,
        function if function != _UNKNOWN else "no code",
        # A statement may have a discriminator behind it.
        os.path.normpath(location.split(" (")[0]) if known else None,
    )


def _rules(elf: Path) -> list[_Rule]:
    with elf_file.opened(elf) as image:
        entries = image.get_dwarf_info().CFI_entries()
        return [rule for entry in entries if isinstance(entry, FDE) for rule in _of_function(entry)]


def _of_function(entry: FDE) -> list[_Rule]:
    end = entry.header.initial_location + entry.header.address_range
    rows = entry.get_decoded().table
    ends = [row["pc"] for row in rows[1:]] + [end]
    return [
        _Rule(
            pc=row["pc"],
            end=next_pc,
            base=(row["cfa"].reg, row["cfa"].offset),
            # Those of floating point follow the others, and lead to no caller.
            saved={
                register: rule.arg
                for register, rule in row.items()
                if register in range(len(REGISTERS)) and rule.type == "OFFSET"
            },
            outermost=_RETURN_ADDRESS in row and row[_RETURN_ADDRESS].type == "UNDEFINED",
        )
        for row, next_pc in zip(rows, ends, strict=True)
    ]


def _unwind(
    rules: Sequence[_Rule],
    registers: Sequence[int],
    rule: _Rule | None,
    memory: Mapping[int, int],
) -> tuple[list[Sequence[int]], bool]:
    """Registers of each function from the innermost out, and whether the outermost is among them.

    `rule` is that of the innermost function.
    """
    found = [registers]
    while len(found) < _MOST_CALLS:
        if rule is not None and rule.outermost:
            return found, True
        try:
            registers = _caller(rule, registers, memory)
        except KeyError:
            break
        rule = _rule(rules, registers[_PC] - 1)
        if rule is None:
            break
        found.append(registers)
    return found, False


def _outermost(
    rules: Sequence[_Rule], stack_pointer: int, memory: Mapping[int, int]
) -> list[Sequence[int]]:
    """Registers of each function behind a part of the stack that is not known; none if not found.

    A function saves its return address in the first word of its frame, behind which that of its
    caller begins. So any word may lead to a caller. Those are taken from which the rules lead to
    the start of the program, at the very end of the stack, by the most calls: words that are left
    over from earlier calls lead to some of them only.
    """
    end = max(memory, default=0) + 4
    longest: list[Sequence[int]] = []
    for place in (place for place in memory if place > stack_pointer):
        registers = [0] * len(REGISTERS)
        registers[_PC], registers[_STACK_POINTER] = memory[place], place + 4
        rule = _rule(rules, registers[_PC] - 1)
        if rule is not None:
            found, complete = _unwind(rules, registers, rule, memory)
            if complete and found[-1][_STACK_POINTER] == end and len(found) > len(longest):
                longest = found
    return longest


def _pcs(found: Sequence[Sequence[int]]) -> list[int]:
    return [registers[_PC] for registers in found]


def _rule(rules: Sequence[_Rule], pc: int) -> _Rule | None:
    return next((rule for rule in rules if rule.pc <= pc < rule.end), None)


def _caller(rule: _Rule | None, registers: Sequence[int], memory: Mapping[int, int]) -> list[int]:
    """The registers as they will be when the function returns.

    Raises:
        KeyError: a word of the stack that is needed is not known.
    """
    result = list(registers)
    if rule is not None:
        register, offset = rule.base
        base = (registers[register] + offset) & 0xFFFF_FFFF
        for number, place in rule.saved.items():
            result[number] = memory[(base + place) & 0xFFFF_FFFF]
        result[_STACK_POINTER] = base
    # To where no code is, a call has led, which has changed nothing else.
    result[_PC] = result[_RETURN_ADDRESS]
    return result
