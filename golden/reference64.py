"""How far the contract is from exact arithmetic and from the unquantized PyTorch model."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from golden.quantization import quantize


@dataclass(frozen=True)
class Distance:
    """From the golden output to another.

    `top1_agreement` is the share of rows, 0 to 1, whose largest value is at the same place.
    """

    max_abs_error: float
    mean_abs_error: float
    top1_agreement: float


@dataclass(frozen=True)
class Distances:
    """To the unquantized model (what quantization costs), and to the quantized one in float64 (what
    the contract's roundings cost)."""

    unquantized: Distance
    exact: Distance


def gemm64(a: Tensor, w: Tensor) -> Tensor:
    """The product of `a` float32 [M, K] and `w` int8 [K, N] in float64: as good as exact here."""
    return a.to(torch.float64) @ w.to(torch.float64)


def gemm_error_bound(a: Tensor, w: Tensor) -> Tensor:
    """`K * 2^-23 * sum |a * w|` [M, N]: the contract's largest error where nothing underflows."""
    return a.shape[1] * 2.0**-23 * gemm64(a.abs(), w.to(torch.int16).abs())


def reference_output(
    model: nn.Sequential, x: Tensor, *, append_final_softmax: bool = False
) -> Tensor:
    """Output of the model in inference, computed in float64 on a copy of it."""
    exact = deepcopy(model).to(torch.float64).eval()
    with torch.no_grad():
        y: Tensor = exact(x.to(torch.float64))
    return torch.softmax(y, dim=1) if append_final_softmax else y


def dequantized(model: nn.Sequential, *, per_channel: bool) -> nn.Sequential:
    """A copy in float64 whose weights are exactly code times scale: the model without rounding."""
    exact = deepcopy(model).to(torch.float64)
    for layer, copy in zip(model.modules(), exact.modules(), strict=True):
        if isinstance(layer, nn.Linear | nn.Conv2d) and isinstance(copy, nn.Linear | nn.Conv2d):
            codes, scale = _codes_and_scale(layer, per_channel=per_channel)
            copy.weight.data = codes * scale.reshape(-1, *[1] * (codes.ndim - 1))
    return exact


def distance(
    golden: Tensor | npt.NDArray[np.float32],
    model: nn.Sequential,
    x: Tensor,
    *,
    per_channel: bool = True,
    append_final_softmax: bool = False,
) -> Distances:
    """Distances of the last output of `golden.network.run` for `x` to what it stands for.

    Raises:
        ValueError: if a weight or bias is NaN or infinite.
    """
    references = (model, dequantized(model, per_channel=per_channel))
    unquantized, exact = (
        _distance(
            torch.as_tensor(golden),
            reference_output(each, x, append_final_softmax=append_final_softmax),
        )
        for each in references
    )
    return Distances(unquantized, exact)


def _codes_and_scale(layer: nn.Linear | nn.Conv2d, *, per_channel: bool) -> tuple[Tensor, Tensor]:
    quantized = quantize(layer, per_channel=per_channel)
    return quantized.codes.to(torch.float64), quantized.scale.to(torch.float64)


def _distance(golden: Tensor, reference: Tensor) -> Distance:
    error = (golden.to(torch.float64) - reference).abs()
    same = golden.argmax(dim=1) == reference.argmax(dim=1)
    return Distance(
        max_abs_error=float(error.max()),
        mean_abs_error=float(error.mean()),
        top1_agreement=float(same.to(torch.float64).mean()),
    )
