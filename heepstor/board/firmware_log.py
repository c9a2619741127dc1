"""Reads the records that our firmware prints, out of a log that may hold more, less or garbage."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from heepstor.board.log import CONFIGURATION, IMAGE, RTL, Log, MeasuredLayer
from heepstor.errors import LogError, SimulationError
from heepstor.report import records
from heepstor.report.document import Report

FORMAT = "records of HEEPstor's firmware"

_RECORD = re.compile(r"@(heepstor|layer|output|total|memory|result|panic|registers|stack)\b")
_HEADER = "@heepstor "
_RESULT = "@result "
_FACTS = {CONFIGURATION: "config", RTL: "rtl", IMAGE: "image"}

Lines = Sequence[str]


def recognizes(lines: Lines) -> bool:
    """Whether there is any record in it."""
    return any(_RECORD.search(line) for line in lines)


def read(lines: Lines, report: Report, name: str) -> Log:
    """The last whole run of the report's project; `name` names the log in messages.

    Raises:
        LogError: there is no run of this project in it.
    """
    runs = _runs(lines, name)
    run = _run_of(report["project"], runs, name)
    whole, faults = _undamaged(run)
    found = records.parse("\n".join(whole))
    faults += _ending_faults(found)
    layers = [_layer(index, row["name"], found) for index, row in enumerate(report["layers"])]
    faults += [fault for _, fault in layers if fault]
    faults += _order_faults(found, len(layers))
    return Log(
        format=FORMAT,
        identity={fact: _field(found, key) for fact, key in _FACTS.items()},
        layers=tuple(layer for layer, _ in layers),
        faults=tuple(faults),
        notes=_notes(lines, runs),
        chatter=_chatter(run),
    )


def _runs(lines: Lines, name: str) -> list[Lines]:
    """The lines from each header to the next."""
    starts = [i for i, line in enumerate(lines) if line.startswith(_HEADER)]
    if not starts:
        raise LogError(f"{name}: has no @heepstor record: the beginning of the run is missing")
    return [lines[a:b] for a, b in zip(starts, [*starts[1:], len(lines)], strict=True)]


def _run_of(project: str, runs: Sequence[Lines], name: str) -> Lines:
    own = [run for run in runs if f" project={project} " in f"{run[0]} "]
    if not own:
        raise LogError(f"{name}: is a log of another project than {project}: {runs[-1][0]!r}")
    whole = [run for run in own if any(line.startswith(_RESULT) for line in run)]
    return (whole or own)[-1]


def _notes(lines: Lines, runs: Sequence[Lines]) -> tuple[str, ...]:
    before = lines[: len(lines) - sum(map(len, runs))]
    notes = []
    if recognizes(before):
        notes.append("the log begins in the middle of a run, which is left out")
    if len(runs) > 1:
        notes.append(
            f"the log has {len(runs)} runs; the last whole one of this project counts, "
            "or the last if none is whole"
        )
    return tuple(notes)


def _undamaged(run: Lines) -> tuple[list[str], list[str]]:
    """The records that can be read, and a fault for each of the others."""
    whole, faults = [], []
    for line in run:
        if not line.startswith("@") and not _RECORD.search(line):
            continue  # for people
        if _is_whole(line):
            whole.append(line)
        else:
            faults.append(f"a record is damaged: {line!r}")
    return whole, faults


def _is_whole(line: str) -> bool:
    """Whether it is one record, with all of its fields."""
    if [match.start() for match in _RECORD.finditer(line)] != [0]:
        return False
    try:
        records.parse(line)
    except SimulationError:
        return False
    return True


def _field(found: records.Records, key: str) -> str | None:
    return found.header.get(key) if found.header else None


def _layer(
    index: int, name: str, found: records.Records
) -> tuple[MeasuredLayer | None, str | None]:
    """What the log has of a layer, and what is wrong with it."""
    own = [record for record in found.layers if record.index == index]
    if not own:
        return None, f"layer {name} is missing in the log"
    if len(own) > 1:
        cycles = " and ".join(f"{record.cycles:,}" for record in own)
        return None, f"layer {name} is in the log {len(own)} times, with {cycles} cycles"
    measured = MeasuredLayer(own[0].cycles, counters=own[0].stream)
    return measured, None if own[0].ok else f"layer {name} did not compute the golden output"


def _order_faults(found: records.Records, expected: int) -> Iterator[str]:
    """What is wrong with the layers as a whole."""
    indices = [record.index for record in found.layers]
    yield from (
        f"layer {index} is in the log, but the report has {expected} layers"
        for index in indices
        if index >= expected
    )
    if indices != sorted(indices):
        yield "the records of layers are not in order: lines of several runs are mixed"
    total = sum(record.cycles for record in found.layers)
    if found.total_cycles is not None and found.total_cycles != total:
        yield f"the layers have {total:,} cycles in all, but @total says {found.total_cycles:,}"


def _ending_faults(found: records.Records) -> Iterator[str]:
    if found.panic:
        said = " ".join(f"{key}={value}" for key, value in found.panic.items())
        yield f"the firmware ended in a panic: {said}"
    elif found.result is None:
        yield "the log ends before the @result record: it is truncated"
    elif found.result.get("exit") != "0":
        yield f"the run failed: status={found.result.get('status', 'unknown')}"
    else:
        needed = {"@total": found.total_cycles, "@memory": found.stack_used}
        yield from (f"the {kind} record is missing" for kind, n in needed.items() if n is None)


def _chatter(run: Lines) -> int:
    """Characters between the header and the first layer's record, where nothing is printed."""
    first = next((i for i, line in enumerate(run) if line.startswith("@layer ")), len(run))
    return sum(len(line) + 1 for line in run[1:first] if not line.startswith("@"))
