"""A job of `stream` mode, its descriptor in memory, and what the hardware refuses.

docs/accelerator.md says what every number means; where each one lies, `registers.DESCRIPTOR` does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import IntEnum

from heepstor.config import Config
from heepstor.registers import DESCRIPTOR, DESCRIPTOR_VERSION

EPILOGUE_CHANNELS = 256
"""Output channels of a job, rounded up to whole tiles of the array's size, are at most so many."""

LIN_BITS = 24
"""Bits of a signed number of words."""

_WORD_BITS = 32

_POSITIVE = (
    "run",
    "runs",
    "bands",
    "windows",
    "window_columns",
    "chunk",
    "pool_columns",
    "pool_rows",
    "columns",
    "tile_columns",
    "tile_group",
    "map_words",
    "row_words",
    "weight_words",
    "segment_words",
)


class Restart(IntEnum):
    """When the window of the activation buffer starts anew."""

    NEVER = 0
    BAND = 1
    TILE = 2


@dataclass(frozen=True)
class Job:
    """The fields of a descriptor, addresses apart; everything is counted in words."""

    map_words: int
    row_words: int
    row_start: int
    column_start: int
    row_step: int
    column_step: int
    band_step: int
    run_step: int
    run: int
    bands: int
    runs: int
    windows: int
    window_columns: int
    chunk: int
    pool_columns: int
    pool_rows: int
    tile_group: int
    columns: int
    tile_columns: int
    output_step: int
    weight_words: int
    segment_words: int
    relu: bool
    restart: Restart

    @property
    def k(self) -> int:
        """Length of a sum."""
        return self.bands * self.runs * self.run

    @property
    def pool(self) -> int:
        """Positions of a window."""
        return self.pool_rows * self.pool_columns

    @property
    def n_tiles(self) -> int:
        """Tiles of output channels."""
        return -(-self.columns // self.tile_columns)

    def k_tile_count(self, size: int) -> int:
        """K tiles on an array of `size`."""
        return self.bands * self.runs * -(-self.run // size)

    def k_tiles(self, size: int) -> tuple[tuple[int, int], ...]:
        """First k and number of rows of each k tile of an array of `size`, in order."""
        pieces = [(kk, min(size, self.run - kk)) for kk in range(0, self.run, size)]
        runs = range(0, self.k, self.run)
        return tuple((start + kk, rows) for start in runs for kk, rows in pieces)


def encode(
    job: Job, input_address: int, weights_address: int, output_address: int, next_address: int
) -> list[int]:
    """The words of a job's descriptor.

    Raises:
        ValueError: a number does not fit its place.
    """
    values = {name.upper(): int(value) for name, value in asdict(job).items()} | {
        "NEXT": next_address,
        "VERSION": DESCRIPTOR_VERSION,
        "INPUT": input_address,
        "WEIGHTS": weights_address,
        "OUTPUT": output_address,
    }
    words = []
    for word in DESCRIPTOR:
        if not word.fields:
            words.append(_bits(word.name, values[word.name], _WORD_BITS))
            continue
        words.append(sum(_bits(f.name, values[f.name], f.width) << f.lsb for f in word.fields))
    return words


def _bits(name: str, value: int, width: int) -> int:
    """A number in a place of `width` bits; only a whole word may be negative."""
    lowest = -(1 << width - 1) if width == _WORD_BITS else 0
    if not lowest <= value < 1 << width:
        raise ValueError(f"{name} is {value}; it must fit {width} bits")
    return value % (1 << width)


def faults(job: Job, config: Config) -> list[str]:
    """Why the hardware would refuse a job, one sentence each; empty if it would not."""
    return [*_number_faults(job), *_geometry_faults(job, config)]


def _number_faults(job: Job) -> Iterator[str]:
    widths = {f.name: f.width for word in DESCRIPTOR for f in word.fields}
    for name, value in asdict(job).items():
        width = widths.get(name.upper())
        limit = 1 << (width or LIN_BITS - 1)
        lowest = 1 if name in _POSITIVE else 0 if width else -limit
        if not lowest <= value < limit:
            yield f"{name} is {value:,}; it must be from {lowest:,} to {limit - 1:,}"


def _geometry_faults(job: Job, config: Config) -> Iterator[str]:
    size, half = config.systolic_array_size, config.systolic_array_accumulator_rows // 2
    rows = job.chunk * job.pool * job.tile_group
    if job.restart not in list(Restart):
        yield f"restart is {job.restart}; it must be 0, 1 or 2"
    if job.tile_columns > size:
        yield f"tile_columns is {job.tile_columns}; the array has {size}"
    if rows > half:
        yield f"a block has {rows} rows; half of the accumulators has {half}"
    if job.tile_columns > 0 and job.n_tiles * size > EPILOGUE_CHANNELS:
        yield f"{job.columns} columns in {job.n_tiles} tiles; at most {EPILOGUE_CHANNELS // size}"
