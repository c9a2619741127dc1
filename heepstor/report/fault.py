"""What the firmware tells of a fault, in terms of its sources."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from itertools import dropwhile
from pathlib import Path
from typing import Any

from heepstor import sim
from heepstor.errors import SimulationError
from heepstor.report.records import Records, parse
from heepstor.sim.backtrace import REGISTERS, Backtrace, Frame, backtrace, left_behind, locate

Fault = dict[str, Any]

_STACK_POINTER = "sp"


def describe(found: Records, elf: Path, layers: Sequence[str]) -> Fault | None:
    """Layer, callers and what else is known of a panic; None if there was none.

    Args:
        found: the records of the run.
        elf: the image that ran.
        layers: names by index.

    Raises:
        HeepstorError: there is no tool that tells functions and lines.
    """
    if found.panic is None:
        return None
    index = int(found.panic["layer"], 0)
    trace = _backtrace(found, elf)
    return {
        "layer": layers[index] if 0 <= index < len(layers) else None,
        "backtrace": list(map(_frame, trace.frames)),
        "complete": trace.complete,
        "left_behind": list(map(_frame, _left_behind(found, elf))),
    }


def lines(cause: str, fault: Fault) -> list[str]:
    """The same for people; `cause` is that of the panic record."""
    where = _shown(fault["backtrace"][0])
    layer = f"layer {fault['layer']}" if fault["layer"] else "outside layers"
    return [f"fault: {cause} in {where}, {layer}", *_callers(fault), *_behind(fault)]


def in_log(log: str, elf: Path, layers: Sequence[str]) -> list[str]:
    """The fault that a board's log tells of, for people; nothing if it is damaged."""
    with suppress(SimulationError):
        found = parse(log)
        described = describe(found, elf, layers)
        if found.panic and described:
            return lines(found.panic["cause"], described)
    return []


def _callers(fault: Fault) -> Iterator[str]:
    for number, frame in enumerate(fault["backtrace"]):
        yield f"  #{number} {frame['pc']} {_shown(frame)}"
    if not fault["complete"]:
        yield "  further callers are not known"


def _behind(fault: Fault) -> Iterator[str]:
    if fault["left_behind"]:
        yield "  at the end of the stack there are calls by:"
    for frame in fault["left_behind"]:
        yield f"     {frame['pc']} {_shown(frame)}"


def _shown(frame: dict[str, Any]) -> str:
    return f"{frame['function']} ({frame['location']})" if frame["location"] else frame["function"]


def _backtrace(found: Records, elf: Path) -> Backtrace:
    """From where the panic record says that it happened, without what reported it."""
    pc = int(found.panic["pc"], 0) if found.panic else 0
    if found.registers is None:
        return Backtrace(tuple(locate(elf, [pc])), complete=False)
    registers = [int(found.registers[name], 0) for name in REGISTERS]
    trace = backtrace(elf, registers, found.stack)
    own = tuple(dropwhile(lambda frame: frame.pc != pc, trace.frames))
    return Backtrace(own or trace.frames, trace.complete)


def _left_behind(found: Records, elf: Path) -> Sequence[Frame]:
    """Calls in the stack's guard, which the firmware tells of when it is damaged."""
    bottom = sim.symbol_address(elf, "__stack_bottom")
    top = int(found.registers[_STACK_POINTER], 0) if found.registers else 0
    return left_behind(
        elf, [word for address, word in sorted(found.stack.items()) if bottom <= address < top]
    )


def _frame(frame: Frame) -> dict[str, Any]:
    return {**asdict(frame), "pc": f"0x{frame.pc:08x}"}
