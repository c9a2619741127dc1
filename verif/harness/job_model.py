"""Executes a job of `stream` mode in Python, formula by formula from docs/accelerator.md.

It shares no code with the planner: what it writes for a planned job must be the golden output.
Memory is an array of words from address 0 on; all positions of a chunk are worked on at once, which
changes no bit. It never loads torch, so a simulator's process may use it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from golden.numpy_twin import relu, scale_bias
from heepstor.job import Job, Restart
from heepstor.registers import DESCRIPTOR

Words = npt.NDArray[np.uint32]
_Int64Array = npt.NDArray[np.int64]
_Float32Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Hardware:
    """What of the hardware shows in what a job reads, writes or refuses."""

    size: int
    activation_words: int
    weight_rows: int


@dataclass(frozen=True)
class Addresses:
    """Where a job's data lies, in bytes."""

    input: int
    weights: int
    output: int


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a job does to memory; keys and members are addresses in bytes.

    Attributes:
        written: every word written, each once.
        needed: words that are read for certain.
        allowed: words that may be read: the buffer runs ahead, as far as its window goes.
        weight_passes: how often all weights are read.
        steps: what the counter COMPUTE must show.
    """

    written: dict[int, int]
    needed: frozenset[int]
    allowed: frozenset[int]
    weight_passes: int
    steps: int


def decode(words: Sequence[int]) -> tuple[Job, Addresses, int]:
    """The job in a descriptor's words, where its data lies, and the address of the next one."""
    values: dict[str, int] = {}
    for register, word in zip(DESCRIPTOR, words, strict=True):
        # Only what fills a word has a sign.
        values[register.name] = word - (word >> 31 << 32)
        for field in register.fields:
            values[field.name] = word >> field.lsb & ((1 << field.width) - 1)
    numbers = {field.name: values[field.name.upper()] for field in fields(Job)}
    flags = {"relu": bool(numbers["relu"]), "restart": Restart(numbers["restart"])}
    job = Job(**numbers | flags)  # type: ignore[arg-type]
    return job, Addresses(values["INPUT"], values["WEIGHTS"], values["OUTPUT"]), values["NEXT"]


class JobError(Exception):
    """The hardware would end the job with an error: `name` is the bit of STATUS.

    `outcome` is what the job may have done until then; of its results, some may not be written.
    """

    def __init__(self, name: str, why: str, outcome: Outcome) -> None:
        super().__init__(f"{name}: {why}")
        self.name = name
        self.outcome = outcome


def execute(job: Job, addresses: Addresses, memory: Words, hardware: Hardware) -> Outcome:
    """Run a job that is valid; `memory` stays as it is.

    Raises:
        JobError: ERR_WINDOW or, where the weights run out, ERR_DESCRIPTOR.
    """
    return _Run(job, addresses, memory, hardware).whole()


class _EndedError(Exception):
    """The hardware would end the job here: the bit of STATUS, and why."""


@dataclass(frozen=True)
class _Tile:
    """A k tile: lanes 0 .. lanes-1 of a piece of a run."""

    band: int
    run: int
    kk: int
    lanes: int


class _Run:
    def __init__(self, job: Job, at: Addresses, memory: Words, hardware: Hardware) -> None:
        self._job = job
        self._at = at
        self._memory = memory
        self._hardware = hardware
        self._tiles = [
            _Tile(band, run, kk, min(hardware.size, job.run - kk))
            for band in range(job.bands)
            for run in range(job.runs)
            for kk in range(0, job.run, hardware.size)
        ]
        self._written: dict[int, int] = {}
        self._needed: set[int] = set()
        self._window_words: set[int] = set()
        self._steps = 0
        # What lies before it has left the window; without a restart it does not come back.
        self._passed = 0

    def whole(self) -> Outcome:
        """Chunk after chunk."""
        job = self._job
        try:
            for first in range(0, job.windows, job.chunk):
                self._chunk(first, min(job.chunk, job.windows - first))
        except _EndedError as ended:
            raise JobError(*ended.args, self._outcome()) from None
        return self._outcome()

    def _outcome(self) -> Outcome:
        """What was done so far."""
        job = self._job
        chunks = -(-job.windows // job.chunk)
        n_tiles = -(-job.columns // job.tile_columns)
        k = job.bands * job.runs * job.run
        constants = range(job.weight_words + 2 * job.columns)
        read = {self._at.weights + 4 * word for word in constants}
        needed = {self._at.input + 4 * lin for lin in self._needed}
        allowed = {self._at.input + 4 * lin for lin in self._window_words}
        return Outcome(
            written=self._written,
            needed=frozenset(needed | read),
            allowed=frozenset(needed | allowed | read),
            weight_passes=chunks if k * n_tiles > self._hardware.weight_rows else 1,
            steps=self._steps,
        )

    def _chunk(self, first: int, windows: int) -> None:
        row, col = _positions(self._job, first, windows)
        sums = np.zeros((len(row), self._job.columns), np.float32)
        k_tiles_done = np.zeros(sums.shape, np.int64)
        try:
            self._accumulate(row, col, sums, k_tiles_done)
        finally:
            # Steps come in their order: before an error some sums are final, and go on their way.
            self._write(first, windows, sums, k_tiles_done == len(self._tiles))

    def _accumulate(
        self, row: _Int64Array, col: _Int64Array, sums: _Float32Array, k_tiles_done: _Int64Array
    ) -> None:
        """All steps of a chunk, whose positions are at (row, col)."""
        job = self._job
        weights = self._weights()
        n_tiles = [
            slice(n, min(n + job.tile_columns, job.columns))
            for n in range(0, job.columns, job.tile_columns)
        ]
        low = max(int(row[0] + col[0]), 0)
        for group in range(0, len(n_tiles), job.tile_group):
            for index, tile in enumerate(self._tiles):
                low = self._restarted(low, index, int(row[0]), int(col[0]))
                activations, takes_part, error = self._activations(tile, row, col, low)
                # Those before the first position whose words never come.
                done = slice(0, len(activations))
                for n in n_tiles[group : group + job.tile_group]:
                    for lane in range(tile.lanes):
                        row_of_tile = _take(weights, n.stop - n.start)
                        _step(sums[done, n], activations[:, lane], takes_part[:, lane], row_of_tile)
                    k_tiles_done[done, n] += 1
                    if error:
                        raise error
                    self._steps += len(row)

    def _restarted(self, low: int, index: int, row: int, col: int) -> int:
        """`low` in the k tile `index`; (row, col) is the first position of the chunk."""
        job, tile = self._job, self._tiles[index]
        first_of_band = tile.run == 0 and tile.kk == 0
        if job.restart == Restart.BAND and first_of_band:
            low = row + tile.band * job.band_step + col
        elif job.restart == Restart.TILE:
            low = row + tile.band * job.band_step + col + tile.run * job.run_step + tile.kk
        low = min(max(low, 0), job.map_words)
        # Without a restart, the buffer has been filled from the map's first word on.
        start = 0 if job.restart == Restart.NEVER else low
        self._window_words.update(range(start, min(job.map_words, low + self._window())))
        return low

    def _window(self) -> int:
        return min(self._hardware.activation_words, self._job.segment_words)

    def _activations(
        self, tile: _Tile, row: _Int64Array, col: _Int64Array, low: int
    ) -> tuple[_Float32Array, npt.NDArray[np.bool_], _EndedError | None]:
        """Activations [positions, lanes] of a k tile, whether each lane takes part, and the error.

        With an error, they are those of the positions before the one that causes it.
        """
        job = self._job
        of_row = (row + tile.band * job.band_step)[:, np.newaxis]
        of_col = (col + tile.run * job.run_step + tile.kk)[:, np.newaxis] + np.arange(tile.lanes)
        takes_part = (of_row >= 0) & (of_row < job.map_words)
        takes_part = takes_part & (of_col >= 0) & (of_col < job.row_words)
        lin = of_row + of_col
        if job.restart == Restart.NEVER:
            self._passed = max(self._passed, low)
        oldest = max(low, self._passed)
        end = min(oldest + self._window(), job.map_words)
        is_wrong = (takes_part & ((lin < oldest) | (lin >= end))).any(axis=1)
        error = None
        if is_wrong.any():
            position = int(is_wrong.argmax())
            needed = lin[position][takes_part[position]].tolist()
            why = f"{tile} needs words {needed} of {oldest} .. {end - 1}"
            error = _EndedError("ERR_WINDOW", why)
            lin, takes_part = lin[:position], takes_part[:position]
        self._needed.update(lin[takes_part].tolist())
        activations = np.zeros(takes_part.shape, np.float32)
        words = self._memory[self._at.input // 4 + lin[takes_part]]
        activations[takes_part] = words.view(np.float32)
        return activations, takes_part, error

    def _weights(self) -> Iterator[int]:
        """The codes, byte after byte."""
        start = self._at.weights // 4
        words = self._memory[start : start + self._job.weight_words]
        yield from words.view(np.int8).tolist()
        why = f"{self._job.weight_words} words of weights are too few"
        raise _EndedError("ERR_DESCRIPTOR", why)

    def _write(
        self, first: int, windows: int, sums: _Float32Array, is_final: npt.NDArray[np.bool_]
    ) -> None:
        """Epilogue and maximum of the sums [positions, columns] of windows from `first` on.

        Nothing is written of a window of which a sum is not final.
        """
        job = self._job
        shape = (windows, -1, job.columns)
        start = self._at.weights // 4 + job.weight_words
        parameters = self._memory[start : start + 2 * job.columns].view(np.float32)
        scale, bias = parameters[: job.columns], parameters[job.columns :]
        results = scale_bias(sums.reshape(shape), scale, bias)
        if job.relu:
            results = relu(results)
        best = results[:, 0]
        for position in range(1, results.shape[1]):
            later = results[:, position]
            best = np.where((later > best) | np.isnan(later), later, best)
        for window, channel in zip(*is_final.reshape(shape).all(axis=1).nonzero(), strict=True):
            address = self._at.output + 4 * ((first + int(window)) * job.output_step + int(channel))
            self._written[address] = int(best.view(np.uint32)[window, channel])


def _positions(job: Job, first: int, windows: int) -> tuple[_Int64Array, _Int64Array]:
    """`row` and `col` of every position of some windows."""
    places = [
        (
            job.row_start + (window // job.window_columns * job.pool_rows + dy) * job.row_step,
            job.column_start
            + (window % job.window_columns * job.pool_columns + dx) * job.column_step,
        )
        for window in range(first, first + windows)
        for dy in range(job.pool_rows)
        for dx in range(job.pool_columns)
    ]
    row, col = np.array(places, np.int64).T
    return row, col


def _step(
    sums: _Float32Array,
    activations: _Float32Array,
    takes_part: npt.NDArray[np.bool_],
    weights: _Float32Array,
) -> None:
    """`acc := fl(acc + fl(a * w))` of one lane, in place, where it takes part."""
    with np.errstate(all="ignore"):
        added = sums + activations[:, np.newaxis] * weights
    np.copyto(sums, added, where=takes_part[:, np.newaxis])


def _take(codes: Iterator[int], count: int) -> _Float32Array:
    return np.array([next(codes) for _ in range(count)], np.float32)
