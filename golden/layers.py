"""Every layer of the contract, on PyTorch's layouts: float32 maps [B, C, H, W], vectors [M, F]."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import torch
from torch import Tensor
from torch.nn import functional

from golden.arith import canonical_nan, constant, replace_if_greater, scale_bias
from golden.gemm import gemm, gemm_columns

Pair = tuple[int, int]
Edges = tuple[int, int, int, int]

_LOG2_E = constant(1.44269502)
_LN2_HIGH = constant(0.693359375)
_LN2_LOW = constant(-2.12194440e-4)
_EXP_COEFFICIENTS = tuple(
    constant(c)
    for c in (1.98756915e-4, 1.39819995e-3, 8.33345205e-3, 4.16657962e-2, 0.166666657, 0.5)
)
_EXP_UNDERFLOW = -87.0


def linear(x: Tensor, codes: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    """Fully connected layer with its epilogue.

    Args:
        x: [M, K].
        codes: int8 [N, K].
        scale, bias: [N].

    Returns:
        [M, N].
    """
    return scale_bias(gemm(x, codes.T.contiguous()), scale, bias)


def conv2d(
    x: Tensor,
    codes: Tensor,
    scale: Tensor,
    bias: Tensor,
    *,
    stride: Pair = (1, 1),
    padding: Edges = (0, 0, 0, 0),
    dilation: Pair = (1, 1),
    groups: int = 1,
) -> Tensor:
    """Convolution with its epilogue; k runs over kernel row, kernel column, channel of the group.

    Args:
        x: [B, C, H, W].
        codes: int8 [N, C / groups, kh, kw].
        scale, bias: [N].
        padding: rows of +0 above, below, columns left, right.

    Returns:
        [B, N, OH, OW].
    """
    top, bottom, left, right = padding
    padded = functional.pad(x, (left, right, top, bottom))
    accumulators = [
        _correlate(group_x, group_codes, stride, dilation)
        for group_x, group_codes in zip(
            padded.chunk(groups, dim=1), codes.chunk(groups, dim=0), strict=True
        )
    ]
    acc = torch.cat(accumulators, dim=1)
    return scale_bias(acc, scale.reshape(-1, 1, 1), bias.reshape(-1, 1, 1))


def scale_bias_channels(x: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    """Batch norm that is not folded: `scale` and `bias` [C], one for each channel of `x`."""
    return scale_bias(x, scale.reshape(-1, 1, 1), bias.reshape(-1, 1, 1))


def relu(x: Tensor) -> Tensor:
    """`x` where it is greater than 0 or NaN (bits unchanged), else +0."""
    return torch.where((x > 0) | torch.isnan(x), x, constant(0.0))


def max_pool2d(
    x: Tensor,
    kernel: Pair,
    stride: Pair,
    *,
    padding: Pair = (0, 0),
    dilation: Pair = (1, 1),
    ceil_mode: bool = False,
) -> Tensor:
    """Max pooling, scanned by kernel row, then column; a NaN is handed on, bits unchanged.

    Positions outside of the map take no part: -inf is never greater than what a window starts with.
    """
    height, width = (
        _pooled_size(*arguments, ceil_mode)
        for arguments in zip(x.shape[2:], kernel, stride, padding, dilation, strict=True)
    )
    # In ceil mode the last window may overhang by less than a stride.
    rows, columns = padding
    padded = functional.pad(
        x, (columns, columns + stride[1], rows, rows + stride[0]), value=-torch.inf
    )
    best = torch.full((*x.shape[:2], height, width), -torch.inf)
    for tap in _taps(padded, kernel, stride, dilation):
        best = replace_if_greater(best, tap[:, :, :height, :width])
    return best


def softmax(x: Tensor) -> Tensor:
    """Softmax of each row of `x` [M, F], each step rounded to float32."""
    largest = x[:, 0]
    for column in x.T[1:]:
        largest = replace_if_greater(largest, column)
    exponentials = exp(x - largest.unsqueeze(1))
    total = torch.zeros(x.shape[0])
    for column in exponentials.T:
        total = total + column
    return canonical_nan(exponentials / total.unsqueeze(1))


def exp(t: Tensor) -> Tensor:
    """`exp(t)` for `t <= 0` or NaN, by the contract's polynomial."""
    # Lanes that the polynomial does not serve compute exp(0) and are replaced below.
    served = torch.where(t >= _EXP_UNDERFLOW, t, constant(0.0))
    j = torch.round(served * _LOG2_E)
    r = served - j * _LN2_HIGH
    r = r - j * _LN2_LOW
    p = _EXP_COEFFICIENTS[0].expand_as(r)
    for coefficient in _EXP_COEFFICIENTS[1:]:
        p = p * r + coefficient
    p = p * r * r + r
    p = p + constant(1.0)
    power = ((j.to(torch.int32) + 127) << 23).view(torch.float32)
    result = torch.where(t < _EXP_UNDERFLOW, constant(0.0), p * power)
    return canonical_nan(torch.where(torch.isnan(t), t, result))


def _correlate(x: Tensor, codes: Tensor, stride: Pair, dilation: Pair) -> Tensor:
    """The accumulators [B, N, OH, OW] of one group of a convolution of the padded `x`."""
    outputs, _, *kernel = codes.shape
    taps = _taps(x, kernel, stride, dilation)
    columns = torch.stack([tap.transpose(0, 1) for tap in taps])  # [kh * kw, C, B, OH, OW]
    weights = codes.permute(2, 3, 1, 0).reshape(-1, outputs)
    acc = gemm_columns(columns.reshape(weights.shape[0], -1), weights)
    return acc.reshape(outputs, *columns.shape[2:]).transpose(0, 1)


def _taps(x: Tensor, kernel: Sequence[int], stride: Pair, dilation: Pair) -> Iterator[Tensor]:
    """For each kernel row and column, in that order, what it sees of `x`: views [B, C, OH, OW]."""
    height, width = (
        (size - d * (k - 1) - 1) // s + 1
        for size, k, s, d in zip(x.shape[2:], kernel, stride, dilation, strict=True)
    )
    for row, column in product(range(kernel[0]), range(kernel[1])):
        rows = x[:, :, row * dilation[0] :: stride[0]]
        yield rows[:, :, :height, column * dilation[1] :: stride[1]][..., :width]


def _pooled_size(
    size: int, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool
) -> int:
    """PyTorch's output size of pooling: in ceil mode no window starts in the padding behind."""
    room = size + 2 * padding - dilation * (kernel - 1) - 1
    if not ceil_mode:
        return room // stride + 1
    count = -(-room // stride) + 1
    return count - 1 if (count - 1) * stride >= size + padding else count
