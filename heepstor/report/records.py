"""Reads the records that the firmware prints on its UART (formats in docs/architecture.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from heepstor.errors import SimulationError

Record = dict[str, str]


STREAM_COUNTERS = (
    "stream_cycles",
    "compute",
    "wait_weights",
    "wait_activations",
    "wait_write_back",
    "fill_drain",
    "words_read",
    "words_written",
)
"""What the array counted, in the record of a layer in `stream` mode."""


@dataclass(frozen=True)
class LayerRecord:
    """What the firmware measured of one layer; `stream` is empty unless it was streamed."""

    index: int
    cycles: int
    hash: int
    ok: bool
    stream: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Records:
    """All records of one run; what the firmware did not reach is None or empty."""

    header: Record | None = None
    layers: tuple[LayerRecord, ...] = ()
    total_cycles: int | None = None
    stack_used: int | None = None
    result: Record | None = None
    panic: Record | None = None
    registers: Record | None = None
    """Of the CPU when the firmware failed, by name."""
    stack: Mapping[int, int] = field(default_factory=dict)
    """Address to word, of as much of the stack as the firmware told when it failed."""


def parse(text: str) -> Records:
    """Parse a console's text; lines that do not start with `@` are for people and ignored.

    Of several runs of the network, the last one counts.

    Raises:
        SimulationError: a record lacks a field or a field is not a number; names the line.
    """
    header = result = panic = registers = None
    total_cycles = stack_used = None
    layers: list[LayerRecord] = []
    stack: dict[int, int] = {}
    for line, kind, fields in _records(text):
        try:
            match kind:
                case "heepstor":
                    header = fields
                    layers = []  # of the run before
                case "layer":
                    layers.append(_layer(fields))
                case "total":
                    total_cycles = int(fields["cycles"], 0)
                case "memory":
                    stack_used = int(fields["stack_used"], 0)
                case "result":
                    result = fields
                case "panic":
                    panic = fields
                case "registers":
                    registers = fields
                case "stack":
                    stack |= _words(fields)
        except (KeyError, ValueError) as error:
            raise SimulationError(f"console: record {line!r} is damaged ({error!r})") from error
    return Records(header, tuple(layers), total_cycles, stack_used, result, panic, registers, stack)


def _records(text: str) -> Iterator[tuple[str, str, Record]]:
    for line in text.splitlines():
        if not line.startswith("@"):
            continue
        kind, *words = line[1:].split()
        yield line, kind, dict(word.split("=", 1) for word in words if "=" in word)


def _layer(fields: Record) -> LayerRecord:
    return LayerRecord(
        index=int(fields["index"], 0),
        cycles=int(fields["cycles"], 0),
        hash=int(fields["hash"], 0),
        ok=fields["ok"] == "1",
        stream=_stream(fields),
    )


def _stream(fields: Record) -> Mapping[str, int]:
    if STREAM_COUNTERS[0] not in fields:
        return {}
    return {name: int(fields[name], 0) for name in STREAM_COUNTERS}


def _words(fields: Record) -> dict[int, int]:
    address = int(fields["address"], 0)
    words = [int(word, 0) for word in fields["words"].split(",")]
    return {address + 4 * i: word for i, word in enumerate(words)}
