"""The matrix product in contract order: `acc := fl(acc + fl(a * w))`, k = 0, 1, .. K-1, from +0."""

from __future__ import annotations

import torch
from torch import Tensor

from golden.arith import canonical_nan

# Elements of (M, N) worked on at a time: accumulators and products stay in the cache, and PyTorch
# does not share one operation among threads, which would wait for each other on a busy machine.
BLOCK_ELEMENTS = 32_768


def gemm(a: Tensor, w: Tensor) -> Tensor:
    """Product of activations `a` float32 [M, K] and weights `w` int8 [K, N]: float32 [M, N].

    Raises:
        ValueError: if shapes or types do not fit.
    """
    return gemm_columns(a.T.contiguous(), w).T.contiguous()


def gemm_columns(a: Tensor, w: Tensor) -> Tensor:
    """`gemm` with M last: `a` float32 [K, M], `w` int8 [K, N], result float32 [N, M].

    With M last, one step of k is a long run of equal operations, which PyTorch vectorises; the
    order within a sum is k's alone, so blocking over M changes no bit.

    Raises:
        ValueError: as `gemm`.
    """
    _check(a, w)
    k_size, m_size = a.shape
    n_size = w.shape[1]
    factors = w.to(torch.float32).unsqueeze(-1)  # [K, N, 1]; every INT8 code is exact
    result = torch.zeros(n_size, m_size)
    block = max(1, BLOCK_ELEMENTS // max(1, n_size))
    for start in range(0, m_size, block):
        columns = a[:, start : start + block]
        acc = torch.zeros(n_size, columns.shape[1])
        product = torch.empty_like(acc)
        for k in range(k_size):
            torch.mul(factors[k], columns[k], out=product)
            acc.add_(product)
        result[:, start : start + block] = acc
    return canonical_nan(result)


def _check(a: Tensor, w: Tensor) -> None:
    if a.dtype != torch.float32 or w.dtype != torch.int8:
        raise ValueError(f"gemm of {a.dtype} by {w.dtype}; it must be float32 by int8")
    if a.ndim != 2 or w.ndim != 2 or a.shape[0] != w.shape[0]:
        raise ValueError(
            f"gemm of a [K, M] {list(a.shape)} by w [K, N] {list(w.shape)}; K must be the same"
        )
