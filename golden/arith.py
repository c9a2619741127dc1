"""The arithmetic of docs/numerics.md that is more than one float32 operation of PyTorch."""

from __future__ import annotations

import torch
from torch import Tensor

CANONICAL_NAN_BITS = 0x7FC0_0000


def canonical_nan(x: Tensor) -> Tensor:
    """Replace every NaN of `x` (float32, in place) by the canonical quiet NaN; returns `x`.

    A NaN stays a NaN through any further multiplication or addition, so doing this once, after the
    last of a chain, gives the bits that doing it after each operation would give. x86 hands
    payloads on and makes NaNs with the sign set, so it has to be done.
    """
    bits = x.view(torch.int32)
    bits.masked_fill_(torch.isnan(x), CANONICAL_NAN_BITS)
    return x


def scale_bias(x: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    """`fl(fl(x * scale) + bias)`, the operands broadcast: the epilogue and the ScaleBias layer.

    Two operations on purpose: `torch.addcmul` may fuse them into one rounding.
    """
    return canonical_nan(torch.add(torch.mul(x, scale), bias))


def replace_if_greater(best: Tensor, candidate: Tensor) -> Tensor:
    """One step of a maximum scanned in order: the candidate if it is greater or NaN."""
    return torch.where((candidate > best) | torch.isnan(candidate), candidate, best)


def constant(value: float) -> Tensor:
    """A float32 scalar tensor."""
    return torch.tensor(value, dtype=torch.float32)
