"""How the weights of a matrix product lie in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from heepstor.ir import Gemm, Int8Array, StreamJob, Uint32Array
from heepstor.job import Job


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


def stream_constants(gemm: Gemm, jobs: Sequence[StreamJob], size: int) -> Uint32Array:
    """What the jobs of a layer read besides its input, in words.

    Of each job the weights in the order of docs/accelerator.md, the scales, and the biases.
    """
    parts: list[Uint32Array] = []
    for placed in jobs:
        group, first = divmod(placed.channel, gemm.n)
        job = placed.job
        weights = gemm.weights[group, :, first : first + job.columns]
        channels = slice(placed.channel, placed.channel + job.columns)
        tiled = b"".join(tile.tobytes() for tile in _stream_tiles(weights, job, size))
        parts += [
            np.frombuffer(tiled.ljust(4 * job.weight_words, b"\0"), "<u4"),
            gemm.scale[channels].view(np.uint32),
            gemm.bias[channels].view(np.uint32),
        ]
    return np.concatenate(parts)


def _stream_tiles(weights: Int8Array, job: Job, size: int) -> Iterator[Int8Array]:
    """The tiles [rows, columns] of a job's weights [K, N], in the order in which it uses them."""
    columns = range(0, job.columns, job.tile_columns)
    for n_group in range(0, job.n_tiles, job.tile_group):
        for k, rows in job.k_tiles(size):
            for n in columns[n_group : n_group + job.tile_group]:
                yield weights[k : k + rows, n : n + job.tile_columns]
