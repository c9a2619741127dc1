"""How the cycles of a project went from commit to commit: comparable runs side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from typing import Any

from heepstor import aligned
from heepstor.aligned import NOTHING, count, total
from heepstor.errors import HistoryError
from heepstor.history.database import VARIABLE, Run

Rows = list[list[str]]
"""A table: the headings, then a list a line."""

_COMMON = ("project", "backend", "config", "quantization", "batch", "assertions")
"""What runs have to have in common to be compared."""


@dataclass(frozen=True)
class Series:
    """Runs that differ in the sources alone, the oldest first."""

    runs: tuple[Run, ...]

    @property
    def title(self) -> str:
        """What the runs have in common, in words."""
        run = self.runs[0]
        unusual = [f"batch {run.batch}"] if run.batch > 1 else []
        unusual += ["per tensor"] if run.quantization == "per_tensor" else []
        unusual += [] if run.assertions else ["no assertions"]
        return ", ".join([run.project, run.backend, f"configuration {run.config}", *unusual])

    @property
    def steps(self) -> tuple[Run, ...]:
        """Without runs that only repeat the one before: same commit, same cycles, same verdict."""
        runs = groupby(self.runs, lambda run: (run.revision, run.layers, run.passed))
        return tuple(next(group) for _, group in runs)

    @property
    def layers(self) -> list[str]:
        """Names of all layers, in the order of the latest run; such as are gone come last."""
        return list(dict.fromkeys(layer.name for run in self.runs[::-1] for layer in run.layers))


def series_of(
    runs: Iterable[Run], *, project: str | None = None, backend: str | None = None
) -> list[Series]:
    """Sort runs into series, those of one project next to each other.

    Raises:
        HistoryError: no run is left; names the projects and back-ends that have some.
    """
    runs = list(runs)
    wanted = [
        run for run in runs if project in (None, run.project) and backend in (None, run.backend)
    ]
    if not wanted:
        raise HistoryError(_nothing(runs, project, backend))
    found: dict[tuple[object, ...], list[Run]] = {}
    for run in sorted(wanted, key=lambda run: run.project):
        key = tuple(getattr(run, name) for name in _COMMON)
        found.setdefault(key, []).append(run)
    return [Series(tuple(group)) for group in found.values()]


def _nothing(runs: Sequence[Run], project: str | None, backend: str | None) -> str:
    if not runs:
        return (
            "no run is recorded yet; `heepstor sim <project>` records one, "
            f"unless {VARIABLE} is empty"
        )
    there = sorted({f"{run.project} ({run.backend})" for run in runs})
    wanted = f" of {project}" if project else ""
    wanted += f" with back-end {backend}" if backend else ""
    return f"no run{wanted} is recorded; there are: {', '.join(there)}"


def narrowed(all_series: Sequence[Series], layer: str) -> list[Series]:
    """Series of one layer alone: by its name, or by that of a module that it covers.

    Raises:
        HistoryError: no run has such a layer; names those there are.
    """
    names = list(dict.fromkeys(name for series in all_series for name in series.layers))
    wanted = {name for name in names if layer == name or layer in name.split("+")}
    if not wanted:
        raise HistoryError(f"no run has a layer {layer!r}; there are: {', '.join(names)}")
    return [
        Series(
            tuple(
                replace(run, layers=tuple(kept for kept in run.layers if kept.name in wanted))
                for run in series.runs
            )
        )
        for series in all_series
        if wanted & set(series.layers)
    ]


def trend(series: Series, *, last: int) -> Rows:
    """Layers by the `last` steps, and how much the latest differs from the first that is shown."""
    steps = series.steps[-last:]
    cycles = {name: [run.cycles(name) for run in steps] for name in Series(steps).layers}
    if len(cycles) > 1:
        cycles["total"] = [run.total for run in steps]
    return [
        ["layer", "change", *(str(run.revision) for run in steps)],
        ["", "", *(run.time[:10] for run in steps)],
        *([name, change(row[0], row[-1]), *map(count, row)] for name, row in cycles.items()),
        ["predicted", "", *(count(_predicted(run)) for run in steps)],
        ["verdict", "", *("PASS" if run.passed else "FAIL" for run in steps)],
    ]


def render(all_series: Sequence[Series], *, last: int) -> str:
    """The trend of every series for a terminal."""
    return "\n\n".join(
        "\n".join([series.title, "", *aligned.columns(trend(series, last=last), {0})])
        for series in all_series
    )


def overview(all_series: Sequence[Series]) -> str:
    """For a terminal, a line a series: its latest run, and the last change of its cycles."""
    head = ["project", "back-end", "configuration", "runs", "latest", "commit", "cycles", "change"]
    return "\n".join(aligned.columns([head, *map(_overview_row, all_series)], {0, 1, 2}))


def _overview_row(series: Series) -> list[str]:
    latest = series.runs[-1]
    before = next((run for run in series.runs[::-1] if run.total != latest.total), latest)
    return [
        latest.project,
        latest.backend,
        latest.config,
        str(len(series.runs)),
        latest.time[:10],
        str(latest.revision),
        count(latest.total) if latest.passed else "FAIL",
        change(before.total, latest.total),
    ]


def as_dict(series: Series) -> dict[str, Any]:
    """A series with all its runs, for scripts."""
    run = series.runs[0]
    return {
        **{name: getattr(run, name) for name in _COMMON},
        "runs": [
            {
                "time": run.time,
                **run.revision.as_dict(),
                "passed": run.passed,
                "total_cycles": run.total,
                "layers": [asdict(layer) for layer in run.layers],
            }
            for run in series.runs
        ],
    }


def change(before: int | None, after: int | None) -> str:
    """A difference in cycles and percent: `+12 (+0.11%)`; `-` where there is nothing to compare."""
    if before is None or after is None:
        return NOTHING
    share = f" ({(after - before) / before:+.2%})" if before and after != before else ""
    return f"{after - before:+,}{share}" if after != before else "0"


def _predicted(run: Run) -> int | None:
    """None for a run of a version that did not predict all layers."""
    return total(layer.predicted or None for layer in run.layers)
