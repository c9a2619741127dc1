"""A matrix product as jobs of `stream` mode (docs/accelerator.md).

What is to be computed follows from the shapes; how many windows are in the accumulators at a time,
and how the buffer of activations moves over the map, is a choice: the one with the fewest predicted
cycles of those that the hardware can do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from math import prod

import numpy as np
import numpy.typing as npt

from heepstor.config import Config
from heepstor.ir import Gemm, MatrixProduct, Node, StreamJob, Window2d
from heepstor.job import EPILOGUE_CHANNELS, Job, Restart, faults
from heepstor.plan import stream_cost
from heepstor.plan.packing import tiles

_Int64Array = npt.NDArray[np.int64]

_ONE_TAP = Window2d(kernel=(1, 1), stride=(1, 1), padding=(0, 0), dilation=(1, 1))

_NOWHERE = np.iinfo(np.int64).max
"""First word of what reads nothing."""


def plan_jobs(node: Node, op: MatrixProduct, config: Config) -> tuple[StreamJob, ...] | str:
    """The jobs of a product, in an order that does not matter, or why the hardware cannot do it."""
    placed: list[StreamJob] = []
    constants = 0
    for channel, columns in _parts(op.gemm, config):
        job = _fitted(_whole(node, op, channel, columns, config), config)
        if isinstance(job, str):
            return job
        placed.append(StreamJob(job, channel, constants))
        constants += placed[-1].constant_words
    return tuple(placed)


def _parts(gemm: Gemm, config: Config) -> Iterator[tuple[int, int]]:
    """First output channel and number of channels of each job: a group, or a part of one."""
    size = config.systolic_array_size
    n_tiles = tiles(gemm.n, size)
    parts = tiles(n_tiles, EPILOGUE_CHANNELS // size)
    width = tiles(n_tiles, parts) * size
    for group in range(gemm.groups):
        for first in range(0, gemm.n, width):
            yield group * gemm.n + first, min(width, gemm.n - first)


def _whole(node: Node, op: MatrixProduct, channel: int, columns: int, config: Config) -> Job:
    """A job as if the accumulators and the buffer of activations held all of it at once."""
    gemm = op.gemm
    # A Linear looks at each row of its matrix as at a pixel of K channels.
    height, width, channels = _map(node) if op.window else (gemm.m, 1, gemm.k)
    window = op.window or _ONE_TAP
    row = width * channels
    inputs = channels // gemm.groups
    # Neighbouring taps of all channels are neighbours in memory too.
    joined = window.dilation[1] == 1 and gemm.groups == 1
    windows = gemm.m // prod(op.pool)
    n_tiles = tiles(columns, config.systolic_array_size)
    return Job(
        map_words=height * row,
        row_words=row,
        row_start=-window.padding[0] * row,
        column_start=channel // gemm.n * inputs - window.padding[1] * channels,
        row_step=window.stride[0] * row,
        column_step=window.stride[1] * channels,
        band_step=window.dilation[0] * row,
        run_step=window.dilation[1] * channels,
        run=window.kernel[1] * inputs if joined else inputs,
        bands=window.kernel[0],
        runs=1 if joined else window.kernel[1],
        windows=windows,
        window_columns=node.output_shape[3] if op.window else 1,
        chunk=windows,
        pool_columns=op.pool[1],
        pool_rows=op.pool[0],
        tile_group=n_tiles,
        columns=columns,
        tile_columns=tiles(columns, n_tiles),
        output_step=gemm.groups * gemm.n,
        weight_words=tiles(gemm.k * columns, 4),
        segment_words=height * row,
        relu=node.relu,
        restart=Restart.NEVER,
    )


def _map(node: Node) -> tuple[int, int, int]:
    """Height, width and channels of a feature map that is read."""
    _, channels, height, width = node.input_shape
    return height, width, channels


def _fitted(whole: Job, config: Config) -> Job | str:
    """The fastest way to do the job with the buffers there are, or why there is none."""
    half = config.systolic_array_accumulator_rows // 2
    if whole.pool > half:
        return f"{whole.pool} positions a window; half of the accumulators has {half} rows"
    smallest = replace(whole, chunk=1, tile_group=1)
    if refused := faults(smallest, config):
        return "; ".join(refused)
    able = list(_candidates(whole, config))
    if not able:
        words = config.systolic_array_activation_words
        return f"the buffer of activations, {words} words, is too small for one window"
    return min(able, key=lambda job: stream_cost.rank(job, config))


def _candidates(whole: Job, config: Config) -> Iterator[Job]:
    """The job in chunks and groups of n tiles that the buffers hold, largest chunks first.

    Chunks are as equal as they can be; a group is one n tile, as many as hide the latency of their
    sums, or all that there is room for.
    """
    half = config.systolic_array_accumulator_rows // 2
    limits = range(1, min(half // whole.pool, whole.windows) + 1)
    chunks = {tiles(whole.windows, tiles(whole.windows, limit)) for limit in limits}
    for chunk in sorted(chunks, reverse=True):
        rows = chunk * whole.pool
        room = min(whole.n_tiles, half // rows)
        hiding = min(room, tiles(stream_cost.row_latency(config), rows))
        segments = _segment_words(whole, chunk, config)
        for group in sorted({1, hiding, room}):
            for restart, words in segments.items():
                yield replace(
                    whole, chunk=chunk, tile_group=group, restart=restart, segment_words=words
                )


def _segment_words(whole: Job, chunk: int, config: Config) -> dict[Restart, int]:
    """SEGMENT_WORDS for each way to move the window with which the buffer holds what is read."""
    extents = {
        restart: _extent(whole, config.systolic_array_size, chunk, restart) for restart in Restart
    }
    return {
        restart: whole.map_words if restart is Restart.NEVER else extent
        for restart, extent in extents.items()
        if extent is not None and extent <= config.systolic_array_activation_words
    }


@cache
def _extent(whole: Job, size: int, chunk: int, restart: Restart) -> int | None:
    """Words that the buffer has to hold for chunks of so many windows.

    None if what has left the window is read again before a restart. Of the hardware it is the size
    of the array alone that counts: whoever tries many configurations asks for the same again.
    """
    reach = _reach(whole, size)
    starts = np.arange(0, whole.windows * whole.pool, chunk * whole.pool)
    segments = _segments(whole, restart, reach.lin.shape[1])
    low = np.clip(reach.lin[np.ix_(starts, segments)], 0, whole.map_words)
    first, end = (
        extreme.reduceat(extreme.reduceat(words, starts, axis=0), segments, axis=1)
        for extreme, words in ((np.minimum, reach.first), (np.maximum, reach.end))
    )
    lost = bool((first < low).any()) or (
        restart is Restart.NEVER and bool((np.diff(low[:, 0]) < 0).any())
    )
    return None if lost else max(1, int((end - low).max()))


@dataclass(frozen=True, eq=False)
class _Reach:
    """Words [first, end) of the map that positions read; arrays are [positions, k tiles].

    `lin` is where lane 0 is, be it in the padding or not.
    """

    lin: _Int64Array
    first: _Int64Array
    end: _Int64Array


@lru_cache(maxsize=1)
def _reach(job: Job, size: int) -> _Reach:
    """Evaluates the formulas of docs/accelerator.md for every position."""
    row, column = _positions(job)
    starts, lanes = np.array(job.k_tiles(size)).T
    tap, kk = np.divmod(starts, job.run)
    band, run = np.divmod(tap, job.runs)
    row = row[:, np.newaxis] + band * job.band_step
    column = column[:, np.newaxis] + run * job.run_step + kk
    first, end = np.maximum(column, 0), np.minimum(column + lanes, job.row_words)
    reads = (row >= 0) & (row < job.map_words) & (first < end)
    return _Reach(
        lin=row + column,
        first=np.where(reads, row + first, _NOWHERE),
        end=np.where(reads, row + end, 0),
    )


def _positions(job: Job) -> tuple[_Int64Array, _Int64Array]:
    """`row` and `col` of every position, in order."""
    window, inside = np.divmod(np.arange(job.windows * job.pool), job.pool)
    y, x = np.divmod(window, job.window_columns)
    dy, dx = np.divmod(inside, job.pool_columns)
    return (
        job.row_start + (y * job.pool_rows + dy) * job.row_step,
        job.column_start + (x * job.pool_columns + dx) * job.column_step,
    )


def _segments(job: Job, restart: Restart, k_tiles: int) -> _Int64Array:
    """The k tiles at which the window of the buffer may start anew."""
    step = {Restart.NEVER: k_tiles, Restart.BAND: k_tiles // job.bands, Restart.TILE: 1}
    return np.arange(0, k_tiles, step[restart])
