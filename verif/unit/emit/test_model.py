"""The generated C++ compiles, computes what golden computes, and reads as promised."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from torch import nn

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


def rendered(name: str, backend: Backend | None = None) -> dict[str, str]:
    _, shape = NETWORKS[name]
    cfg = config.load()
    planned = make(name, cfg, backend)
    return render(planned, cfg, sample(shape, name).numpy())


def squeezed(text: str) -> str:
    return " ".join(text.split())


def test_a_descriptor_names_its_fields() -> None:
    name = "stride, padding, dilation, rectangular kernels"
    source = squeezed(rendered(name, Backend.DIRECT)["model.cpp"])
    assert "// Layer 0, 0+1: Conv2d 1x3x9x7 -> 1x5x5x9" in source
    assert squeezed("""
        constexpr ops::Conv2d kLayer0{
            /*input=*/{/*height=*/9, /*width=*/7, /*channels=*/3},
            /*output=*/{/*height=*/5, /*width=*/9, /*channels=*/5},
            /*window=*/{/*kernel=*/{3, 2}, /*stride=*/{2, 1},
                        /*padding=*/{1, 2}, /*dilation=*/{1, 2}},
            /*groups=*/1,
            /*weights=*/{kPacked0, kScale0, kBias0},
            /*relu=*/true};
    """) in source  # fmt: skip


def test_the_arena_has_exactly_the_planned_bytes() -> None:
    name = "convolution, batch norm, pool, flatten, linear"
    planned = make(name, config.load(), None)
    assert (
        f"HEEPSTOR_ARENA float g_arena[{planned.arena_bytes // 4}];" in rendered(name)["model.cpp"]
    )


def test_the_model_record_holds_project_batch_class_and_hashes() -> None:
    source = squeezed(rendered("linear", Backend.DIRECT)["model.cpp"])
    assert '/*project=*/"test", /*backend=*/"direct"' in source
    assert "/*output_rows=*/1, /*expected_class=*/3" in source
    assert '{"0+1", {g_arena + 0, 11}, 0x00000100, /*streamed=*/false},' in source
    assert '{"2", {g_arena + 12, 3}, 0x00000101, /*streamed=*/false},' in source


def test_an_unknown_class_is_minus_one() -> None:
    cfg = config.load()
    planned = make("linear", cfg, None)
    files = emitter.render(
        planned,
        cfg,
        project="p",
        sample=sample((19,), "linear").numpy(),
        expected_hashes=[1, 2],
    )
    assert "/*expected_class=*/-1" in files["model.cpp"]


def test_products_on_both_backends_are_called_mixed() -> None:
    cfg = config.load()
    planned = make("linear", cfg, Backend.DIRECT)
    layers = (planned.layers[0], replace(planned.layers[1], backend=Backend.SOFTWARE))
    mixed = replace(planned, layers=layers)
    source = render(mixed, cfg, sample((19,), "linear").numpy())["model.cpp"]
    assert '/*backend=*/"mixed"' in source
    assert "ops::linear<Direct>(kLayer0, kInput, kLayers[0].output)" in source
    assert "ops::linear<Software>(kLayer1, kLayers[0].output, kLayers[1].output)" in source


def test_a_name_with_quotes_is_a_valid_string() -> None:
    model = nn.Sequential(OrderedDict({'a"b\\c': nn.ReLU()}))
    cfg = config.load()
    planned = plan(import_sequential(model, (2,)), cfg)
    source = render(planned, cfg, np.zeros((1, 2), np.float32))["model.cpp"]
    assert r'{"a\"b\\c", {g_arena + 0, 2}' in source


SPECIAL_FLOATS = [
    0.0, -0.0, 1.5, -2.0, 0.1, 2.0**-149, -(2.0**-126), 3.4028234663852886e38,
    np.inf, -np.inf, np.nan,
]  # fmt: skip


def test_every_float_comes_through_the_source_with_its_bits(tmp_path: Path) -> None:
    # A convolution-free network hands its input on: ReLU keeps NaN and what is positive.
    cfg = config.load()
    values = np.array([SPECIAL_FLOATS], np.float32)
    planned = plan(import_sequential(nn.Sequential(nn.ReLU()), (values.size,)), cfg)
    (got,) = host_network.run(
        host_network.write(render(planned, cfg, values), tmp_path), cfg, planned
    )
    expected = np.where(values > 0, values, np.float32(0))
    expected[np.isnan(values)] = np.nan
    require_equal_bits("output", got, expected)


@pytest.mark.parametrize(
    ("value", "literal"),
    [(0.0, "0x0p+0f"), (-0.0, "-0x0p+0f"), (1.5, "0x1.8p+0f"), (2.0**-149, "0x1p-149f")],
)
def test_literals_are_exact(value: float, literal: str) -> None:
    assert f"    {literal}," in render_input(value)["input.h"]


def render_input(value: float) -> dict[str, str]:
    cfg = config.load()
    planned = plan(import_sequential(nn.Sequential(nn.ReLU()), (1,)), cfg)
    return render(planned, cfg, np.array([[value]], np.float32))


def test_the_sample_lies_channels_last() -> None:
    cfg = config.load()
    planned = plan(import_sequential(nn.Sequential(nn.ReLU()), (2, 1, 2)), cfg)
    values = np.array([[[[1, 2]], [[4, 8]]]], np.float32)
    text = render(planned, cfg, values)["input.h"]
    assert "// 1x2x1x2, in the order (H, W, C)" in text
    assert "0x1p+0f, 0x1p+2f, 0x1p+1f, 0x1p+3f" in text


def test_a_sample_of_another_shape_is_an_error() -> None:
    planned = make("linear", config.load(), None)
    with pytest.raises(ValueError, match=r"sample is \(1, 18\); the plan's input is \(1, 19\)"):
        render(planned, config.load(), np.zeros((1, 18), np.float32))


def test_a_hash_too_few_is_an_error() -> None:
    planned = make("linear", config.load(), None)
    with pytest.raises(ValueError, match="1 hashes for 2 layers"):
        emitter.render(
            planned,
            config.load(),
            project="p",
            sample=np.zeros((1, 19), np.float32),
            expected_hashes=[0],
        )
