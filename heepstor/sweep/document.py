"""The rows of a sweep as JSON, CSV and a table for people."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from heepstor import aligned
from heepstor.sweep.results import Row
from heepstor.sweep.spec import Sweep

SCHEMA = "heepstor-sweep/2"

_NUMBERS = {
    "predicted_cycles": ("predicted", "cycles"),
    "predicted_memory_bytes": ("predicted", "memory_bytes"),
    "cycles": ("simulated", "cycles"),
    "memory_bytes": ("simulated", "memory_bytes"),
    "run": ("simulated", "run"),
    "lut": ("area", "lut"),
    "ff": ("area", "ff"),
    "dsp": ("area", "dsp"),
    "bram36": ("area", "bram36"),
    "accuracy": ("predicted", "accuracy"),
    "data": ("predicted", "data"),
}
"""Columns behind those of the point: which outcome has the number, and its name there."""

_SHOWN = {
    "predicted": "predicted_cycles",
    "predicted-memory": "predicted_memory_bytes",
    "simulated": "cycles",
    "memory": "memory_bytes",
    "LUT": "lut",
    "FF": "ff",
    "DSP": "dsp",
    "BRAM": "bram36",
    "accuracy": "accuracy",
}
_MOST_ERRORS = 10


def record(row: Row) -> dict[str, Any]:
    """All that is known of a point; None is not known."""
    numbers = {name: row.number(*where) for name, where in _NUMBERS.items()}
    ending = {"pareto": row.on_front, "error": row.error}
    return row.point.values() | numbers | ending


def as_json(sweep: Sweep, rows: Sequence[Row]) -> str:
    """All rows, for programs."""
    document = {
        "schema": SCHEMA,
        "name": sweep.name,
        "varied": sweep.varied,
        "points": [record(row) for row in rows],
    }
    return json.dumps(document, indent=1) + "\n"


def as_csv(rows: Sequence[Row]) -> str:
    """All rows, for a spreadsheet; a cell is empty where a number is not known."""
    records = [record(row) for row in rows]
    text = io.StringIO()
    writer = csv.DictWriter(text, records[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()


def table(sweep: Sweep, rows: Sequence[Row]) -> list[list[str]]:
    """Headings, and a line for each row: what was varied, and the numbers that there are."""
    records = [record(row) for row in rows]
    point = ["project", *sweep.varied]
    known = {
        heading: name
        for heading, name in _SHOWN.items()
        if any(values[name] is not None for values in records)
    }
    # The last part of a key tells it apart.
    headings = [*(name.rpartition(".")[2] for name in point), *known]
    lines = [
        [*(str(values[name]) for name in point), *(_cell(n, values[n]) for n in known.values())]
        for values in records
    ]
    return [headings, *lines]


def is_shown(row: Row) -> bool:
    """Whether a row is one of the few that are worth a line: on the front, or simulated."""
    return row.error is None and (row.on_front or row.simulated is not None)


def render(sweep: Sweep, rows: Sequence[Row]) -> str:
    """The rows that are worth a line, the errors, and how many there are of each kind."""
    shown = table(sweep, [row for row in rows if is_shown(row)])
    head, *lines = aligned.columns(shown, {0})
    return "\n".join([head, aligned.rule(shown), *lines, "", *summary(rows)])


def summary(rows: Sequence[Row]) -> list[str]:
    """How many points there are of each kind; the errors with how often they came."""
    errors = Counter(row.error for row in rows if row.error)
    lines = [f"{count:,} x {error}" for error, count in errors.most_common(_MOST_ERRORS)]
    if len(errors) > _MOST_ERRORS:
        lines.append(f"and {len(errors) - _MOST_ERRORS:,} other errors")
    counts = {
        "points": len(rows),
        "on the front": sum(row.on_front for row in rows),
        "simulated": sum(bool(row.simulated and row.simulated.numbers) for row in rows),
        "with area": sum(bool(row.area and row.area.numbers) for row in rows),
        "failed": errors.total(),
    }
    return [*lines, ", ".join(f"{count:,} {kind}" for kind, count in counts.items())]


def _cell(name: str, value: Any) -> str:  # noqa: ANN401 (as JSON has it)
    if value is None:
        return ""
    return f"{value:.2%}" if name == "accuracy" else f"{value:,}"
