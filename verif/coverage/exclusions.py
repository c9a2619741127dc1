"""What need not be reached, each with its reason: `exclusions.hjson`.

An exclusion names its points by what the source says there, not by line numbers, so that edits of
other lines do not matter. One that excludes nothing is an error: it is misspelt, or the point is
reached by now, or the code is gone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import hjson

from verif.coverage.reader import ROOT, Counts, Kind, Point

FILE = Path(__file__).with_name("exclusions.hjson")
_KEYS = {"file", "kind", "source", "point", "why"}


@dataclass(frozen=True)
class Exclusion:
    """Points of one kind in one file that need not be reached.

    Attributes:
        file: path below the project's root.
        kind: kind of the points.
        source: text that the line of the point contains.
        point: regular expression of the start of the point's name; empty for all of such lines.
        why: the reason.
    """

    file: str
    kind: Kind
    source: str
    point: str
    why: str

    def covers(self, point: Point, line: str) -> bool:
        """Whether it is about `point`, whose line in the source is `line`."""
        return (
            (point.file, point.kind) == (self.file, self.kind)
            and self.source in line
            and re.match(self.point, point.what) is not None
        )


def load(path: Path = FILE) -> list[Exclusion]:
    """The exclusions of a file.

    Raises:
        ValueError: an entry lacks a key, has one too many, or gives no reason.
    """
    entries = hjson.loads(path.read_text(encoding="utf-8"))
    return [_exclusion(number, entry) for number, entry in enumerate(entries, start=1)]


def _exclusion(number: int, entry: dict[str, str]) -> Exclusion:
    if set(entry) | {"point"} != _KEYS:
        raise ValueError(f"exclusion {number} has the keys {sorted(entry)}, not {sorted(_KEYS)}")
    if not entry["why"].strip():
        raise ValueError(f"exclusion {number} gives no reason")
    return Exclusion(
        file=entry["file"],
        kind=Kind(entry["kind"]),
        source=entry["source"],
        point=entry.get("point", ""),
        why=entry["why"],
    )


def apply(
    counts: Counts, exclusions: Sequence[Exclusion], *, root: Path = ROOT
) -> tuple[dict[Point, int], list[Exclusion]]:
    """Take out what is excluded and was not reached.

    Returns:
        The points that count, and the stale exclusions: those that took nothing out.
    """
    sources = {
        file: (root / file).read_text(encoding="utf-8").splitlines()
        for file in {exclusion.file for exclusion in exclusions}
    }
    used: set[Exclusion] = set()
    kept: dict[Point, int] = {}
    for point, count in counts.items():
        matching: list[Exclusion] = []
        if count == 0 and point.file in sources:
            line = sources[point.file][point.line - 1]
            matching = [exclusion for exclusion in exclusions if exclusion.covers(point, line)]
        used.update(matching)
        if not matching:
            kept[point] = count
    return kept, [exclusion for exclusion in exclusions if exclusion not in used]
