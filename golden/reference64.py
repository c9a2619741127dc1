"""How far the contract is from exact arithmetic and from the unquantized PyTorch model."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from golden import network


@dataclass(frozen=True)
class Distance:
    """From the golden output to that of the unquantized PyTorch model in float64.

    `top1_agreement` is the share of rows, 0 to 1, whose largest value is at the same place.
    """

    max_abs_error: float
    mean_abs_error: float
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


def distance(
    model: nn.Sequential,
    x: Tensor,
    *,
    per_channel: bool = True,
    append_final_softmax: bool = False,
) -> Distance:
    """Distance of the golden output for `x` to the unquantized model's.

    Raises:
        ValueError: as `golden.network.run`.
    """
    outputs = network.run(
        model, x, per_channel=per_channel, append_final_softmax=append_final_softmax
    )
    golden = outputs[max(outputs)].to(torch.float64)
    reference = reference_output(model, x, append_final_softmax=append_final_softmax)
    error = (golden - reference).abs()
    same = golden.argmax(dim=1) == reference.argmax(dim=1)
    return Distance(
        max_abs_error=float(error.max()),
        mean_abs_error=float(error.mean()),
        top1_agreement=float(same.to(torch.float64).mean()),
    )
