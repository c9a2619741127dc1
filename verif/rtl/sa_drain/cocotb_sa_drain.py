"""cocotb tests of sa_drain; test_sa_drain.py runs them.

The bench is what surrounds the unit: accumulators that answer a read in the next cycle only, a
source of credits and of parameters, and ports that take a while to write what they were given.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import Timer

from golden import numpy_twin
from heepstor.job import EPILOGUE_CHANNELS, Job, Restart
from verif.rtl import bench, job, sa

WRITE_DEPTH = 8
OUTPUT = 0x8000


@dataclass(frozen=True)
class Pace:
    """Chances, in every cycle, that what the unit waits for happens."""

    final: float = 1.0
    ready: float = 1.0
    param: float = 1.0
    written: float = 1.0


AT_ONCE = Pace()


def job_of(**numbers: int) -> Job:
    """A job of one window of one position and one column, but for `numbers`."""
    zeros = dict.fromkeys(Job.__dataclass_fields__, 0)
    ones = ("windows", "chunk", "pool_columns", "pool_rows", "tile_group", "columns")
    values = zeros | dict.fromkeys(ones, 1) | {"tile_columns": 1, "output_step": 1} | numbers
    return Job(**{**values, "relu": bool(values["relu"]), "restart": Restart.NEVER})


def draw_job(rng: np.random.Generator, size: int, half: int) -> Job:
    """Any job that the accumulators of `half` rows hold."""
    tile_columns = int(rng.integers(1, size + 1))
    tiles = int(rng.integers(1, min(5, EPILOGUE_CHANNELS // size + 1)))
    columns = int(rng.integers((tiles - 1) * tile_columns + 1, tiles * tile_columns + 1))
    pools = [(r, c) for r in (1, 2, 3) for c in (1, 2, 3) if r * c <= half]
    rows, positions = rng.choice(pools)
    fit = half // (rows * positions)
    group = int(rng.integers(1, min(fit, tiles) + 1))
    return job_of(
        relu=int(rng.integers(2)),
        windows=int(rng.integers(1, 12)),
        chunk=int(rng.integers(1, fit // group + 1)),
        pool_rows=int(rows),
        pool_columns=int(positions),
        tile_group=group,
        columns=columns,
        tile_columns=tile_columns,
        output_step=columns + int(rng.integers(3)),
    )


class Expected:
    """Rows of sums in the order in which they become final, and the words that they lead to.

    Scale and bias of sums [window, position, column] that are given leave them as they are.
    """

    def __init__(
        self, work: Job, size: int, half: int, ports: int, sums: sa.Float32Array | None = None
    ) -> None:
        rng = sa.generator()
        self.sums = sa.draw_floats(rng, work.windows, work.pool, work.columns, wild=0.2)
        self.scale = sa.draw_floats(rng, work.columns)
        self.bias = sa.draw_floats(rng, work.columns)
        if sums is not None:
            self.sums = sums
            self.scale = np.ones(work.columns, np.float32)
            self.bias = np.full(work.columns, -0.0, np.float32)
        self.rows: list[tuple[int, list[int]]] = []
        self.block_of_row: list[int] = []
        self.blocks = 0
        self.words: list[list[tuple[int, int]]] = [[] for _ in range(ports)]
        results = self._results(work)
        for chunk in _slices(work.windows, work.chunk):
            tiles = list(_slices(work.columns, work.tile_columns))
            for group in _slices(len(tiles), work.tile_group):
                base = self.blocks % 2 * half
                row = 0
                for columns in (tiles[t] for t in group):
                    for window in chunk:
                        for position in range(work.pool):
                            words = [random.getrandbits(32) for _ in range(size)]
                            words[: len(columns)] = sa.bits(
                                self.sums[window, position, columns.start : columns.stop]
                            )
                            self.rows.append((base + row, words))
                            self.block_of_row.append(self.blocks)
                            row += 1
                        for i, n in enumerate(columns):
                            address = OUTPUT + 4 * (window * work.output_step + n)
                            self.words[i % ports].append((address, results[window][n]))
                self.blocks += 1

    def _results(self, work: Job) -> list[list[int]]:
        biased = numpy_twin.scale_bias(self.sums, self.scale, self.bias)
        values = numpy_twin.relu(biased) if work.relu else biased
        best = values[:, 0]
        for position in range(1, work.pool):
            later = values[:, position]
            best = np.where((later > best) | np.isnan(later), later, best)
        return [sa.bits(row) for row in best]


def _slices(count: int, most: int) -> Iterator[range]:
    for first in range(0, count, most):
        yield range(first, min(first + most, count))


class Bench:
    """Everything around the unit; `written` has the words of each port, `blocks` those let go."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.size, self.ports = int(dut.Size.value), int(dut.Ports.value)
        self.half = int(dut.AccumulatorRows.value) // 2
        self._answer: list[int] | None = None

    async def start(self) -> None:
        """Reset, with nothing on any port."""
        for name in ("flush_i", "job_start_i", "row_final_i", "acc_ready_i", "param_valid_i"):
            getattr(self.dut, name).value = 0
        self.dut.word_written_i.value = 0
        self.dut.job_i.value = job.pack(job_of())
        await bench.start(self.dut)

    async def run(
        self,
        work: Job,
        pace: Pace,
        *,
        stop_after: int | None = None,
        by: str = "flush",
        sums: sa.Float32Array | None = None,
    ) -> int:
        """Run a job to its end, or stop it after some cycles by flush or reset; returns its cycles.

        Raises:
            AssertionError: a word, a row, a credit is not what it must be.
        """
        expected = Expected(work, self.size, self.half, self.ports, sums)
        self._begin(work, expected)
        self.dut.job_start_i.value = 1
        await bench.next_cycle(self.dut)
        self.dut.job_start_i.value = 0
        # Twenty times what a job without waits takes.
        limit = 20 * (len(expected.rows) * self.size + 2 * work.columns + 50)
        for cycle in range(limit):
            if stop_after == cycle:
                await (self._flush if by == "flush" else self._reset)()
                return cycle
            self._drive(pace, expected)
            await bench.settled(self.dut)
            if self.dut.done_o.value:
                self._check_end(expected)
                return cycle
            self._observe(expected)
            await bench.next_cycle(self.dut)
        raise AssertionError(f"not done after {limit} cycles")

    def _begin(self, work: Job, expected: Expected) -> None:
        self.dut.job_i.value = job.pack(work, output_address=OUTPUT)
        self._params = deque(sa.bits(expected.scale) + sa.bits(expected.bias))
        self._read = self._final = 0
        self._waiting = [0] * self.ports
        self.written: list[list[tuple[int, int]]] = [[] for _ in range(self.ports)]
        self.blocks = 0

    def _drive(self, pace: Pace, expected: Expected) -> None:
        dut = self.dut
        # Steps work on a block only while its half of the accumulators is free.
        blocks = expected.block_of_row[self._final : self._final + 1]
        may_be_final = any(block < self.blocks + 2 for block in blocks)
        self._gives = may_be_final and random.random() < pace.final
        dut.row_final_i.value = int(self._gives)
        dut.acc_ready_i.value = int(random.random() < pace.ready)
        answer = self._answer or [random.getrandbits(32) for _ in range(self.size)]
        dut.acc_rdata_i.value = sa.pack(answer)
        gives_param = bool(self._params) and random.random() < pace.param
        dut.param_valid_i.value = int(gives_param)
        dut.param_data_i.value = self._params.popleft() if gives_param else random.getrandbits(32)
        done = [count > 0 and random.random() < pace.written for count in self._waiting]
        self._waiting = [count - d for count, d in zip(self._waiting, done, strict=True)]
        dut.word_written_i.value = sa.pack(done, 1)

    def _observe(self, expected: Expected) -> None:
        dut = self.dut
        self._answer = None
        if dut.acc_valid_o.value and dut.acc_ready_i.value:
            assert self._read < self._final, "a row is read before its last step"
            row, self._answer = expected.rows[self._read]
            assert int(dut.acc_row_o.value) == row, f"row {self._read} is read elsewhere"
            self._read += 1
        self._final += self._gives
        self.blocks += int(dut.block_done_o.value)
        for port in range(self.ports):
            if int(dut.write_valid_o.value) >> port & 1:
                address = sa.unpack(int(dut.write_address_o.value), self.ports)[port]
                data = sa.unpack(int(dut.write_data_o.value), self.ports)[port]
                self.written[port].append((address, data))
                self._waiting[port] += 1
                assert self._waiting[port] <= WRITE_DEPTH, "the port has no place for the word"

    def _check_end(self, expected: Expected) -> None:
        assert self.written == expected.words
        assert self.blocks == expected.blocks
        assert self._read == len(expected.rows)

    async def _flush(self) -> None:
        """Drop the job by a flush of one cycle."""
        self._fall_silent()
        self.dut.flush_i.value = 1
        await bench.next_cycle(self.dut)
        self.dut.flush_i.value = 0
        await self._check_idle()

    async def _reset(self) -> None:
        """Drop the job by a reset within a cycle; it must act at once, without a clock edge."""
        dut = self.dut
        self._fall_silent()
        await bench.settled(dut)
        dut.rst_ni.value = 0
        await Timer(1, "ns")
        assert dut.done_o.value, "reset waits for a clock"
        assert int(dut.write_valid_o.value) == 0, "reset waits for a clock"
        dut.rst_ni.value = 1
        await bench.next_cycle(dut)
        await self._check_idle()

    def _fall_silent(self) -> None:
        """The units around have been stopped, too."""
        self._answer = None
        for name in ("row_final_i", "param_valid_i", "word_written_i"):
            getattr(self.dut, name).value = 0

    async def _check_idle(self) -> None:
        """Whatever still comes out in the next cycles is a fault."""
        dut = self.dut
        for _ in range(12):
            await bench.settled(dut)
            assert dut.done_o.value, "a dropped job is not done"
            assert int(dut.write_valid_o.value) == 0, "a word of a dropped job"
            assert not dut.acc_valid_o.value, "a row is read for a dropped job"
            await bench.next_cycle(dut)


@cocotb.test
async def any_job_gives_the_bits_of_the_contract_in_order(dut: Any) -> None:
    """Shapes, pools, tails, values and waits at random."""
    around = Bench(dut)
    await around.start()
    rng = sa.generator()
    for _ in range(60):
        chances = [float(rng.choice([0.1, 0.5, 1.0])) for _ in range(4)]
        await around.run(draw_job(rng, around.size, around.half), Pace(*chances))
        await bench.next_cycle(dut)


@cocotb.test
async def all_channels_that_the_contract_allows_have_their_scale_and_bias(dut: Any) -> None:
    """As many n tiles as there are places for."""
    around = Bench(dut)
    await around.start()
    columns = EPILOGUE_CHANNELS // around.size * around.size
    work = job_of(windows=3, columns=columns, tile_columns=around.size, output_step=columns)
    await around.run(work, AT_ONCE)


@cocotb.test
async def no_cycle_is_lost_between_columns_rows_and_blocks(dut: Any) -> None:
    """Once all parameters are there, each cycle issues as many columns as there are ports."""
    around = Bench(dut)
    await around.start()
    columns = 2 * around.size
    work = job_of(
        windows=64, columns=columns, tile_columns=around.size, chunk=2, output_step=columns
    )
    groups = 64 * columns // around.ports
    cycles = await around.run(work, AT_ONCE)
    # Parameters come first, one a cycle; then the read, the table, the epilogue, the last write.
    assert cycles <= 2 * columns + groups + 10, f"{cycles} cycles for {groups} groups of columns"


@cocotb.test
@cocotb.parametrize(by=["flush", "reset"])
async def job_after_a_flush_or_reset_at_any_moment_is_whole(dut: Any, by: str) -> None:
    """Nothing of the dropped job comes out, nothing of it is left."""
    around = Bench(dut)
    await around.start()
    rng = sa.generator()
    for _ in range(30):
        work, stop = draw_job(rng, around.size, around.half), int(rng.integers(1, 80))
        await around.run(work, Pace(0.7, 0.7, 0.9, 0.5), stop_after=stop, by=by)
        await around.run(draw_job(rng, around.size, around.half), AT_ONCE)
        await bench.next_cycle(dut)


@cocotb.test
async def maximum_of_a_window_is_that_of_the_contract(dut: Any) -> None:
    """Zeros of both signs, NaNs, infinities, neighbours: each pair of them in both orders."""
    around = Bench(dut)
    await around.start()
    one_and_more = (0x3F80_0001, 0x3F80_0002)
    values = sa.floats(
        [sign | bits for bits in (*sa.SPECIAL_BITS, *one_and_more) for sign in (0, 1 << 31)]
    )
    pairs = np.stack(np.meshgrid(values, values), axis=-1).reshape(-1, 4, 2)
    work = job_of(windows=len(pairs), pool_columns=2, columns=4, tile_columns=4, output_step=4)
    await around.run(work, AT_ONCE, sums=pairs.transpose(0, 2, 1))
