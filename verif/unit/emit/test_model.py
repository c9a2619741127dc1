"""The generated C++ compiles, computes what golden computes, and reads as promised."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import golden.network
from heepstor import config
from heepstor.emit import model as emitter
from heepstor.frontend import import_sequential
from heepstor.ir import Backend, Float32Array, Plan
from heepstor.plan import plan
from verif.unit.emit import host_network
from verif.unit.networks import NETWORKS, sample, seeded


def make(name: str, cfg: config.Config, backend: Backend | None, batch: int = 1) -> Plan:
    model, shape = NETWORKS[name]
    graph = import_sequential(seeded(model, name), shape, batch=batch)
    return plan(graph, cfg, backend=backend)


def render(planned: Plan, cfg: config.Config, values: Float32Array) -> dict[str, str]:
    hashes = [0x100 + layer.index for layer in planned.layers]
    return emitter.render(
        planned, cfg, project="test", sample=values, expected_hashes=hashes, expected_class=3
    )


def require_equal_bits(name: str, got: Float32Array, expected: Float32Array) -> None:
    different = np.argwhere(got.view(np.uint32) != expected.view(np.uint32))
    if different.size:
        at = tuple(different[0])
        pytest.fail(f"{name}{list(map(int, at))}: got {got[at]!r}, expected {expected[at]!r}")


@pytest.mark.parametrize(
    ("backend", "size"), [(Backend.SOFTWARE, 8), (Backend.DIRECT, 8), (Backend.DIRECT, 4)]
)
@pytest.mark.parametrize("name", NETWORKS)
def test_every_layer_of_a_generated_network_has_golden_s_bits(
    name: str, backend: Backend, size: int, tmp_path: Path
) -> None:
    cfg = config.load(overrides=[f"systolic_array.size={size}"])
    model, shape = NETWORKS[name]
    planned = make(name, cfg, backend)
    values = sample(shape, name)
    source = host_network.write(render(planned, cfg, values.numpy()), tmp_path)
    outputs = host_network.run(source, cfg, planned)
    expected = golden.network.run(model, values)
    assert len(outputs) == len(planned.layers)
    for layer, output in zip(planned.layers, outputs, strict=True):
        wanted = expected[layer.modules[-1]].reshape(layer.output.shape).numpy()
        require_equal_bits(layer.name, np.ascontiguousarray(output), np.ascontiguousarray(wanted))


def test_a_batch_of_vectors_has_golden_s_bits(tmp_path: Path) -> None:
    cfg = config.load(overrides=["systolic_array.accumulator_rows=4"])
    model, shape = NETWORKS["linear"]
    planned = make("linear", cfg, Backend.DIRECT, batch=6)
    values = sample(shape, "linear", batch=6)
    source = host_network.write(render(planned, cfg, values.numpy()), tmp_path)
    (*_, output) = host_network.run(source, cfg, planned)
    expected = golden.network.run(model, values)[2].numpy()
    require_equal_bits("output", output, expected)
