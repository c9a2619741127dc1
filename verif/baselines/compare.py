"""A run against its baseline: which layer differs, by how much, and whether it may."""

from __future__ import annotations

from dataclasses import dataclass

from heepstor import aligned
from heepstor.history import change
from verif.baselines.baseline import UPDATE, Baseline


@dataclass(frozen=True)
class Difference:
    """A layer whose cycles are not those of the baseline; None on the side that has no such."""

    layer: str
    before: int | None
    now: int | None
    tolerance: int

    @property
    def is_failure(self) -> bool:
        """Whether it is slower than it may be, or has nothing to be compared with."""
        if self.before is None or self.now is None:
            return True
        return self.now > self.before + self.tolerance

    @property
    def verdict(self) -> str:
        """What it is, in words."""
        if self.before is None:
            return "is new"
        if self.now is None:
            return "is gone"
        if self.now < self.before:
            return "is faster"
        return f"is slower, tolerance {self.tolerance}"

    @property
    def words(self) -> str:
        """All of it in a sentence without its end."""
        before, now, difference = _sides(self.before, self.now)
        return f"{self.layer} {self.verdict}: {before} -> {now} cycles, {difference}"


@dataclass(frozen=True)
class Comparison:
    """A run of one project on one back-end beside its baseline."""

    project: str
    backend: str
    baseline: Baseline
    now: Baseline
    differences: tuple[Difference, ...]
    update: str
    """The command that makes the run the baseline."""

    @property
    def failures(self) -> list[Difference]:
        """The layers for which the run is no success, the worst first."""
        failures = [found for found in self.differences if found.is_failure]
        return sorted(failures, key=lambda found: (found.before or 0) - (found.now or 0))

    @property
    def cause(self) -> str:
        """Why it is a failure, in one line."""
        worst, *others = self.failures
        more = f"; and {len(others)} more" if others else ""
        return (
            f"{self.project}, {self.backend}: {worst.words}, since the {self.baseline.origin}{more}"
        )

    @property
    def text(self) -> str:
        """Every difference in a line, and what to do if it is meant; empty if there is none."""
        moved = self.now.config != self.baseline.config
        if not self.differences and not moved:
            return ""
        lines = [f"{self.project}, {self.backend}: cycles since the {self.baseline.origin}"]
        if moved:
            lines.append(f"configuration {self.baseline.config} -> {self.now.config}")
        lines += aligned.columns(self._table(), {0, 4})
        lines.append(f"if this is meant: {self.update} {self.project}")
        return "\n  ".join(lines)

    def _table(self) -> list[list[str]]:
        before, now = (sum(one.cycles.values()) for one in (self.baseline, self.now))
        return [
            ["layer", "baseline", "now", "change", ""],
            *(
                [found.layer, *_sides(found.before, found.now), found.verdict]
                for found in self.differences
            ),
            ["total", *_sides(before, now), ""],
        ]


def compare(
    project: str, backend: str, baseline: Baseline, now: Baseline, update: str = UPDATE
) -> Comparison:
    """Compare layer by layer, those of the baseline first."""
    layers = dict.fromkeys([*baseline.cycles, *now.cycles])
    differences = [
        Difference(
            layer,
            baseline.cycles.get(layer),
            now.cycles.get(layer),
            baseline.tolerance.get(layer, 0),
        )
        for layer in layers
        if baseline.cycles.get(layer) != now.cycles.get(layer)
    ]
    return Comparison(project, backend, baseline, now, tuple(differences), update)


def _sides(before: int | None, now: int | None) -> list[str]:
    """Cells of a table: before, now, and the change."""
    return [*("-" if n is None else f"{n:,}" for n in (before, now)), change(before, now)]
