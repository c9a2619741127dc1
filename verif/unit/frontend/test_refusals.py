"""Each refusal is one sentence that names the module, what was found and what is accepted."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from torch import nn

from heepstor.errors import ModelError
from heepstor.frontend import import_sequential


def poisoned(module: nn.Module, name: str, index: tuple[int, ...], value: float) -> nn.Module:
    """`module` with one element of a parameter or buffer overwritten."""
    with torch.no_grad():
        getattr(module, name)[index] = value
    return module


class Odd(nn.ReLU):
    """A subclass that computes something else."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return -input


FLAT, MAP = (6,), (2, 5, 5)

# The model, its input shape, and what the message must hold.
CASES: dict[str, tuple[Callable[[], nn.Module], Sequence[int], list[str]]] = {
    "unsupported layer": (
        lambda: nn.Sequential(nn.Linear(6, 6), nn.GELU()),
        FLAT,
        ["module 1 (1): GELU", "not supported", "accepted are", "Conv2d", "Linear"],
    ),
    "unsupported layer, nested": (
        lambda: nn.Sequential(nn.ReLU(), nn.Sequential(nn.ReLU(), nn.Tanh())),
        FLAT,
        ["module 2 (1.1): Tanh"],
    ),
    "subclass with another forward": (lambda: nn.Sequential(Odd()), FLAT, ["module 0 (0): Odd"]),
    "no Sequential": (lambda: nn.Linear(6, 6), FLAT, ["Linear", "must be an nn.Sequential"]),
    "empty": (lambda: nn.Sequential(), FLAT, ["no module", "at least one"]),
    "linear of another size": (
        lambda: nn.Sequential(nn.ReLU(), nn.Linear(7, 2)),
        FLAT,
        ["module 1 (1): Linear", "(1, 6)", "must be (M, 7)"],
    ),
    "linear on a feature map": (
        lambda: nn.Sequential(nn.Linear(5, 2)),
        MAP,
        ["module 0 (0): Linear", "(1, 2, 5, 5)", "must be (M, 5)"],
    ),
    "conv on a vector": (
        lambda: nn.Sequential(nn.Conv2d(2, 2, 1)),
        FLAT,
        ["module 0 (0): Conv2d", "(1, 6)", "must be (1, 2, H, W)"],
    ),
    "conv of other channels": (
        lambda: nn.Sequential(nn.Conv2d(3, 2, 1)),
        MAP,
        ["module 0 (0): Conv2d", "(1, 2, 5, 5)", "must be (1, 3, H, W)"],
    ),
    "conv that does not fit": (
        lambda: nn.Sequential(nn.Conv2d(2, 2, 3, dilation=3)),
        MAP,
        ["module 0 (0): Conv2d", "does not fit", "(1, 2, 5, 5)"],
    ),
    "padding mode": (
        lambda: nn.Sequential(nn.Conv2d(2, 2, 3, padding=1, padding_mode="reflect")),
        MAP,
        ["module 0 (0): Conv2d", "padding_mode 'reflect'", "must be 'zeros'"],
    ),
    "negative padding": (
        lambda: nn.Sequential(nn.Conv2d(2, 2, 3, padding=-1)),
        MAP,
        ["module 0 (0): Conv2d", "padding (-1, -1)", "0 or more"],
    ),
    "zero stride": (
        lambda: nn.Sequential(nn.MaxPool2d(2, stride=(0, 1))),
        MAP,
        ["module 0 (0): MaxPool2d", "stride (0, 1)", "1 or more"],
    ),
    "pool on a vector": (
        lambda: nn.Sequential(nn.MaxPool2d(2)),
        FLAT,
        ["module 0 (0): MaxPool2d", "(1, 6)", "(1, C, H, W)"],
    ),
    "pool with indices": (
        lambda: nn.Sequential(nn.MaxPool2d(2, return_indices=True)),
        MAP,
        ["module 0 (0): MaxPool2d", "return_indices=True", "must be False"],
    ),
    "pool with too much padding": (
        lambda: nn.Sequential(nn.MaxPool2d(3, padding=2)),
        MAP,
        ["module 0 (0): MaxPool2d", "padding 2", "kernel of 3", "half"],
    ),
    "pool that does not fit": (
        lambda: nn.Sequential(nn.MaxPool2d(6)),
        MAP,
        ["module 0 (0): MaxPool2d", "does not fit", "(1, 2, 5, 5)"],
    ),
    "batch norm without statistics": (
        lambda: nn.Sequential(nn.BatchNorm2d(2, track_running_stats=False)),
        MAP,
        ["module 0 (0): BatchNorm2d", "no running statistics", "track_running_stats=True"],
    ),
    "batch norm of other channels": (
        lambda: nn.Sequential(nn.BatchNorm2d(3)),
        MAP,
        ["module 0 (0): BatchNorm2d", "(1, 2, 5, 5)", "must be (1, 3, H, W)"],
    ),
    "batch norm with a negative variance": (
        lambda: nn.Sequential(poisoned(nn.BatchNorm2d(2), "running_var", (1,), -1.0)),
        MAP,
        ["module 0 (0): BatchNorm2d", "running_var[1] = -1.0", "eps = 1e-05", "positive"],
    ),
    "flatten of a part": (
        lambda: nn.Sequential(nn.Flatten(2)),
        MAP,
        ["module 0 (0): Flatten", "start_dim=2, end_dim=-1", "(1, 2, 5, 5)", "keep the batch"],
    ),
    "flatten of the batch": (
        lambda: nn.Sequential(nn.Flatten(0)),
        FLAT,
        ["module 0 (0): Flatten", "start_dim=0", "keep the batch"],
    ),
    "flatten beyond the dimensions": (
        lambda: nn.Sequential(nn.Flatten(5)),
        MAP,
        ["module 0 (0): Flatten", "start_dim=5"],
    ),
    "softmax in the middle": (
        lambda: nn.Sequential(nn.Softmax(dim=1), nn.ReLU()),
        FLAT,
        ["module 0 (0): Softmax", "not the last", "only at the end"],
    ),
    "softmax of a feature map": (
        lambda: nn.Sequential(nn.Softmax(dim=1)),
        MAP,
        ["module 0 (0): Softmax", "(1, 2, 5, 5)", "must be (M, F)"],
    ),
    "softmax along the batch": (
        lambda: nn.Sequential(nn.Softmax(dim=0)),
        FLAT,
        ["module 0 (0): Softmax", "dim=0", "must be 1"],
    ),
    "NaN weight": (
        lambda: nn.Sequential(poisoned(nn.Linear(6, 2), "weight", (1, 4), math.nan)),
        FLAT,
        ["module 0 (0): Linear", "weight[1, 4] = nan", "finite"],
    ),
    "infinite convolution weight": (
        lambda: nn.Sequential(
            nn.ReLU(), poisoned(nn.Conv2d(2, 2, 3), "weight", (1, 0, 2, 1), -math.inf)
        ),
        MAP,
        ["module 1 (1): Conv2d", "weight[1, 0, 2, 1] = -inf", "finite"],
    ),
    "NaN bias": (
        lambda: nn.Sequential(poisoned(nn.Linear(6, 2), "bias", (0,), math.nan)),
        FLAT,
        ["module 0 (0): Linear", "bias[0] = nan", "finite"],
    ),
    "infinite statistics": (
        lambda: nn.Sequential(poisoned(nn.BatchNorm2d(2), "running_mean", (1,), math.inf)),
        MAP,
        ["module 0 (0): BatchNorm2d", "running_mean[1] = inf", "finite"],
    ),
    "double precision": (
        lambda: nn.Sequential(nn.Linear(6, 2).double()),
        FLAT,
        ["module 0 (0): Linear", "weight of torch.float64", "must be torch.float32"],
    ),
    "not yet initialised": (
        lambda: nn.Sequential(nn.LazyBatchNorm2d()),
        MAP,
        ["module 0 (0): LazyBatchNorm2d", "not initialised", "run once"],
    ),
    "input of two dimensions": (
        lambda: nn.Sequential(nn.ReLU()),
        (5, 5),
        ["input_shape is (5, 5)", "(C, H, W) or (F,)"],
    ),
    "empty input": (
        lambda: nn.Sequential(nn.ReLU()),
        (3, 0, 5),
        ["input_shape is (3, 0, 5)", "positive"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_refusal_names_the_module_and_what_is_accepted(case: str) -> None:
    make, shape, expected = CASES[case]
    require_message(expected, make(), shape)


@pytest.mark.parametrize(("shape", "batch"), [(MAP, 2), (FLAT, 0)])
def test_a_batch_of_feature_maps_or_of_none_is_refused(shape: tuple[int, ...], batch: int) -> None:
    expected = [f"batch is {batch}", str(shape), "must be 1", "(F,)"]
    require_message(expected, nn.Sequential(nn.ReLU()), shape, batch=batch)


def test_a_second_softmax_is_refused() -> None:
    model = nn.Sequential(nn.Linear(6, 2), nn.Softmax(dim=1))
    require_message(
        ["module 1 (1): Softmax", "not the last"], model, FLAT, append_final_softmax=True
    )


def require_message(
    expected: Sequence[str], model: nn.Module, shape: Sequence[int], **arguments: Any
) -> None:
    with pytest.raises(ModelError) as caught:
        import_sequential(model, shape, **arguments)
    message = str(caught.value)
    assert "\n" not in message
    for part in expected:
        assert part in message, f"{part!r} is missing in {message!r}"
