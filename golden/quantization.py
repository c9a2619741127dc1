"""The section Quantization of docs/numerics.md: codes and scales, batch norm as scale and bias."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

_CODE_MAX = 127


@dataclass(frozen=True)
class Quantized:
    """A layer's integer weights and epilogue.

    `codes` is int8 in the weight's own shape [N, ...]; `scale` and `bias` are float32 [N].
    """

    codes: Tensor
    scale: Tensor
    bias: Tensor


def quantize(layer: nn.Linear | nn.Conv2d, *, per_channel: bool) -> Quantized:
    """Steps 1 to 3: symmetric codes of the weight, their scale, and the bias (+0 without one).

    Raises:
        ValueError: if a weight or bias is NaN or infinite.
    """
    weight = _finite(layer.weight, "weight").to(torch.float64)
    largest = weight.abs().flatten(1).amax(dim=1)
    if not per_channel:
        largest = largest.max().expand_as(largest)
    scale = (largest / _CODE_MAX).to(torch.float32)
    scale = torch.where(scale == 0, torch.ones_like(scale), scale)
    steps = weight / scale.to(torch.float64).reshape(-1, *[1] * (weight.ndim - 1))
    codes = torch.round(steps).clamp(-_CODE_MAX, _CODE_MAX).to(torch.int8)
    bias = torch.zeros_like(scale) if layer.bias is None else _finite(layer.bias, "bias")
    return Quantized(codes, scale, bias)


def fold_batch_norm(scale: Tensor, bias: Tensor, norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Step 4: scale and bias [C] after a batch norm, in float64, each rounded once to float32.

    Raises:
        ValueError: if the batch norm has no running statistics, or one of its values is not finite.
    """
    if norm.running_mean is None or norm.running_var is None:
        raise ValueError("BatchNorm2d without running statistics has no value in inference")
    mean = _finite(norm.running_mean, "running_mean").to(torch.float64)
    variance = _finite(norm.running_var, "running_var").to(torch.float64)
    gamma, beta = torch.ones_like(mean), torch.zeros_like(mean)
    if norm.affine:
        gamma = _finite(norm.weight, "weight").to(torch.float64)
        beta = _finite(norm.bias, "bias").to(torch.float64)
    gain = gamma / torch.sqrt(variance + norm.eps)
    folded_bias = (bias.to(torch.float64) - mean) * gain + beta
    return (scale.to(torch.float64) * gain).to(torch.float32), folded_bias.to(torch.float32)


def _finite(values: Tensor, name: str) -> Tensor:
    values = values.detach()
    if not torch.isfinite(values).all():
        raise ValueError(f"{name} holds a NaN or an infinity; every value must be finite")
    return values
