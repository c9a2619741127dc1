"""What is found out about a point: each stage a function from a point to numbers.

They run in workers. What a result depends on is its key; a worker whose own key of a point is
another one has other files than who asked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import cache, lru_cache
from math import prod
from pathlib import Path
from typing import Any

from heepstor import flow, plan, project
from heepstor.build import area
from heepstor.build import cache as build_cache
from heepstor.config import Config
from heepstor.errors import DataError, SimulationError
from heepstor.ir import Backend, Graph
from heepstor.plan.budget import CODE_BYTES, FLOAT_BYTES
from heepstor.report import provenance, render
from heepstor.sweep.spec import PLANNER, Point

Numbers = dict[str, Any]
"""A result, as JSON has it."""

_COMMON = (
    "heepstor/config.py",
    "heepstor/errors.py",
    "heepstor/registers.py",
    "heepstor/sweep/stages.py",
)
_PLANNING = (
    *_COMMON,
    "heepstor/datasets.py",
    "heepstor/frontend",
    "heepstor/ir.py",
    "heepstor/job.py",
    "heepstor/plan",
    "heepstor/project.py",
    "heepstor/quantize",
)
_HARDWARE = ("heepstor/build", "heepstor/emit", "requirements/constraints.txt", "rtl")
_RUNNING = (
    "heepstor/aligned.py",
    "golden",
    "heepstor/flow.py",
    "heepstor/history",
    "heepstor/report",
    "heepstor/revision.py",
    "heepstor/sim",
    "sw/hal",
    "sw/ops",
    "sw/runtime",
)

SOURCES: Mapping[str, Sequence[str]] = {
    "predict": _PLANNING,
    "area": (*_COMMON, *_HARDWARE),
    "simulate": (*_PLANNING, *_HARDWARE, *_RUNNING),
}
"""Files and folders that the code of a stage, and what it builds from, is in."""

_KEPT_PLANS = 64


def inputs(stage: str, point: Point) -> Mapping[str, Any]:
    """Everything that a result depends on.

    Raises:
        HeepstorError: there is no such hardware or project.
    """
    if stage == "area":
        parameters = area.parameters_of(point.config())
        return {
            "parameters": parameters,
            "sources": _sources_digest(stage),
            "tool": area.tool(),
        }
    return {
        "point": asdict(point),
        "files": _project_digest(point.project),
        "sources": _sources_digest(stage),
        **({"tools": _tools()} if stage == "simulate" else {}),
    }


def key(stage: str, point: Point) -> str:
    """Names the result of a stage for a point."""
    return f"{stage}-{build_cache.digest_of(inputs(stage, point))}"


def predict(point: Point, folder: Path) -> Numbers:
    """Cycles by the model, bytes of memory, and the accuracy that was recorded.

    Raises:
        HeepstorError: the network cannot be planned for this hardware.
    """
    config = point.config()
    chosen = _chosen(
        point.project,
        _is_per_channel(point),
        _backend(point),
        _project_digest(point.project),
        _without_memory(config),
    )
    planned = plan.assemble(chosen, config)
    constants = planned.weight_bytes + prod(planned.input.shape) * FLOAT_BYTES
    return {
        "cycles": sum(layer.predicted_cycles for layer in planned.layers),
        "memory_bytes": constants + planned.arena_bytes + config.stack_bytes + CODE_BYTES,
        **_recorded(point),
    }


def measure_area(point: Point, folder: Path) -> Numbers:
    """What the array takes of an FPGA.

    Raises:
        HeepstorError: Yosys is missing or failed.
    """
    return asdict(area.array_area(point.config()))


def simulate(point: Point, folder: Path) -> Numbers:
    """Cycles and bytes of memory of a run on the simulated SoC; its report is in `folder`.

    Raises:
        HeepstorError: it could not be built or run, or its outputs are not the golden ones.
    """
    loaded = project.find(point.project).load()
    options = flow.Options(
        config=point.config(),
        backend=_backend(point),
        per_channel=_is_per_channel(point),
        folder=folder,
    )
    report = flow.simulate(loaded, options)
    if not report["passed"]:
        verdict = render(report).splitlines()[-1]
        raise SimulationError(f"{verdict}; {folder / 'report.txt'} says more")
    return {
        "cycles": report["total_cycles"],
        "memory_bytes": report["memory"]["used"],
        "run": folder.name,
    }


STAGES: Mapping[str, Callable[[Point, Path], Numbers]] = {
    "predict": predict,
    "area": measure_area,
    "simulate": simulate,
}


def _backend(point: Point) -> Backend | None:
    return None if point.backend == PLANNER else Backend(point.backend)


def _is_per_channel(point: Point) -> bool:
    return point.quantization == "per_channel"


def _recorded(point: Point) -> Numbers:
    """Accuracy of the bit-exact model on the test set, as training wrote it down, and on what."""
    path = project.find(point.project).training_file
    if not path.exists():
        return {"accuracy": None, "data": None}
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        accuracy = float(record["test_accuracy"][f"golden_{point.quantization}"])
        return {"accuracy": accuracy, "data": str(record["data"]["name"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: is incomplete ({error!r}); train again") from error


# What does not depend on the point is done once in a worker. The digest is only there to make the
# entry of a project that was changed another one.


@cache
def _lowered(name: str, per_channel: bool, digest: str) -> Graph:
    graph = flow.graph_of(project.find(name).load())
    return plan.lower(graph, per_channel=per_channel)


@lru_cache(maxsize=_KEPT_PLANS)
def _chosen(
    name: str, per_channel: bool, backend: Backend | None, digest: str, config: Config
) -> Graph:
    return plan.choose(_lowered(name, per_channel, digest), config, backend)


def _without_memory(config: Config) -> Config:
    """The hardware without what only decides whether a network fits."""
    return replace(
        config, memory_banks=0, memory_bank_kib=0, memory_interleaved_banks=0, memory_stack_kib=0
    )


def _project_digest(name: str) -> str:
    folder = project.find(name).folder
    files = sorted(path for path in folder.iterdir() if path.is_file())
    return build_cache.digest_of({"files": build_cache.file_digests(files)})


@cache
def _tools() -> Mapping[str, str]:
    """Those of this process, asked for their versions once."""
    return provenance.tools()


@cache
def _sources_digest(stage: str) -> str:
    """Of the code that this process has loaded: looked at once."""
    files = [file for source in SOURCES[stage] for file in _files(flow.ROOT / source)]
    return build_cache.digest_of({"files": build_cache.file_digests(files)})


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return sorted(file for file in path.rglob("*") if file.is_file() and file.suffix != ".pyc")
