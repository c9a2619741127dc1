"""How near `stream` mode comes to what array and port can do, on the whole SoC."""

from __future__ import annotations

import pytest
from torch import nn

import heepstor
from heepstor import config, flow, project
from heepstor.ir import Backend
from verif.system.test_layer_types import randomized

pytestmark = pytest.mark.full


def test_large_product_keeps_the_port_busy_for_99_percent_of_its_time() -> None:
    compiled = heepstor.compile(
        randomized(nn.Sequential(nn.Linear(64, 64, bias=False)), "large product"),
        input_shape=(64,),
        batch=1024,
        name="test-large-product",
        backend="stream",
        overrides=["memory.banks=32"],
    )
    report = compiled.simulate()
    assert report["passed"], compiled.render(report)
    [row] = report["layers"]
    bound = max(row["bounds"]["array_cycles"], row["bounds"]["port_cycles"])
    assert bound == 65_536 + 65_536 + 64 * 64 // 4 + 2 * 64, (
        "A, results, weights, scales and biases"
    )
    assert bound >= 0.99 * row["stream"]["stream_cycles"]


def test_four_ports_bring_the_large_benchmark_below_42_000_cycles() -> None:
    overrides = ["systolic_array.ports=4", "memory.interleaved_banks=16"]
    options = flow.Options(
        config.load(overrides=overrides),
        backend=Backend.STREAM,
        folder=flow.ROOT / "build" / "test-four-ports",
    )
    report = flow.simulate(project.find("bench-fmnist-large").load(), options)
    assert report["passed"]
    assert report["total_cycles"] <= 42_000
