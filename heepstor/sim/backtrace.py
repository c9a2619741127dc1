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
_EXECUTABLE = 0x4  # SHF_EXECINSTR

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
    pcs, complete = _unwind(_rules(elf), registers, memory)
    return Backtrace(tuple(locate(elf, pcs[:1]) + callers(elf, pcs[1:])), complete)


def left_behind(elf: Path, words: Sequence[int]) -> tuple[Frame, ...]:
    """The calls that words of a stack return to, each once, in their order.

    Not exact, as a backtrace is: the functions may have returned, and a word may be an address by
    chance. For a part of the stack that nothing else is known of.

    Raises: as `locate`.
    """
    with elf_file.opened(elf) as image:
        code = [
            (section["sh_addr"], section.data())
            for section in image.iter_sections()
            if section["sh_flags"] & _EXECUTABLE
        ]
    return tuple(callers(elf, [word for word in dict.fromkeys(words) if _follows_call(code, word)]))


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


def _follows_call(code: Sequence[tuple[int, bytes]], address: int) -> bool:
    """Whether the instruction before `address` leaves it in the return address register."""
    for start, content in code:
        offset = address - start
        if offset % 2 or not 0 < offset <= len(content):
            continue
        short = int.from_bytes(content[max(offset - 2, 0) : offset], "little")
        long = int.from_bytes(content[max(offset - 4, 0) : offset], "little")
        return (
            short & 0xE003 == 0x2001  # c.jal
            or (short & 0xF07F == 0x9002 and short != 0x9002)  # c.jalr, which is not c.ebreak
            or long & 0xFFF in (0x0EF, 0x0E7)  # jal, jalr: opcode and rd = ra
        )
    return False


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
    rules: Sequence[_Rule], registers: Sequence[int], memory: Mapping[int, int]
) -> tuple[list[int], bool]:
    """Program counters from the innermost function out, and whether the outermost is among them."""
    pcs = [registers[_PC]]
    rule = _rule(rules, registers[_PC])
    while len(pcs) < _MOST_CALLS:
        if rule is not None and rule.outermost:
            return pcs, True
        try:
            registers = _caller(rule, registers, memory)
        except KeyError:
            break
        rule = _rule(rules, registers[_PC] - 1)
        if rule is None:
            break
        pcs.append(registers[_PC])
    return pcs, False


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
