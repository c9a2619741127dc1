"""What the tests of sweeps share: small sweeps, and a cluster that is this process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from heepstor import config
from heepstor.sweep import spec, work
from heepstor.sweep.cluster import Batch
from heepstor.sweep.results import Row
from heepstor.sweep.spec import Point, Sweep
from heepstor.sweep.work import Outcome

FILE = """
{
  projects: ["mnist-single_layer"]
  backends: ["planner"]
  quantizations: ["per_channel"]
  hardware: { systolic_array: { size: [4, 8] } }
  simulate: "none"
  area: "none"
}
"""


def write(folder: Path, *changes: tuple[str, str]) -> Path:
    """A sweep file: `FILE` with texts replaced."""
    text = FILE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / "small.hjson"
    path.write_text(text, encoding="utf-8")
    return path


def load(folder: Path, *changes: tuple[str, str]) -> Sweep:
    return spec.load(write(folder, *changes), config.load())


@dataclass
class Here:
    """Does what a cluster does, and remembers what it was asked for."""

    batches: list[Batch] = field(default_factory=list)
    workers: int = 1

    def run(self, batches: Sequence[Batch], folder: str) -> Iterator[tuple[Batch, list[Outcome]]]:
        for batch in batches:
            self.batches.append(batch)
            yield batch, work.run(batch, folder)


def point(project: str = "a", **hardware: int) -> Point:
    """A point on the default hardware with some keys changed; `_` is `.` of the last part."""
    values = config.flatten(config.load().as_dict(), "default")
    changed = {key: next(k for k in values if k.endswith(f".{key}")) for key in hardware}
    values |= {changed[key]: value for key, value in hardware.items()}
    return Point(project, "planner", "per_channel", tuple(values.items()))


def row(
    of: Point,
    cycles: int,
    *,
    on_front: bool = False,
    accuracy: float | None = None,
    data: str | None = None,
    area: Mapping[str, Any] | None = None,
    simulated: Mapping[str, Any] | None = None,
    error: str | None = None,
) -> Row:
    """A row as a sweep gives it."""
    predicted = {
        "cycles": cycles,
        "memory_bytes": 1000,
        "accuracy": accuracy,
        "data": data,
    }
    return Row(
        of,
        Outcome(error=error) if error else Outcome(predicted),
        Outcome(dict(area)) if area else None,
        Outcome(dict(simulated)) if simulated else None,
        on_front,
    )
