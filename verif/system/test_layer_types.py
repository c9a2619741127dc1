"""Every layer type with awkward arguments, as firmware on the whole SoC, against golden.

`passed` means: each layer's memory equals the golden output bit for bit, and the firmware's own
hashes agree. Several layer types share a network, because each image costs seconds to build.
"""

from __future__ import annotations

import pytest
import torch
from torch import nn

import heepstor
from heepstor import config
from verif.harness.seeds import derive
from verif.system.hardware import PIPELINED_OVERRIDES, SMALL_OVERRIDES

NETWORKS: dict[str, tuple[nn.Sequential, tuple[int, ...]]] = {
    "rectangular-kernel-stride-padding-dilation": (
        nn.Sequential(
            nn.Conv2d(3, 5, (3, 2), stride=(2, 1), padding=(1, 2), dilation=(1, 2)),
            nn.ReLU(),
            nn.Conv2d(5, 9, (1, 4), padding="same", bias=False),
        ),
        (3, 9, 7),
    ),
    "groups-and-depthwise": (
        nn.Sequential(
            nn.Conv2d(6, 12, 3, groups=3, padding=1),
            nn.BatchNorm2d(12),
            nn.ReLU(),
            nn.Conv2d(12, 12, 3, groups=12),
            nn.Conv2d(12, 4, 1),
        ),
        (6, 6, 5),
    ),
    "pool-stride-padding-ceil-mode": (
        nn.Sequential(
            nn.Conv2d(1, 3, 3),
            nn.MaxPool2d(3, stride=2, padding=1, ceil_mode=True),
            nn.MaxPool2d((2, 1), stride=(1, 2), dilation=(2, 1)),
            nn.ReLU(),
        ),
        (1, 13, 12),
    ),
    "batch-norm-first-and-relu-everywhere": (
        nn.Sequential(
            nn.ReLU(),
            nn.BatchNorm2d(2),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.BatchNorm2d(2),
            nn.Conv2d(2, 3, 2),
            nn.ReLU(),
            nn.BatchNorm2d(3),
        ),
        (2, 8, 8),
    ),
    "flatten-into-linear-behind-relu-and-dropout": (
        nn.Sequential(
            nn.Conv2d(2, 5, 2),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(5 * 3 * 2, 17),
            nn.ReLU(),
            nn.Linear(17, 3, bias=False),
        ),
        (2, 7, 5),
    ),
    "flatten-at-the-end": (
        nn.Sequential(nn.Conv2d(1, 3, 2), nn.ReLU(), nn.Flatten()),
        (1, 4, 5),
    ),
}
"""Model and input shape by what is special about it."""


def randomized(model: nn.Sequential, name: str) -> nn.Sequential:
    """The model with seeded weights and batch norm statistics."""
    generator = torch.Generator().manual_seed(derive(name))
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            module.running_mean.normal_(generator=generator)
            module.running_var.uniform_(0.3, 3.0, generator=generator)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.5, generator=generator)
    return model.eval()


@pytest.mark.parametrize("backend", ["software", "direct", "stream"])
@pytest.mark.parametrize("name", NETWORKS)
def test_every_layer_is_golden_bit_for_bit(name: str, backend: str) -> None:
    model, input_shape = NETWORKS[name]
    compiled = heepstor.compile(
        randomized(model, name),
        input_shape=input_shape,
        name=f"test-{name}-{backend}",
        backend=backend,
    )
    report = compiled.simulate()
    assert report["passed"], compiled.render(report)
    assert report["golden"]["compared"] > 0
    gemm_backends = {row["backend"] for row in report["layers"] if row["macs"]}
    assert gemm_backends <= {backend}


def test_linear_networks_take_a_batch_and_softmax_ends_them() -> None:
    model = nn.Sequential(nn.Linear(19, 11), nn.ReLU(), nn.Linear(11, 5))
    compiled = heepstor.compile(
        randomized(model, "batch"),
        input_shape=(19,),
        batch=3,
        name="test-batch",
        append_final_softmax=True,
    )
    report = compiled.simulate()
    assert report["passed"], compiled.render(report)
    assert [row["output_shape"] for row in report["layers"]] == [[3, 11], [3, 5], [3, 5]]
    assert len(report["predictions"]) == 3


def test_per_tensor_quantization_is_golden_too() -> None:
    model, input_shape = NETWORKS["groups-and-depthwise"]
    compiled = heepstor.compile(
        randomized(model, "per tensor"),
        input_shape=input_shape,
        name="test-per-tensor",
        per_channel=False,
    )
    report = compiled.simulate()
    assert report["passed"], compiled.render(report)
    assert report["quantization"] == "per_tensor"


def test_infinities_and_nan_go_through_every_layer() -> None:
    model, input_shape = NETWORKS["pool-stride-padding-ceil-mode"]
    sample = torch.randn(1, *input_shape, generator=torch.Generator().manual_seed(1))
    sample[0, 0, 2, 3] = float("inf")
    sample[0, 0, 9, 9] = float("nan")
    sample[0, 0, 6, 1] = 1e-41
    compiled = heepstor.compile(
        randomized(model, "special"), input_shape=input_shape, name="test-special", sample=sample
    )
    report = compiled.simulate()
    assert report["passed"], compiled.render(report)


@pytest.mark.parametrize("backend", ["direct", "stream"])
@pytest.mark.parametrize(
    "overrides",
    [
        SMALL_OVERRIDES,
        pytest.param(PIPELINED_OVERRIDES, marks=pytest.mark.full),
        pytest.param(
            [
                *("systolic_array.size=12", "systolic_array.ports=4"),
                *("memory.banks=8", "memory.interleaved_banks=8"),
            ],
            marks=pytest.mark.full,
        ),
    ],
    ids=["small", "pipelined", "size-12-4-ports-interleaved"],
)
def test_other_hardware_gives_the_same_bits(overrides: list[str], backend: str) -> None:
    name = "flatten-into-linear-behind-relu-and-dropout"
    model, input_shape = NETWORKS[name]
    compiled = heepstor.compile(
        randomized(model, name),
        input_shape=input_shape,
        name=f"test-hw-{config.load(overrides=overrides).hash_hex}-{backend}",
        backend=backend,
        overrides=overrides,
    )
    report = compiled.simulate()
    assert report["passed"], compiled.render(report)
