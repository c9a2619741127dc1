"""A simulated run and the log of the same run, for tests to alter."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from verif.unit import reports

LOGS = Path(__file__).parent / "logs"

IDENTITY = "config=0x00000001 rtl=0x00000002 image=0x00000003"

COUNTERS = {
    "stream_cycles": 900,
    "compute": 700,
    "wait_weights": 50,
    "wait_activations": 40,
    "wait_write_back": 10,
    "fill_drain": 100,
    "words_read": 300,
    "words_written": 30,
}

LAYERS = {"conv1+relu1": 1000, "fc1": 500, "softmax": 200}
"""Simulated cycles of each layer; the first one is streamed."""


def layer(name: str, cycles: int, **changes: Any) -> dict[str, Any]:
    """A row of a report."""
    (row,) = reports.example()["layers"]
    return row | {"name": name, "cycles": cycles, "predicted_cycles": cycles - 1} | changes


def report(project: str = "tiny", layers: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """The simulated run."""
    first = layer("conv1+relu1", 1000, backend="stream", stream=COUNTERS)
    rows = layers or [
        first,
        layer("fc1", 500),
        layer("softmax", 200, backend="software", macs=0, predicted_cycles=199),
    ]
    found = reports.example() | {"project": project, "layers": list(rows)}
    found["config"] |= {"clock_hz": 100_000_000, "uart": {"baud_rate": 1_000_000}}
    return found


def written(folder: Path, content: dict[str, Any]) -> Path:
    """A report as a file."""
    path = folder / "report.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def log(
    cycles: Sequence[int] = tuple(LAYERS.values()),
    *,
    identity: str = IDENTITY,
    project: str = "tiny",
    counters: dict[str, int] = COUNTERS,
) -> list[str]:
    """What the firmware prints, a line each; the first layer is streamed."""
    counted = " ".join(f"{name}={value}" for name, value in counters.items())
    lines = [f"@heepstor version=1 project={project} {identity} backend=mixed size=8 layers=3"]
    lines += [f"@layer index={i} cycles={c} hash=0x00000001 ok=1" for i, c in enumerate(cycles)]
    lines[1] += f" {counted}"
    return [
        *lines,
        f"@total cycles={sum(cycles)}",
        "@output index=0 bits=0x3f800000",
        "@memory stack_used=300 stack_size=16384",
        "Predicted class 3",
        "@result status=pass top1=3 exit=0",
    ]


def saved(folder: Path, lines: Sequence[str]) -> Path:
    """A log as a file."""
    path = folder / "log.txt"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="latin-1")
    return path
