"""The example networks, whole, on the whole SoC: golden on every back-end, and what they cost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from itertools import product
from math import prod

import pytest

from heepstor import project, report
from heepstor.ir import Backend
from verif.baselines import runs
from verif.baselines.baseline import baseline_of
from verif.baselines.compare import compare
from verif.reference.runs import theirs

TRAINED = {"cifar10", "mnist-single_layer", "mnist-multi_layer"}

HEEPSTOR_CYCLES = {
    name: network.total_cycles for name, network in theirs().items() if network.images == 1
}
"""HEEPstor's published RTL, simulated, array 8x8: what `direct` mode must beat."""


LONG = {("bench-fmnist-large", Backend.SOFTWARE), ("cifar10", Backend.SOFTWARE)}
"""More than 8 million cycles each."""


@pytest.mark.parametrize(
    ("name", "backend"),
    [
        pytest.param(
            *case,
            id=f"{case[0]}-{case[1].value}",
            marks=pytest.mark.full if case in LONG else (),
        )
        for case in product(project.names(), Backend)
    ],
)
def test_a_network_is_golden_and_no_slower_than_its_baseline_in_every_layer(
    name: str, backend: Backend, record_property: Callable[[str, object], None]
) -> None:
    result = runs.run(name, backend)
    assert result["passed"], report.render(result)
    rows = result["layers"]
    assert result["golden"]["compared"] == sum(prod(row["output_shape"]) for row in rows)
    assert result["total_cycles"] == sum(row["cycles"] for row in rows)
    assert {row["backend"] for row in rows if row["macs"]} == {backend.value}
    assert result["weights"].startswith("trained") == (name in TRAINED)
    if name in TRAINED:
        assert result["prediction"]["top1"] == result["prediction"]["expected"]
    if backend is Backend.DIRECT and name in HEEPSTOR_CYCLES:
        assert result["total_cycles"] < HEEPSTOR_CYCLES[name]
    baseline = baseline_of(name, backend.value)
    comparison = compare(name, backend.value, baseline, runs.measured(result, date.today()))
    if comparison.text:
        record_property("note", comparison.text)
    assert not comparison.failures, comparison.cause
    assert not runs.mispredicted(result)
