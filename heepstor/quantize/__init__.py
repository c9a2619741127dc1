"""FP32 weights to INT8 codes and scales, by docs/numerics.md, section Quantization."""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import nn

from heepstor.frontend import flatten_modules
from heepstor.ir import Float32Array, Int8Array

MAX_CODE = 127
"""Codes are symmetric: -128 is never made."""


def quantize_tensor(w: Float32Array, *, per_channel: bool) -> tuple[Int8Array, Float32Array]:
    """Quantize a weight, reproducibly to the bit.

    In float64 on the float32 weights: `scale = fl32(max|w| / 127)` over a channel (or, per
    tensor, over all of `w`), 1 where that is 0; `code = clamp(rint(w / scale), -127, 127)`, ties
    to even, with the rounded scale.

    Args:
        w: finite float32 weights, [channels, ...].
        per_channel: one scale for each channel, else one for all.

    Returns:
        The int8 codes, shaped as `w`, and the float32 scales, [channels] in both cases.
    """
    rows = w.reshape(w.shape[0], -1).astype(np.float64)
    largest = np.abs(rows).max(axis=1)
    if not per_channel:
        largest = np.full_like(largest, largest.max())
    scales = (largest / MAX_CODE).astype(np.float32)
    # A channel of zeros, or of values so small that the scale underflows: every code is 0 anyway.
    scales[scales == 0] = 1.0
    codes = np.rint(rows / scales[:, None].astype(np.float64)).clip(-MAX_CODE, MAX_CODE)
    return codes.astype(np.int8).reshape(w.shape), scales


def dequantize_tensor(codes: Int8Array, scales: Float32Array) -> Float32Array:
    """`fl(code * scale)`, shaped as `codes` [channels, ...]; `scales` is [channels]."""
    return codes.astype(np.float32) * scales.reshape(-1, *[1] * (codes.ndim - 1))


def quantize(model: nn.Module, *, per_channel: bool = True) -> nn.Module:
    """A copy of an `nn.Sequential` whose Linear and Conv2d weights are `fl(code * scale)`.

    It evaluates, on any device, with the weights that the firmware has; `model` is left as it is.

    Raises:
        ModelError: a weight is NaN, infinite or not float32, or `model` is no `nn.Sequential`.
    """
    quantized = copy.deepcopy(model)
    for site in flatten_modules(quantized):
        # A module that occurs twice is quantized twice; the second time changes nothing.
        if isinstance(site.module, nn.Linear | nn.Conv2d):
            codes, scales = quantize_tensor(site.finite_array("weight"), per_channel=per_channel)
            with torch.no_grad():
                site.module.weight.copy_(torch.from_numpy(dequantize_tensor(codes, scales)))
    return quantized
