"""Packed weights lie as docs/architecture.md says."""

from __future__ import annotations

import numpy as np
import pytest

from heepstor.ir import Gemm
from heepstor.plan.packing import pack, packed_bytes
from verif.harness.seeds import derive


def gemm(groups: int, k: int, n: int) -> Gemm:
    generator = np.random.default_rng(derive(f"packing {groups} {k} {n}"))
    weights = generator.integers(-127, 128, (groups, k, n), dtype=np.int8)
    ones = np.ones(groups * n, np.float32)
    return Gemm(m=1, k=k, n=n, groups=groups, weights=weights, scale=ones, bias=ones)


@pytest.mark.parametrize(
    ("groups", "k", "n", "size"),
    [(1, 5, 3, 4), (1, 8, 8, 8), (2, 3, 9, 4), (3, 1, 1, 8), (1, 7, 17, 8)],
)
def test_row_k_of_a_tile_is_size_consecutive_bytes_padded_with_zeros(
    groups: int, k: int, n: int, size: int
) -> None:
    product = gemm(groups, k, n)
    flat = pack(product, size).ravel()
    n_tiles = -(-n // size)
    assert flat.nbytes == packed_bytes(product, size) == groups * n_tiles * k * size
    for g in range(groups):
        for row in range(k):
            for column in range(n_tiles * size):
                tile, lane = divmod(column, size)
                got = flat[((g * n_tiles + tile) * k + row) * size + lane]
                expected = product.weights[g, row, column] if column < n else 0
                assert got == expected, f"[{g}, {row}, {column}]: got {got}, expected {expected}"
