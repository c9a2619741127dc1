"""The example networks, whole, on the whole SoC: golden on both back-ends, and what they cost."""

from __future__ import annotations

import pytest

from heepstor import config, flow, project, report
from heepstor.ir import Backend

HEEPSTOR_CYCLES = {
    "cifar10": 12_890_003,
    "bench-fmnist-large": 13_108_013,
    "bench-fmnist-medium": 1_572_817,
    "fmnist-conv2d": 1_503_367,
}
"""HEEPstor's published RTL, simulated, array 8x8: what `direct` mode must beat."""


def simulate(name: str, backend: Backend) -> flow.document.Report:
    options = flow.Options(config=config.load(), backend=backend)
    result = flow.simulate(project.find(name).load(), options)
    assert result["passed"], report.render(result)
    return result


@pytest.mark.parametrize("backend", list(Backend), ids=lambda backend: str(backend.value))
@pytest.mark.parametrize("name", project.names())
@pytest.mark.xdist_group("networks")
def test_a_network_is_golden_in_every_layer(name: str, backend: Backend) -> None:
    result = simulate(name, backend)
    elements = sum(_elements(row["output_shape"]) for row in result["layers"])
    assert result["golden"]["compared"] == elements
    assert result["total_cycles"] == sum(row["cycles"] for row in result["layers"])
    if backend is Backend.DIRECT and name in HEEPSTOR_CYCLES:
        assert result["total_cycles"] < HEEPSTOR_CYCLES[name]


@pytest.mark.parametrize("name", ["cifar10", "mnist-single_layer", "mnist-multi_layer"])
def test_a_trained_network_recognises_its_sample(name: str) -> None:
    result = simulate(name, Backend.DIRECT)
    assert result["weights"].startswith("trained")
    assert result["prediction"]["top1"] == result["prediction"]["expected"]


def test_a_network_without_data_says_that_its_weights_are_not_trained() -> None:
    loaded = project.find("bench-fmnist-small").load()
    assert "not trained" in loaded.weights_source


def _elements(shape: list[int]) -> int:
    count = 1
    for extent in shape:
        count *= extent
    return count
