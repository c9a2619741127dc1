"""A sweep, from its points to rows: what was found out about each, and which are the best."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from heepstor import flow
from heepstor.errors import HeepstorError
from heepstor.sweep import pareto, stages
from heepstor.sweep.cluster import Batch, Cluster
from heepstor.sweep.spec import Point, Sweep
from heepstor.sweep.store import Store
from heepstor.sweep.work import Outcome, Task

_BATCH = 32
"""Predictions that are handed out at a time: what is shared is found out once in a batch."""

_SHARED = ("systolic_array.size", "systolic_array.ports", "systolic_array.accumulator_rows")
"""Points of a network with other ones of these have no jobs of `stream` mode in common."""

Found = dict[Point, Outcome]


@dataclass(frozen=True)
class Row:
    """A point and its outcomes; None: not asked for, or an earlier one failed."""

    point: Point
    predicted: Outcome
    area: Outcome | None = None
    simulated: Outcome | None = None
    on_front: bool = False

    @property
    def error(self) -> str | None:
        """Why a stage has no numbers."""
        outcomes = {"predict": self.predicted, "area": self.area, "simulate": self.simulated}
        for stage, outcome in outcomes.items():
            if outcome and outcome.error:
                return f"{stage}: {outcome.error}"
        return None

    @property
    def task(self) -> str:
        """Whose cycles can be compared: networks for one data set, or one network."""
        data = self.number("predicted", "data")
        return str(data) if data else self.point.project

    def number(self, outcome: str, name: str) -> Any:  # noqa: ANN401 (as JSON has it)
        """A number of an outcome, None if there is none."""
        found: Outcome | None = getattr(self, outcome)
        return found.numbers[name] if found and found.numbers else None


def run(
    sweep: Sweep,
    cluster: Cluster,
    folder: Path,
    on_progress: Callable[[str], None] = lambda _: None,
) -> list[Row]:
    """Predict every point, choose, simulate and measure the chosen ones.

    Args:
        sweep: what is asked for.
        cluster: who computes what is not in `folder` yet.
        folder: for the results; what is there from an earlier run is taken over.
        on_progress: called with where it is.

    Raises:
        SweepError: the cluster cannot go on. What was computed is kept.
    """
    work = _Work(cluster, folder, on_progress)
    points = list(sweep.points())
    predicted = work.outcomes("predict", points)
    good = [point for point in points if predicted[point].numbers]
    area = work.outcomes("area", good if sweep.area == "all" else [])
    rows = _with_front([Row(p, predicted[p], area.get(p)) for p in points])
    chosen = [row.point for row in rows if not row.error and _is_chosen(row, sweep)]
    simulated = work.outcomes("simulate", chosen)
    if sweep.area == "simulated":
        area = work.outcomes("area", [p for p in chosen if simulated[p].numbers])
    return [
        replace(row, area=area.get(row.point), simulated=simulated.get(row.point)) for row in rows
    ]


def _is_chosen(row: Row, sweep: Sweep) -> bool:
    match sweep.simulate:
        case "all":
            return True
        case "pareto":
            return row.on_front
        case _:
            return sweep.names(row.point)


def by_task(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """The rows without an error, those whose cycles can be compared together."""
    tasks: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if not row.error:
            tasks[row.task].append(row)
    return tasks


def _with_front(rows: Sequence[Row]) -> list[Row]:
    best = {
        row.point
        for group in by_task(rows).values()
        for row, is_best in zip(group, pareto.front([_costs(row) for row in group]), strict=True)
        if is_best
    }
    return [replace(row, on_front=row.point in best) for row in rows]


def _costs(row: Row) -> list[float]:
    """What should be small. Without a measured area: what it follows from."""
    config = row.point.config()
    size, words = config.systolic_array_size, config.systolic_array_activation_words
    if row.area and row.area.numbers:
        hardware = [row.area.numbers[name] for name in ("lut", "ff", "dsp", "bram36")]
    else:
        buffers = (
            4 * words
            + size * config.systolic_array_weight_rows
            + 4 * size * config.systolic_array_accumulator_rows
        )
        hardware = [size**2, config.systolic_array_ports, buffers]
    return [
        row.number("predicted", "cycles"),
        *hardware,
        config.memory_bytes,
        -(row.number("predicted", "accuracy") or 0),
    ]


class _Work:
    """Computes what is not there yet."""

    def __init__(self, cluster: Cluster, folder: Path, on_progress: Callable[[str], None]) -> None:
        self._cluster = cluster
        self._store = Store(folder)
        self._on_progress = on_progress

    def outcomes(self, stage: str, points: Sequence[Point]) -> Found:
        """The outcome of a stage for each point, from the folder or from the cluster."""
        refused: Found = {}
        keys: dict[Point, str] = {}
        for point in points:
            try:
                keys[point] = stages.key(stage, point)
            except HeepstorError as error:
                refused[point] = Outcome(error=str(error))
        tasks = {key: Task(key, stage, point) for point, key in keys.items()}
        found = {key: outcome for key in tasks if (outcome := self._kept(key))}
        missing = [task for key, task in tasks.items() if key not in found]
        self._say(stage, len(found), len(tasks))
        for batch, outcomes in self._cluster.run(_batches(stage, missing), self._relative_folder()):
            for task, outcome in zip(batch, outcomes, strict=True):
                found[task.key] = self._keep(task.key, outcome)
            self._say(stage, len(found), len(tasks))
        return refused | {point: found[key] for point, key in keys.items()}

    def _kept(self, key: str) -> Outcome | None:
        result = self._store.get(key)
        return Outcome(result["numbers"]) if result else None

    def _keep(self, key: str, outcome: Outcome) -> Outcome:
        """A worker keeps its results itself, and here too if it has the same folder."""
        kept = self._kept(key)
        if kept is None and outcome.numbers is not None:
            self._store.put(key, {"numbers": outcome.numbers})
        return kept or outcome

    def _relative_folder(self) -> str:
        folder = self._store.folder.resolve()
        inside = folder.is_relative_to(flow.ROOT)
        return str(folder.relative_to(flow.ROOT) if inside else folder)

    def _say(self, stage: str, done: int, total: int) -> None:
        if total:
            self._on_progress(f"{stage}: {done:,} of {total:,}, workers: {self._cluster.workers}")


def _batches(stage: str, tasks: Iterable[Task]) -> list[Batch]:
    """Predictions that have much in common go together; all else takes longer than its way."""
    if stage != "predict":
        return [[task] for task in tasks]
    groups: Mapping[tuple[object, ...], list[Task]] = defaultdict(list)
    for task in tasks:
        values = task.point.values()
        network = task.point.project, task.point.backend, task.point.quantization
        groups[*network, *(values[key] for key in _SHARED)].append(task)
    return [
        group[first : first + _BATCH]
        for group in groups.values()
        for first in range(0, len(group), _BATCH)
    ]
