"""Codes, scales and folded batch norm are those of docs/numerics.md, section Quantization."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from torch import nn

from golden.quantization import fold_batch_norm, quantize
from heepstor.quantize import quantize_tensor
from verif.unit.golden.values import assert_same_bits, fl, generator, normal


def linear(rows: list[list[float]], bias: list[float] | None = None) -> nn.Linear:
    """A layer with these weights."""
    layer = nn.Linear(len(rows[0]), len(rows), bias=bias is not None)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(rows))
        if bias is not None:
            layer.bias.copy_(torch.tensor(bias))
    return layer


@pytest.mark.parametrize("per_channel", [True, False])
def test_scale_is_the_largest_magnitude_over_127_rounded_once(per_channel: bool) -> None:
    weight = normal(generator("golden scale"), 6, 9)
    got = quantize(linear(weight.tolist()), per_channel=per_channel)
    for n, scale in enumerate(got.scale.tolist()):
        largest = np.abs(weight[n] if per_channel else weight).max()
        assert Fraction(scale) == fl(Fraction(float(largest)) / 127)


def test_codes_are_rounded_with_ties_to_even() -> None:
    got = quantize(linear([[127.0, 0.5, 1.5, 2.5, -0.5, -1.5, 3.49]]), per_channel=True)
    assert got.scale.tolist() == [1.0]
    assert got.codes.tolist() == [[127, 0, 2, 2, 0, -2, 3]]


def test_the_code_uses_the_rounded_scale() -> None:
    for weight in normal(generator("golden code"), 40, 8):
        got = quantize(linear([weight.tolist()]), per_channel=True)
        scale = Fraction(float(got.scale))
        expected = [round(Fraction(float(w)) / scale) for w in weight]
        assert got.codes.tolist() == [expected]
        assert max(map(abs, expected)) == 127


@pytest.mark.parametrize("tiny", [0.0, 2.0**-149])
def test_a_channel_whose_scale_would_be_zero_has_scale_one_and_codes_zero(tiny: float) -> None:
    got = quantize(linear([[tiny, -tiny], [127.0, 1.0]]), per_channel=True)
    assert got.scale.tolist() == [1.0, 1.0]
    assert got.codes.tolist() == [[0, 0], [127, 1]]


def test_codes_are_clamped_where_the_scale_is_subnormal() -> None:
    got = quantize(linear([[180 * 2.0**-149, -180 * 2.0**-149, 3 * 2.0**-149]]), per_channel=True)
    assert got.scale.tolist() == [2.0**-149]
    assert got.codes.tolist() == [[127, -127, 3]]


def test_without_a_bias_it_is_plus_zero_and_with_one_it_is_kept() -> None:
    assert_same_bits(quantize(linear([[1.0]]), per_channel=True).bias, torch.zeros(1))
    kept = quantize(linear([[1.0]], bias=[0.1]), per_channel=True).bias
    assert_same_bits(kept, torch.tensor([0.1]))


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_weight_or_bias_that_is_not_finite_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="weight holds a NaN or an infinity"):
        quantize(linear([[1.0, bad]]), per_channel=True)
    with pytest.raises(ValueError, match="bias holds a NaN or an infinity"):
        quantize(linear([[1.0]], bias=[bad]), per_channel=True)


@pytest.mark.parametrize("per_channel", [True, False])
@pytest.mark.parametrize("case", range(5))
def test_the_compiler_quantizes_to_the_same_bits(case: int, per_channel: bool) -> None:
    rng = generator(f"golden and compiler {case}")
    layer = nn.Conv2d(4, 6, 3)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(normal(rng, *layer.weight.shape)))
    got = quantize(layer, per_channel=per_channel)
    codes, scale = quantize_tensor(layer.weight.detach().numpy(), per_channel=per_channel)
    assert np.array_equal(got.codes.numpy(), codes)
    assert_same_bits(got.scale, scale)


def batch_norm(rng: np.random.Generator, channels: int, *, affine: bool) -> nn.BatchNorm2d:
    """A batch norm with random statistics."""
    norm = nn.BatchNorm2d(channels, eps=1e-3, affine=affine)
    with torch.no_grad():
        norm.running_mean.copy_(torch.from_numpy(normal(rng, channels)))
        norm.running_var.copy_(torch.from_numpy(normal(rng, channels) ** 2))
        if affine:
            norm.weight.copy_(torch.from_numpy(normal(rng, channels)))
            norm.bias.copy_(torch.from_numpy(normal(rng, channels)))
    return norm


@pytest.mark.parametrize("affine", [True, False])
def test_batch_norm_is_folded_in_float64_and_rounded_once(affine: bool) -> None:
    rng = generator(f"golden fold {affine}")
    norm = batch_norm(rng, 32, affine=affine)
    scale, bias = normal(rng, 32), normal(rng, 32)
    got = fold_batch_norm(torch.from_numpy(scale), torch.from_numpy(bias), norm)
    for n in range(32):
        gamma = norm.weight[n].item() if affine else 1.0
        beta = norm.bias[n].item() if affine else 0.0
        g = gamma / math.sqrt(float(norm.running_var[n]) + norm.eps)
        shifted = (float(bias[n]) - float(norm.running_mean[n])) * g + beta
        assert_same_bits(got[0][n], np.float32(float(scale[n]) * g))
        assert_same_bits(got[1][n], np.float32(shifted))


def test_folding_in_float32_would_give_other_bits() -> None:
    rng = generator("golden fold in float32")
    norm = batch_norm(rng, 64, affine=True)
    ones, zeros = torch.ones(64), torch.zeros(64)
    gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    assert not torch.equal(fold_batch_norm(ones, zeros, norm)[0], gain)


def test_batch_norm_without_statistics_is_refused() -> None:
    norm = nn.BatchNorm2d(1, track_running_stats=False)
    with pytest.raises(ValueError, match="running statistics"):
        fold_batch_norm(torch.ones(1), torch.zeros(1), norm)
