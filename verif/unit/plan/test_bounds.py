"""Bounds are what docs/accelerator.md derives, and no prediction is below them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from heepstor import config, frontend, plan, project
from heepstor.ir import Backend, Plan
from heepstor.plan.bounds import bounds

PAGE = Path(__file__).resolve().parents[3] / "docs" / "accelerator.md"


def planned(name: str, backend: Backend | None = None) -> Plan:
    found = project.find(name).load()
    graph = frontend.import_sequential(
        found.model, found.input_shape, append_final_softmax=found.append_final_softmax
    )
    return plan.plan(graph, config.load(), backend=backend)


@pytest.mark.parametrize("name", ["cifar10", "bench-fmnist-large"])
def test_the_bounds_of_convolutions_are_those_of_the_documentation(name: str) -> None:
    rows = re.findall(
        rf"^\| `{name}` (conv\d)[^|]*\|[^|]*\| ([\d,]+) \| ([\d,]+) \|",
        PAGE.read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    documented = {layer: tuple(int(n.replace(",", "")) for n in found) for layer, *found in rows}
    computed = {
        layer.name.partition("+")[0]: (found.array_cycles, found.port_cycles(config.load()))
        for layer in planned(name).layers
        if (found := bounds(layer, config.load()))
    }
    assert len(documented) == 3
    assert documented == {layer: computed[layer] for layer in documented}


@pytest.mark.parametrize("backend", list(Backend))
@pytest.mark.parametrize("name", ["cifar10", "bench-fmnist-large", "mnist-single_layer"])
def test_no_prediction_is_below_a_bound(name: str, backend: Backend) -> None:
    for layer in planned(name, backend).layers:
        found = bounds(layer, config.load())
        assert (found is None) == (layer.gemm is None)
        if found:
            least = max(found.array_cycles, found.port_cycles(config.load()))
            assert least <= layer.predicted_cycles


def test_more_ports_move_the_words_in_fewer_cycles() -> None:
    layer = planned("mnist-single_layer").layers[0]
    found = bounds(layer, config.load())
    assert found is not None
    four = config.load(overrides=["systolic_array.ports=4"])
    assert found.port_cycles(config.load()) == found.words
    assert found.port_cycles(four) == -(-found.words // 4)
