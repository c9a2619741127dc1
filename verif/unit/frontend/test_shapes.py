"""Inferred shapes are PyTorch's."""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch
from torch import nn

from heepstor.errors import ModelError
from heepstor.frontend import import_sequential
from verif.harness.seeds import derive

TRIALS = 120

# PyTorch may copy its input for such a padding; that is its business.
pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same'")


def pair(generator: random.Random, low: int, high: int) -> Any:
    """One number for both axes, or two."""
    a, b = generator.randint(low, high), generator.randint(low, high)
    return a if generator.random() < 0.3 else (a, b)


def random_conv(generator: random.Random) -> nn.Module:
    groups = generator.choice([1, 1, 2, 3])
    arguments: dict[str, Any] = {
        "kernel_size": pair(generator, 1, 4),
        "stride": pair(generator, 1, 3),
        "padding": generator.choice([pair(generator, 0, 3), "valid"]),
        "dilation": pair(generator, 1, 3),
        "groups": groups,
        "bias": generator.random() < 0.5,
    }
    if generator.random() < 0.2:
        arguments |= {"stride": 1, "padding": "same"}
    return nn.Conv2d(6, 6 * generator.randint(1, 2), **arguments)


def random_pool(generator: random.Random) -> nn.Module:
    kernel = pair(generator, 1, 5)
    smallest = kernel if isinstance(kernel, int) else min(kernel)
    return nn.MaxPool2d(
        kernel,
        stride=generator.choice([None, pair(generator, 1, 4)]),
        padding=pair(generator, 0, smallest // 2),
        dilation=pair(generator, 1, 3),
        ceil_mode=generator.random() < 0.5,
    )


@pytest.mark.parametrize("make", [random_conv, random_pool])
def test_random_windows_give_pytorch_s_shape_or_are_refused_as_pytorch_refuses_them(
    make: Any,
) -> None:
    generator = random.Random(derive(f"shapes {make.__name__}"))
    agreed = 0
    for _ in range(TRIALS):
        module = make(generator)
        shape = (6, generator.randint(1, 12), generator.randint(1, 12))
        try:
            expected = tuple(module(torch.zeros(1, *shape)).shape)
        except RuntimeError:
            with pytest.raises(ModelError, match="does not fit"):
                import_sequential(nn.Sequential(module), shape)
            continue
        got = import_sequential(nn.Sequential(module), shape).output_shape
        assert got == expected, f"{module} on {shape}: got {got}, expected {expected}"
        agreed += 1
    assert agreed > TRIALS // 2


@pytest.mark.parametrize("size", range(1, 14))
@pytest.mark.parametrize(
    ("kernel", "stride", "padding"), [(2, 2, 1), (3, 2, 1), (2, 3, 1), (3, 4, 0)]
)
def test_ceil_mode_drops_a_window_that_starts_beyond_the_input(
    size: int, kernel: int, stride: int, padding: int
) -> None:
    pool = nn.MaxPool2d(kernel, stride=stride, padding=padding, ceil_mode=True)
    try:
        expected = tuple(pool(torch.zeros(1, 1, size, size)).shape)
    except RuntimeError:
        with pytest.raises(ModelError, match="does not fit"):
            import_sequential(nn.Sequential(pool), (1, size, size))
        return
    assert import_sequential(nn.Sequential(pool), (1, size, size)).output_shape == expected


def test_every_node_s_shapes_are_those_of_running_the_modules() -> None:
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding="same"),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, 1, ceil_mode=True),
        nn.Dropout2d(0.3),
        nn.Flatten(),
        nn.Linear(8 * 5 * 4, 7),
        nn.Flatten(),
    ).eval()
    x = torch.zeros(1, 3, 9, 7)
    graph = import_sequential(model, (3, 9, 7), append_final_softmax=True)
    for node, module in zip(graph.nodes, [*model, nn.Softmax(dim=1)], strict=True):
        assert node.input_shape == tuple(x.shape), node.name
        x = module(x)
        assert node.output_shape == tuple(x.shape), node.name
    assert graph.output_shape == tuple(x.shape)
