"""What no implementation can beat on this hardware: docs/accelerator.md, "Limits"."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from heepstor.config import Config
from heepstor.ir import Gemm, Layer
from heepstor.job import Job
from heepstor.plan.packing import tiles


@dataclass(frozen=True)
class Bounds:
    """Of one matrix product; `words` have to cross the array's ports, of 32 bits, each once."""

    array_cycles: int
    words: int

    def port_cycles(self, config: Config) -> int:
        """Cycles in which the ports move the words, if all of them are always busy."""
        return tiles(self.words, config.systolic_array_ports)


def bounds(layer: Layer, config: Config) -> Bounds | None:
    """The bounds of a layer; None if it has no matrix product.

    Those of a streamed layer are its jobs'. A layer of another back-end has those of its matrices,
    as if K could be cut into tiles anywhere: what the array would have to offer it at best.
    """
    if layer.gemm is None:
        return None
    if layer.jobs:
        parts = [_of_job(placed.job, config) for placed in layer.jobs]
    else:
        parts = list(_of_gemm(layer, layer.gemm, config))
    return Bounds(sum(part.array_cycles for part in parts), sum(part.words for part in parts))


def _of_job(job: Job, config: Config) -> Bounds:
    positions = job.windows * job.pool
    k_tiles = job.k_tile_count(config.systolic_array_size)
    outputs = job.windows * job.columns
    return Bounds(
        array_cycles=k_tiles * job.n_tiles * positions,
        words=job.map_words + job.weight_words + 2 * job.columns + outputs,
    )


def _of_gemm(layer: Layer, gemm: Gemm, config: Config) -> Iterator[Bounds]:
    size = config.systolic_array_size
    for _ in range(gemm.groups):
        yield Bounds(
            array_cycles=tiles(gemm.k, size) * tiles(gemm.n, size) * gemm.m,
            words=prod(layer.input.shape) // gemm.groups
            + tiles(gemm.k * gemm.n, 4)
            + 2 * gemm.n
            + gemm.m * gemm.n,
        )
