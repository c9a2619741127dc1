"""Writes LCOV's tracefile format, which genhtml, editors and CI services read.

Only lines (DA) and branches (BRDA): the format has no toggles and no expressions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from verif.coverage.metrics import FileCoverage
from verif.coverage.reader import Kind


def render(files: Iterable[FileCoverage]) -> str:
    """The tracefile of some files, with paths below the project's root."""
    return "".join(line + "\n" for file in files for line in _record(file))


def _record(file: FileCoverage) -> list[str]:
    lines, branches = file.ratio(Kind.LINE), file.ratio(Kind.BRANCH)
    return [
        "TN:",
        f"SF:{file.file}",
        *_branches(file),
        f"BRF:{branches.total}",
        f"BRH:{branches.hit}",
        *(f"DA:{line},{count}" for line, count in file.lines().items()),
        f"LF:{lines.total}",
        f"LH:{lines.hit}",
        "end_of_record",
    ]


def _branches(file: FileCoverage) -> list[str]:
    """Branches are numbered by line; one of a line that never ran is `-`."""
    ran = file.lines()
    numbers: dict[int, int] = defaultdict(int)
    entries = []
    for point, count in file.of(Kind.BRANCH).items():
        taken = str(count) if ran[point.line] else "-"
        entries.append(f"BRDA:{point.line},0,{numbers[point.line]},{taken}")
        numbers[point.line] += 1
    return entries
