"""What part of the source was reached: per file, and by kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from verif.coverage.reader import Counts, Kind, Point


@dataclass(frozen=True)
class Ratio:
    """`hit` of `total` things."""

    hit: int
    total: int

    @property
    def percent(self) -> float:
        """100 where there is nothing to reach."""
        return 100 * self.hit / self.total if self.total else 100.0

    def __add__(self, other: Ratio) -> Ratio:
        return Ratio(self.hit + other.hit, self.total + other.total)

    def __str__(self) -> str:
        return f"{self.percent:.1f} % ({self.hit}/{self.total})" if self.total else "-"


@dataclass(frozen=True)
class FileCoverage:
    """The points of one file that count, without those excluded."""

    file: str
    counts: Counts

    def of(self, kind: Kind) -> dict[Point, int]:
        """The points of one kind, in the order of the source."""
        return {point: self.counts[point] for point in sorted(self.counts) if point.kind is kind}

    def lines(self) -> dict[int, int]:
        """How often each line with statements ran.

        A line with several points, such as `if` with its two arms, ran as often as the one that was
        reached most; that the other was not is for branch coverage to tell.
        """
        counts: dict[int, int] = defaultdict(int)
        for point, count in self.counts.items():
            for line in point.lines:
                counts[line] = max(counts[line], count)
        return dict(sorted(counts.items()))

    def ratio(self, kind: Kind) -> Ratio:
        """How much was reached: lines are counted for `Kind.LINE`, points for the others."""
        counts = self.lines() if kind is Kind.LINE else self.of(kind)
        return Ratio(sum(count > 0 for count in counts.values()), len(counts))


def by_file(counts: Counts) -> list[FileCoverage]:
    """The files of some points, by name."""
    files: dict[str, dict[Point, int]] = defaultdict(dict)
    for point, count in counts.items():
        files[point.file][point] = count
    return [FileCoverage(file, files[file]) for file in sorted(files)]


def total(files: Iterable[FileCoverage]) -> dict[Kind, Ratio]:
    """The sums over files."""
    files = list(files)
    return {kind: sum((file.ratio(kind) for file in files), Ratio(0, 0)) for kind in Kind}


def below(ratios: Mapping[Kind, Ratio], thresholds: Mapping[Kind, float]) -> list[str]:
    """A sentence for each ratio that is less than it has to be, in percent."""
    return [
        f"{kind} coverage is {ratios[kind]}; at least {percent:g} % is required"
        for kind, percent in thresholds.items()
        if not ratios[kind].total or ratios[kind].percent < percent
    ]
