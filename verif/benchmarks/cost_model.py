"""Measures the cycles that `heepstor.plan.cost` predicts, and fits its constants to them.

`python -m verif.benchmarks.cost_model` simulates some networks on both back-ends, at every latency
of the FPU, prints each layer's error with the present constants, and the constants that fit best.
For a CPU without an FPU: `--set cpu.core=ibex --latency 0`, and `--network` for "vector", "batch"
and those of `OPERATORS`, as all networks would take an hour.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from torch import nn

import heepstor
from heepstor.frontend import import_sequential
from heepstor.ir import Backend
from heepstor.plan import choose, cost, lower

# Every kind of loop in different proportions: few and many rows, odd columns, short and long runs.
PRODUCTS: dict[str, tuple[nn.Sequential, tuple[int, ...], int]] = {
    "vector": (
        nn.Sequential(
            nn.Linear(200, 64), nn.Linear(64, 9), nn.Linear(9, 32), nn.Linear(32, 32),
            nn.Linear(32, 3), nn.Linear(3, 130), nn.Linear(130, 10), nn.Linear(10, 1),
        ),
        (200,),
        1,
    ),
    "batch": (
        nn.Sequential(
            nn.Linear(64, 40), nn.ReLU(), nn.Linear(40, 8), nn.Linear(8, 13), nn.Linear(13, 16),
            nn.Linear(16, 3), nn.Linear(3, 5),
        ),
        (64,),
        14,
    ),
    "in-place": (
        nn.Sequential(
            nn.Conv2d(1, 8, 5), nn.ReLU(), nn.Conv2d(8, 16, 3), nn.Conv2d(16, 6, (1, 3)),
            nn.Conv2d(6, 24, 1), nn.Conv2d(24, 10, 4, stride=2), nn.Conv2d(10, 3, 2),
        ),
        (1, 18, 18),
        1,
    ),
    "gathered": (
        nn.Sequential(
            nn.Conv2d(1, 6, 3, padding=1), nn.Conv2d(6, 12, 3, padding=1, stride=2),
            nn.Conv2d(12, 7, (1, 3), padding=(0, 1)), nn.Conv2d(7, 16, 3, padding=2, dilation=2),
        ),
        (1, 15, 15),
        1,
    ),
    "groups": (
        nn.Sequential(
            nn.Conv2d(8, 8, 3, groups=8), nn.Conv2d(8, 16, 3, groups=2),
            nn.Conv2d(16, 16, 3, dilation=2), nn.Conv2d(16, 4, 1, groups=2),
            nn.Conv2d(4, 8, 3, groups=4, padding=1),
        ),
        (8, 14, 14),
        1,
    ),
}  # fmt: skip
OPERATORS: dict[str, tuple[nn.Sequential, tuple[int, ...], int]] = {
    "pools": (
        nn.Sequential(
            nn.BatchNorm2d(5), nn.MaxPool2d(3, stride=1, padding=1), nn.MaxPool2d(2), nn.ReLU(),
            nn.MaxPool2d((1, 4)), nn.MaxPool2d((3, 1), stride=1, padding=(1, 0)),
            nn.MaxPool2d(2, ceil_mode=True),
        ),
        (5, 14, 16),
        1,
    ),
    "few channels": (
        nn.Sequential(
            nn.ReLU(), nn.MaxPool2d(2), nn.MaxPool2d(5, stride=2), nn.Flatten(), nn.Softmax(1),
        ),
        (2, 22, 22),
        1,
    ),
    "many channels": (
        nn.Sequential(
            nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2), nn.BatchNorm2d(16),
            nn.MaxPool2d(2, dilation=3, padding=1), nn.Flatten(), nn.Softmax(1),
        ),
        (16, 10, 12),
        1,
    ),
    "rows": (nn.Sequential(nn.ReLU(), nn.Softmax(1)), (12,), 9),
}  # fmt: skip
NETWORKS = PRODUCTS | OPERATORS


@dataclass(frozen=True)
class Measurement:
    """A layer's counts and cycles."""

    name: str
    counts: cost.Counts
    cycles: int
    predicted: int


def measure(
    networks: Sequence[str], backend: Backend, overrides: Sequence[str]
) -> list[Measurement]:
    """Simulate networks by their names on `backend`; one entry for each layer."""
    measurements = []
    for name in networks:
        model, shape, batch = NETWORKS[name]
        compiled = heepstor.compile(
            model,
            input_shape=shape,
            batch=batch,
            name=f"cost-model-{name.replace(' ', '-')}-{backend.value}",
            backend=backend.value,
            overrides=overrides,
        )
        report = compiled.simulate()
        assert report["passed"], name
        config = compiled.options.config
        graph = lower(import_sequential(model, shape, batch=batch), per_channel=True)
        nodes = choose(graph, config, backend).nodes
        for node, layer in zip(nodes, report["layers"], strict=True):
            counts = cost.counts(node, config, backend)
            found = Measurement(
                f"{name} {node.name}", counts, layer["cycles"], layer["predicted_cycles"]
            )
            measurements.append(found)
    return measurements


def fit(measurements: Sequence[Measurement]) -> dict[str, float]:
    """Cycles of each part, none negative, with the least relative error."""
    parts = sorted({part for m in measurements for part in m.counts})
    counts = np.array([[m.counts.get(part, 0) for part in parts] for m in measurements], float)
    cycles = np.array([m.cycles for m in measurements], float)
    relative = counts / cycles[:, None]
    return dict(zip(parts, _non_negative(relative, np.ones(len(cycles))), strict=True))


def _non_negative(
    matrix: npt.NDArray[np.float64], target: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Least squares with the columns whose factor would be negative left out."""
    solution = np.zeros(matrix.shape[1])
    active = np.arange(matrix.shape[1])
    while True:
        factors = np.linalg.lstsq(matrix[:, active], target, rcond=None)[0]
        if (factors >= 0).all():
            solution[active] = factors
            return solution
        active = np.delete(active, factors.argmin())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--latency", action="append", type=int, choices=(0, 1, 2))
    parser.add_argument("--network", action="append", choices=NETWORKS)
    arguments = parser.parse_args()
    for latency in arguments.latency or (0, 1, 2):
        for backend in cost.CYCLES:
            overrides = [*arguments.set, f"cpu.fpu_latency={latency}"]
            computed = NETWORKS if backend is Backend.SOFTWARE else PRODUCTS
            networks = [name for name in arguments.network or computed if name in computed]
            if not networks:
                continue
            measurements = measure(networks, backend, overrides)
            print(f"\n{backend.value}, FPU latency {latency}")
            constants = fit(measurements)
            for m in measurements:
                fitted = sum(count * constants[part] for part, count in m.counts.items())
                print(
                    f"  {m.name:20} {m.cycles:9,} cycles, predicted {m.predicted / m.cycles:6.1%}, "
                    f"fitted {fitted / m.cycles:6.1%}"
                )
            for part, value in constants.items():
                print(f'    "{part}": {value:.2f},')


if __name__ == "__main__":
    main()
