"""The steps of a job by the formulas of docs/accelerator.md: each number anew, none carried on."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

from heepstor.job import Job, Restart


@dataclass(frozen=True)
class Step:
    """What the core is to be given, and what must have happened before.

    Attributes:
        row: of the accumulators.
        first, final: whether it begins, or ends, the sums of its row.
        begins_block, ends_tile: whether it is the first of a block, the last of a tile.
        lin: of lane 0.
        lanes: those that take part.
        window: where the window of the buffer begins from this step on; None if it stays.
        is_served: whether its words can ever be in the window. It is the last step if not.
    """

    row: int
    first: bool
    final: bool
    begins_block: bool
    ends_tile: bool
    lin: int
    lanes: range
    window: int | None = None
    is_served: bool = True

    @property
    def end(self) -> int:
        """Index behind the last word that it needs; there must be a lane."""
        return self.lin + self.lanes.stop


def count(job: Job, size: int) -> int:
    """Steps of a job whose words are all served."""
    return len(job.k_tiles(size)) * job.n_tiles * job.windows * job.pool


def steps(job: Job, size: int, accumulator_rows: int, words: int) -> Iterator[Step]:
    """In order, for a buffer of `words`."""
    low = 0
    for step in _unserved(job, size, accumulator_rows):
        if step.window is not None:
            low = step.window if job.restart else max(low, step.window)
            step = replace(step, window=low)
        last = min(low + min(words, job.segment_words), job.map_words)
        is_served = not step.lanes or (low <= step.lin + step.lanes.start and step.end <= last)
        yield replace(step, is_served=is_served)
        if not is_served:
            return


def _unserved(job: Job, size: int, accumulator_rows: int) -> Iterator[Step]:
    """All steps, as if every word came; `window` is where it would begin."""
    k_tiles = [
        (band, run, kk)
        for band in range(job.bands)
        for run in range(job.runs)
        for kk in range(0, job.run, size)
    ]
    tile_groups = list(_slices(range(job.n_tiles), job.tile_group))
    blocks = itertools.product(_slices(range(job.windows), job.chunk), tile_groups)
    for block, (chunk, tiles) in enumerate(blocks):
        positions = list(_positions(job, chunk))
        for k_tile in k_tiles:
            for tile, position in itertools.product(range(len(tiles)), range(len(positions))):
                lin, lanes = _words(job, size, positions[position], k_tile)
                row = block % 2 * (accumulator_rows // 2) + tile * len(positions) + position
                begins = {
                    Restart.NEVER: k_tile == (0, 0, 0) and tiles[0] == 0,
                    Restart.BAND: k_tile[1:] == (0, 0),
                    Restart.TILE: True,
                }
                yield Step(
                    row=row,
                    first=k_tile == k_tiles[0],
                    final=k_tile == k_tiles[-1],
                    begins_block=k_tile == k_tiles[0] and tile == position == 0,
                    ends_tile=position == len(positions) - 1,
                    lin=lin,
                    lanes=lanes,
                    window=min(max(lin, 0), job.map_words)
                    if begins[job.restart] and tile == position == 0
                    else None,
                )


def _slices(items: range, most: int) -> Iterator[range]:
    for first in items[::most]:
        yield range(first, min(first + most, items.stop))


def _positions(job: Job, chunk: range) -> Iterator[tuple[int, int]]:
    """Row and column of the positions of some windows."""
    for window in chunk:
        y, x = divmod(window, job.window_columns)
        for dy, dx in itertools.product(range(job.pool_rows), range(job.pool_columns)):
            row = job.row_start + (y * job.pool_rows + dy) * job.row_step
            yield row, job.column_start + (x * job.pool_columns + dx) * job.column_step


def _words(
    job: Job, size: int, position: tuple[int, int], k_tile: tuple[int, int, int]
) -> tuple[int, range]:
    """Lin of lane 0, and the lanes that take part."""
    band, run, kk = k_tile
    row = position[0] + band * job.band_step
    column = position[1] + run * job.run_step + kk
    lanes = [
        lane
        for lane in range(min(size, job.run - kk))
        if 0 <= row < job.map_words and 0 <= column + lane < job.row_words
    ]
    return row + column, range(lanes[0], lanes[-1] + 1) if lanes else range(0)
