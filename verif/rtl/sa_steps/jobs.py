"""Jobs to draw: layers as the compiler makes them, and numbers that nobody would choose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from heepstor.job import Job, Restart
from verif.rtl.sa_steps import model

MOST_STEPS = 200


def plain(**numbers: int) -> Job:
    """One step with one lane, but for `numbers`; a segment is the whole map, unless it is named."""
    zeros = dict.fromkeys(Job.__dataclass_fields__, 0)
    ones = (
        *("run", "runs", "bands", "windows", "window_columns", "chunk", "pool_columns"),
        *("pool_rows", "tile_group", "columns", "tile_columns", "map_words", "row_words"),
        *("weight_words", "segment_words"),
    )
    values: dict[str, Any] = zeros | dict.fromkeys(ones, 1) | numbers
    values["relu"] = False
    values["restart"] = Restart(values["restart"])
    values["segment_words"] = numbers.get("segment_words", values["map_words"])
    return Job(**values)


class Draw:
    """Random jobs for an array; none has more than `MOST_STEPS` steps."""

    def __init__(self, rng: np.random.Generator, size: int, accumulator_rows: int) -> None:
        self._rng, self._size, self._half = rng, size, accumulator_rows // 2

    def _between(self, low: int, high: int) -> int:
        return int(self._rng.integers(low, high + 1))

    def layer(self) -> Job:
        """A convolution with padding, strides, dilation, groups of channels and pooling."""
        return self._bounded(self._layer)

    def wild(self) -> Job:
        """Starts and steps of any sign, maps that end within a row."""
        return self._bounded(self._wild)

    def _bounded(self, draw: Callable[[], Job]) -> Job:
        while True:
            job = draw()
            if model.count(job, self._size) <= MOST_STEPS:
                return job

    def _layer(self) -> Job:
        between = self._between
        groups = between(1, 2)
        channels = between(1, self._size + 2)
        depth = groups * channels
        height, width = between(1, 7), between(1, 7)
        kernel_rows, kernel_columns = between(1, 3), between(1, 3)
        dilation, stride = between(1, 2), between(1, 2)
        pad = between(0, dilation * (min(kernel_rows, kernel_columns) - 1) + 1)
        pool_rows, pool_columns = between(1, 2), between(1, 2)
        # As many outputs as there are, or a few more behind the map: padding as well.
        rows = max(1, (height + 2 * pad - dilation * (kernel_rows - 1) - 1) // stride + 1)
        columns = max(1, (width + 2 * pad - dilation * (kernel_columns - 1) - 1) // stride + 1)
        window_rows, window_columns = -(-rows // pool_rows), -(-columns // pool_columns)
        taps_are_neighbours = dilation == groups == 1
        return self._tiled(
            map_words=height * width * depth,
            row_words=width * depth,
            row_start=-pad * width * depth,
            column_start=-pad * depth + between(0, groups - 1) * channels,
            row_step=stride * width * depth,
            column_step=stride * depth,
            band_step=dilation * width * depth,
            run_step=dilation * depth,
            run=kernel_columns * channels if taps_are_neighbours else channels,
            bands=kernel_rows,
            runs=1 if taps_are_neighbours else kernel_columns,
            windows=window_rows * window_columns,
            window_columns=window_columns,
            pool_rows=pool_rows,
            pool_columns=pool_columns,
        )

    def _wild(self) -> Job:
        between = self._between
        return self._tiled(
            map_words=between(1, 90),
            row_words=between(1, 40),
            row_start=between(-20, 40),
            column_start=between(-12, 12),
            row_step=between(-10, 25),
            column_step=between(-3, 6),
            band_step=between(-10, 25),
            run_step=between(-3, 9),
            run=between(1, 2 * self._size + 1),
            bands=between(1, 3),
            runs=between(1, 3),
            windows=between(1, 9),
            window_columns=between(1, 5),
            pool_rows=between(1, 3),
            pool_columns=between(1, 3),
        )

    def _tiled(self, **numbers: int) -> Job:
        """The job with its columns, its chunks and its restarts."""
        between = self._between
        tile_columns = between(1, self._size)
        pool = numbers["pool_rows"] * numbers["pool_columns"]
        tile_group = between(1, min(3, max(1, self._half // pool)))
        most = max(1, self._half // (pool * tile_group))
        job = plain(
            **numbers,
            columns=between(1, 4 * tile_columns),
            tile_columns=tile_columns,
            tile_group=tile_group,
            chunk=between(1, most),
            restart=between(0, 2),
        )
        # What a restart reads at most: often enough, now and then not.
        if job.restart and between(0, 1):
            job = replace(job, segment_words=between(1, job.map_words))
        return job
