"""How far the contract is from exact arithmetic and from the unquantized PyTorch model."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Distance:
    """From the golden output to that of the unquantized PyTorch model in float64.

    `top1_agreement` is the share of rows, 0 to 1, whose largest value is at the same place.
    """

    max_abs: float
    mean_abs: float
    top1_agreement: float


def gemm64(a: Tensor, w: Tensor) -> Tensor:
    """The product of `a` float32 [M, K] and `w` int8 [K, N] in float64: as good as exact here."""
    return a.to(torch.float64) @ w.to(torch.float64)


def gemm_error_bound(a: Tensor, w: Tensor) -> Tensor:
    """`K * 2^-23 * sum |a * w|` [M, N]: the contract's largest error where nothing underflows."""
    return a.shape[1] * 2.0**-23 * gemm64(a.abs(), w.to(torch.int16).abs())


def reference_output(
    model: nn.Sequential, x: Tensor, *, append_final_softmax: bool = False
) -> Tensor:
    """Output of the unquantized model in inference, computed in float64 on a copy of it."""
    exact = deepcopy(model).to(torch.float64).eval()
    with torch.no_grad():
        y: Tensor = exact(x.to(torch.float64))
    return torch.softmax(y, dim=1) if append_final_softmax else y


def distance(golden: Tensor, reference: Tensor) -> Distance:
    """Distance of two outputs [M, F] of one input."""
    error = (golden.to(torch.float64) - reference.to(torch.float64)).abs()
    same = golden.argmax(dim=1) == reference.argmax(dim=1)
    return Distance(
        max_abs=float(error.max()),
        mean_abs=float(error.mean()),
        top1_agreement=float(same.to(torch.float64).mean()),
    )
