"""The example networks, whole, on the whole SoC: golden on every back-end, and what they cost."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import pytest

from heepstor import config, flow, project, report
from heepstor.ir import Backend

TRAINED = {"cifar10", "mnist-single_layer", "mnist-multi_layer"}

HEEPSTOR_CYCLES = {
    "cifar10": 12_890_003,
    "bench-fmnist-large": 13_108_013,
    "bench-fmnist-medium": 1_572_817,
    "fmnist-conv2d": 1_503_367,
}
"""HEEPstor's published RTL, simulated, array 8x8: what `direct` mode must beat."""


def simulate(name: str, backend: Backend) -> flow.document.Report:
    """Run a project under a name of its own: another test may run the project at this moment."""
    alias = f"test-{name}-{backend.value}"
    loaded = replace(
        project.find(name).load(), name=alias, gen_dir=flow.ROOT / "build" / alias / "gen"
    )
    result = flow.simulate(loaded, flow.Options(config=config.load(), backend=backend))
    assert result["passed"], report.render(result)
    return result


@pytest.mark.parametrize("backend", list(Backend), ids=lambda backend: str(backend.value))
@pytest.mark.parametrize("name", project.names())
def test_a_network_is_golden_in_every_layer(name: str, backend: Backend) -> None:
    result = simulate(name, backend)
    rows = result["layers"]
    assert result["golden"]["compared"] == sum(prod(row["output_shape"]) for row in rows)
    assert result["total_cycles"] == sum(row["cycles"] for row in rows)
    assert {row["backend"] for row in rows if row["macs"]} == {backend.value}
    assert result["weights"].startswith("trained") == (name in TRAINED)
    if name in TRAINED:
        assert result["prediction"]["top1"] == result["prediction"]["expected"]
    if backend is Backend.DIRECT and name in HEEPSTOR_CYCLES:
        assert result["total_cycles"] < HEEPSTOR_CYCLES[name]
