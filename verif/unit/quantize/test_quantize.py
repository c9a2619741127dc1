"""Codes and scales are those of docs/numerics.md, and so is the fake-quantized module."""

from __future__ import annotations

import copy
import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from torch import nn

from heepstor.errors import ModelError
from heepstor.ir import Float32Array
from heepstor.quantize import dequantize_tensor, quantize, quantize_tensor
from verif.harness.seeds import derive
from verif.unit.networks import sample, seeded


def weights(*shape: int) -> Float32Array:
    generator = np.random.default_rng(derive(f"weights {shape}"))
    return generator.standard_normal(shape).astype(np.float32)


def test_scale_is_the_largest_over_127_rounded_once() -> None:
    w = weights(5, 7)
    _, scales = quantize_tensor(w, per_channel=True)
    for row, scale in zip(w, scales, strict=True):
        exact = Fraction(float(np.abs(row).max())) / 127
        error = abs(Fraction(float(scale)) - exact)
        assert error <= Fraction(float(np.spacing(scale))) / 2


def test_codes_are_the_nearest_multiples_of_the_scale() -> None:
    w = weights(4, 3, 5, 2)
    codes, scales = quantize_tensor(w, per_channel=True)
    for n, row in enumerate(w):
        for code, value in zip(codes[n].flat, row.flat, strict=True):
            exact = Fraction(float(value)) / Fraction(float(scales[n]))
            assert abs(exact - int(code)) <= Fraction(1, 2)
            assert int(code) == round(exact)


def test_ties_go_to_the_even_code() -> None:
    w = np.array([[127, 0.5, 1.5, 2.5, -0.5, -1.5]], np.float32)
    codes, scales = quantize_tensor(w, per_channel=True)
    np.testing.assert_array_equal(scales, [1.0])
    np.testing.assert_array_equal(codes, [[127, 0, 2, 2, 0, -2]])


def test_the_extremes_have_the_codes_of_minus_and_plus_127() -> None:
    codes, _ = quantize_tensor(np.array([[-3.7, 0.1], [0.1, 3.7]], np.float32), per_channel=True)
    assert (codes[0, 0], codes[1, 1]) == (-127, 127)


def test_per_tensor_has_the_scale_of_the_whole_weight_in_every_channel() -> None:
    w = weights(6, 9)
    _, scales = quantize_tensor(w, per_channel=False)
    _, whole = quantize_tensor(w.reshape(1, -1), per_channel=True)
    np.testing.assert_array_equal(scales, np.repeat(whole, 6))


@pytest.mark.parametrize("value", [0.0, 1e-45])
def test_a_channel_whose_scale_would_be_zero_has_scale_one_and_codes_zero(value: float) -> None:
    codes, scales = quantize_tensor(np.array([[value], [2.0]], np.float32), per_channel=True)
    assert scales[0] == 1.0
    assert codes[0, 0] == 0
    assert codes[1, 0] == 127


def test_a_subnormal_scale_is_clamped_to_127() -> None:
    # max / 127 is 1.496 units of the last place; rounded to 1, the scale is far too small.
    largest = np.float32(190 * 2.0**-149)
    codes, scales = quantize_tensor(np.array([[largest, -largest]], np.float32), per_channel=True)
    assert scales[0] == np.float32(2.0**-149)
    np.testing.assert_array_equal(codes, [[127, -127]])


@pytest.mark.parametrize("per_channel", [True, False])
def test_the_fake_quantized_module_has_codes_times_scales(per_channel: bool) -> None:
    model = seeded(
        nn.Sequential(nn.Conv2d(2, 4, 3, groups=2), nn.Sequential(nn.Flatten(), nn.Linear(36, 3))),
        "fake",
    )
    fake = quantize(model, per_channel=per_channel)
    assert isinstance(fake, nn.Sequential)
    for got, source in ((fake[0], model[0]), (fake[1][1], model[1][1])):
        codes, scales = quantize_tensor(source.weight.detach().numpy(), per_channel=per_channel)
        expected = np.array(
            [code.astype(np.float32) * s for code, s in zip(codes, scales, strict=True)]
        )
        np.testing.assert_array_equal(got.weight.detach().numpy(), expected)
        assert torch.equal(got.bias, source.bias)


def test_the_fake_quantized_module_stays_close_to_the_model() -> None:
    model = seeded(nn.Sequential(nn.Linear(50, 20), nn.ReLU(), nn.Linear(20, 5)), "close")
    x = sample((50,), "close", batch=16)
    exact = model(x)
    distance = (quantize(model)(x) - exact).abs().max() / exact.abs().max()
    assert 0 < distance < 0.05


def test_the_user_s_model_is_left_as_it_is() -> None:
    model = nn.Sequential(nn.Linear(5, 3)).train()
    before = copy.deepcopy(model.state_dict())
    fake = quantize(model)
    assert model.training
    assert fake.training
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
    assert not torch.equal(fake[0].weight, model[0].weight)


def test_quantizing_twice_changes_nothing() -> None:
    once = dequantize_tensor(*quantize_tensor(weights(2000, 6), per_channel=True))
    twice = dequantize_tensor(*quantize_tensor(once, per_channel=True))
    np.testing.assert_array_equal(once, twice)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_weight_that_is_not_finite_is_refused_by_module_and_index(value: float) -> None:
    model = nn.Sequential(nn.ReLU(), nn.Sequential(nn.Linear(3, 2)))
    with torch.no_grad():
        model[1][0].weight[1, 2] = value
    with pytest.raises(
        ModelError, match=r"module 1 \(1\.0\): Linear has weight\[1, 2\] = (nan|inf)"
    ):
        quantize(model)


def test_a_model_that_is_no_sequential_is_refused() -> None:
    with pytest.raises(ModelError, match=r"the model is a Linear; it must be an nn\.Sequential"):
        quantize(nn.Linear(2, 2))
