"""Reads the coverage.dat files of simulators that Verilator built with coverage.

A line of such a file is one point of the source and how often it was reached:

    C '\\x01<key>\\x02<value>\\x01<key>\\x02<value>...' <count>

Keys: `f` file, `l` line, `n` column, `t` type, `o` what is reached, `S` the lines that run when it
is (`81-83,90`), `h` the instance. A point is the same in all instances of a module, in all runs and
for all parameters: its counts are added.
"""

from __future__ import annotations

import enum
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_ENTRY = re.compile(r"C '(?P<fields>.*)' (?P<count>\d+)")
_COMMENT = "#"
# Arms of `case` and of `else if` are decisions like any other; Verilator files them under `line`.
_BRANCHES_AMONG_LINES = ("case", "elsif")


class Kind(enum.StrEnum):
    """What is counted at a point."""

    LINE = "line"
    BRANCH = "branch"
    TOGGLE = "toggle"
    EXPRESSION = "expression"


_KINDS = {
    "line": Kind.LINE,
    "branch": Kind.BRANCH,
    "toggle": Kind.TOGGLE,
    "expr": Kind.EXPRESSION,
}


@dataclass(frozen=True, order=True)
class Point:
    """One thing that a run can reach.

    Attributes:
        file: path below the project's root; absolute where it is outside.
        line, column: from 1.
        kind: what is counted.
        what: which arm, which edge of which bit, which values of an expression.
        lines: the lines that run when the point is reached; none for toggles and expressions.
    """

    file: str
    line: int
    column: int
    kind: Kind
    what: str
    lines: tuple[int, ...]


Counts = Mapping[Point, int]
"""How often points were reached; 0 for those that never were."""


def read(path: Path, *, root: Path = ROOT) -> Counter[Point]:
    """The counts of one file; `root` is the folder below which file names are relative.

    Raises:
        ValueError: a line is not as Verilator writes it; with file and line.
    """
    counts: Counter[Point] = Counter()
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if text.startswith(_COMMENT):
            continue
        entry = _ENTRY.fullmatch(text)
        if entry is None:
            raise ValueError(f"{path}:{number}: not a line of coverage: {text[:80]!r}")
        try:
            point = _point(entry["fields"], root)
        except (KeyError, ValueError) as error:
            raise ValueError(f"{path}:{number}: bad or missing field: {error}") from error
        counts[point] += int(entry["count"])
    return counts


def merged(paths: Iterable[Path], *, root: Path = ROOT) -> Counter[Point]:
    """The sum of several files."""
    total: Counter[Point] = Counter()
    for path in paths:
        total.update(read(path, root=root))
    return total


def _point(text: str, root: Path) -> Point:
    fields = dict(_field(part) for part in text.split("\x01") if part)
    line, what = int(fields["l"]), fields["o"]
    kind = _KINDS[fields["t"]]
    if kind is Kind.LINE and what in _BRANCHES_AMONG_LINES:
        kind = Kind.BRANCH
    lines = ()
    if kind in (Kind.LINE, Kind.BRANCH):
        lines = (line, *(other for other in _lines(fields.get("S", "")) if other != line))
    return Point(_name(fields["f"], root), line, int(fields["n"]), kind, what, lines)


def _field(text: str) -> tuple[str, str]:
    key, _, value = text.partition("\x02")
    return key, value


def _lines(text: str) -> list[int]:
    """The numbers of `81-83,90`."""
    ranges = (part.partition("-") for part in text.split(",") if part)
    return [n for first, _, last in ranges for n in range(int(first), int(last or first) + 1)]


def _name(file: str, root: Path) -> str:
    path = Path(file)
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else file
