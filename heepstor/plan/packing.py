"""How the weights of a matrix product lie in memory."""

from __future__ import annotations

import numpy as np

from heepstor.ir import Gemm, Int8Array


def tiles(n: int, size: int) -> int:
    """Tiles of `size` columns that cover `n` columns."""
    return -(-n // size)


def pack(gemm: Gemm, size: int) -> Int8Array:
    """Weights as [groups, n_tiles, K, size]; columns beyond N are 0."""
    n_tiles = tiles(gemm.n, size)
    padded = np.zeros((gemm.groups, gemm.k, n_tiles * size), np.int8)
    padded[:, :, : gemm.n] = gemm.weights
    by_tile = padded.reshape(gemm.groups, gemm.k, n_tiles, size).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(by_tile)


def packed_bytes(gemm: Gemm, size: int) -> int:
    """Size of what `pack` gives."""
    return gemm.groups * tiles(gemm.n, size) * gemm.k * size
