"""The blocks of a job and their steps, in their order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from heepstor.config import Config
from heepstor.job import Job, Restart

HALVES = 2
"""Of the accumulators: one gathers sums while the other one is drained."""

_PASSES = 3
"""So many passes over the weights are as good as more: in a block they end no more than two, for
they are read one tile ahead of the steps."""

_Lins = npt.NDArray[np.int64]


class Window(NamedTuple):
    """The window of the activation buffer, from a step on."""

    port: int | None
    """Brings the first word, if it starts anew; None: it moves on."""
    limit: int
    """Words of the map below this may be in it."""


class KTile(NamedTuple):
    """What the steps of a k tile read of the map, for each n tile the same."""

    window: Window | None
    """From the first step on; None: it stays what it is."""
    needs: tuple[int, ...]
    """By position: words of the map below this must be in the buffer."""


class Block(NamedTuple):
    """A chunk's steps for a group of n tiles.

    So that blocks that are alike are equal, words of the map count from the first word of a window
    that starts anew, else from the first one that has yet to come when the block begins.
    """

    first_row: int
    columns: tuple[int, ...]
    """Of each n tile."""
    k_tiles: tuple[KTile, ...]
    begins_pass: bool
    passes: int
    """Over the weights, from this one on; _PASSES if there are more."""


class Entry(NamedTuple):
    """What the core gets of a step."""

    row: int
    ends_tile: bool
    ends_row: bool


class Step(NamedTuple):
    """What decides when a step goes, and what follows from it."""

    entry: Entry
    need: int
    window: Window | None
    begins_block: bool


def steps_of(block: Block) -> Iterator[Step]:
    """The steps of a block in their order."""
    for index, (window, needs) in enumerate(block.k_tiles):
        is_last = index == len(block.k_tiles) - 1
        row = block.first_row
        for _ in block.columns:
            for position, need in enumerate(needs, 1):
                is_first = row == block.first_row
                yield Step(
                    Entry(row, ends_tile=position == len(needs), ends_row=is_last),
                    need,
                    window if is_first else None,
                    begins_block=index == 0 and is_first,
                )
                row += 1


class Blocks:
    """The blocks of a job in their order."""

    def __init__(self, job: Job, config: Config) -> None:
        self._job, self._config = job, config
        self._reach = min(config.systolic_array_activation_words, job.segment_words)
        self._pieces = _k_pieces(job, config.systolic_array_size)
        self.come = 0
        """Words of the map that have come, as whoever runs the blocks says."""

    def __iter__(self) -> Iterator[Block]:
        job = self._job
        columns = tuple(len(tile) for tile in slices(job.columns, job.tile_columns))
        chunks = list(slices(job.windows, job.chunk))
        half = low = 0
        for index, chunk in enumerate(chunks):
            begins, ends = self._reads(chunk)
            low = max(low, int(begins[0]))
            restarting = self._restarting(begins, ends)
            for group in slices(job.n_tiles, job.tile_group):
                is_first = group.start == 0
                yield Block(
                    half * self._config.systolic_array_accumulator_rows // HALVES,
                    columns[group.start : group.stop],
                    restarting or self._moving(ends, low if is_first else None),
                    begins_pass=is_first,
                    passes=min(len(chunks) - index, _PASSES),
                )
                half ^= 1

    def _reads(self, chunk: range) -> tuple[_Lins, _Lins]:
        """[k tile]: where a window would begin; [k tile, position]: where the lanes end.

        Counted from the first word of the map; 0 where no lane takes part.
        """
        job = self._job
        row_offsets, column_offsets, lanes = np.array(self._pieces).T[:3, :, np.newaxis]
        rows, columns = _positions(job, chunk)
        rows, columns = rows + row_offsets, columns + column_offsets
        ends = np.minimum(columns + lanes, job.row_words)
        some = (rows >= 0) & (rows < job.map_words) & (ends > np.maximum(columns, 0))
        begins = np.clip(rows[:, 0] + columns[:, 0], 0, job.map_words)
        return begins, np.where(some, rows + ends, 0)

    def _moving(self, ends: _Lins, low: int | None) -> tuple[KTile, ...]:
        """The window begins at `low` from the first k tile on; None: it stays what it is."""
        needs = np.maximum(ends - self.come, 0).tolist()
        window = None if low is None else Window(None, self._limit(low) - self.come)
        windows = [window, *[None] * (len(needs) - 1)]
        return tuple(KTile(w, tuple(n)) for w, n in zip(windows, needs, strict=True))

    def _restarting(self, begins: _Lins, ends: _Lins) -> tuple[KTile, ...]:
        """The window starts anew at each k tile, or at those that begin a band; else none."""
        if self._job.restart is Restart.NEVER:
            return ()
        k_tiles = []
        for begin, of_positions, piece in zip(begins.tolist(), ends, self._pieces, strict=True):
            window = None
            if piece.begins_band or self._job.restart is Restart.TILE:
                low = begin
                window = Window(low % self._config.systolic_array_ports, self._limit(low) - low)
            k_tiles.append(KTile(window, tuple(np.maximum(of_positions - low, 0).tolist())))
        return tuple(k_tiles)

    def _limit(self, low: int) -> int:
        """The end of a window that begins at `low`."""
        return min(low + self._reach, self._job.map_words)


def slices(count: int, most: int) -> Iterator[range]:
    for first in range(0, count, most):
        yield range(first, min(first + most, count))


class _Piece(NamedTuple):
    """A k tile, as its offsets from where a position begins."""

    row: int
    column: int
    lanes: int
    begins_band: bool


def _k_pieces(job: Job, size: int) -> list[_Piece]:
    return [
        _Piece(
            band * job.band_step,
            run * job.run_step + first,
            lanes=min(size, job.run - first),
            begins_band=run == 0 and first == 0,
        )
        for band in range(job.bands)
        for run in range(job.runs)
        for first in range(0, job.run, size)
    ]


def _positions(job: Job, chunk: range) -> tuple[_Lins, _Lins]:
    """Row and column, in words, of the positions of a chunk of windows, in their order."""
    window, dy, dx = np.meshgrid(
        np.arange(chunk.start, chunk.stop),
        np.arange(job.pool_rows),
        np.arange(job.pool_columns),
        indexing="ij",
    )
    y, x = np.divmod(window, job.window_columns)
    rows = job.row_start + (y * job.pool_rows + dy) * job.row_step
    columns = job.column_start + (x * job.pool_columns + dx) * job.column_step
    return rows.ravel(), columns.ravel()
