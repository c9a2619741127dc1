"""What the firmware tells of a fault, in terms of its sources."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from itertools import dropwhile
from pathlib import Path
from typing import Any

from heepstor.errors import SimulationError
from heepstor.report.records import Records, parse
from heepstor.sim.backtrace import REGISTERS, Backtrace, Frame, backtrace, locate

Fault = dict[str, Any]

_LONGEST_CYCLE = 8  # of functions that call each other


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
        "skipped_bytes": trace.skipped_bytes,
        "outermost": list(map(_frame, trace.outermost)),
    }


def lines(cause: str, fault: Fault) -> list[str]:
    """The same for people; `cause` is that of the panic record."""
    where = _shown(fault["backtrace"][0])
    layer = f"layer {fault['layer']}" if fault["layer"] else "outside layers"
    return [f"fault: {cause} in {where}, {layer}", *_callers(fault)]


def in_log(log: str, elf: Path, layers: Sequence[str]) -> list[str]:
    """The fault that a board's log tells of, for people; nothing if it is damaged."""
    with suppress(SimulationError):
        found = parse(log)
        described = describe(found, elf, layers)
        if found.panic and described:
            return lines(found.panic["cause"], described)
    return []


def _callers(fault: Fault) -> Iterator[str]:
    yield from _frames(fault["backtrace"])
    if fault["outermost"]:
        yield f"  ... {fault['skipped_bytes']:,} bytes of the stack are skipped, then"
        yield from _frames(fault["outermost"], numbered=False)
    elif not fault["complete"]:
        yield "  further callers are not known"


def _frames(frames: Sequence[dict[str, Any]], *, numbered: bool = True) -> Iterator[str]:
    """A line a frame; of those that come again and again, as in a recursion, the first ones."""
    first = 0
    while first < len(frames):
        length, times = _cycle(frames[first:])
        for number in range(first, first + length):
            frame = frames[number]
            yield f"  {f'#{number} ' if numbered else ''}{frame['pc']} {_shown(frame)}"
        first += length * times
        if times > 1:
            yield f"  ... {length * (times - 1)} more like {'these' if length > 1 else 'this'}"


def _cycle(frames: Sequence[dict[str, Any]]) -> tuple[int, int]:
    """After how many frames the first ones come again, and how often they are there."""
    for length in range(1, _LONGEST_CYCLE + 1):
        times = 1
        while frames[times * length :][:length] == frames[:length]:
            times += 1
        if times > 1:
            return length, times
    return 1, 1


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
    return replace(trace, frames=own or trace.frames)


def _frame(frame: Frame) -> dict[str, Any]:
    return {**asdict(frame), "pc": f"0x{frame.pc:08x}"}
