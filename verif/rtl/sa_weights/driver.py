"""What surrounds sa_weights: memory ports, the core's weight port, steps that use up tiles.

The order of the weights in memory, and the order in which the core gets them, are written down once
more here (`Expected`), as loops over docs/accelerator.md.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from heepstor.job import Job, Restart
from verif.rtl import bench, job, sa

BASE = 0x2000_0100
"""Where the weights lie."""


@dataclass(frozen=True)
class Pace:
    """Chances, in every cycle, that what the unit waits for happens."""

    ready: float = 1.0
    weight: float = 1.0
    done: float = 1.0
    latency: tuple[int, int] = (2, 2)
    """Cycles from a request to its answer, at least and at most."""


AT_ONCE = Pace()


@dataclass(frozen=True)
class Row:
    """A row of a tile, as the core gets it."""

    bank: int
    row: int
    codes: tuple[int, ...]
    ends_tile: bool = False


def job_of(**numbers: int) -> Job:
    """A job with one of everything, but for `numbers`; WEIGHT_WORDS is what it needs."""
    values: dict[str, Any] = dict.fromkeys(Job.__dataclass_fields__, 1) | numbers
    work = Job(**(values | {"relu": False, "restart": Restart.NEVER}))
    return work if "weight_words" in numbers else replace(work, weight_words=needed_words(work))


def needed_words(work: Job) -> int:
    """Words of memory that the weights take."""
    return -(-work.k * work.columns // 4)


def passes(work: Job) -> int:
    """How often all weights are needed."""
    return -(-work.windows // work.chunk)


class Expected:
    """Weights in memory, and what is to come out: rows in their order, scales and biases."""

    def __init__(self, work: Job, size: int, rng: np.random.Generator) -> None:
        words = work.weight_words + 2 * work.columns
        self.words = [int(word) for word in rng.integers(0, 2**32, words)]
        self.params = self.words[work.weight_words :]
        self.rows = list(self._rows(work, size))

    def _rows(self, work: Job, size: int) -> Iterator[Row]:
        """All rows of which memory has all bytes."""
        memory = np.array(self.words[: work.weight_words], "<u4").tobytes()
        tile = 0
        for _ in range(passes(work)):
            at = 0
            for group in range(0, work.n_tiles, work.tile_group):
                for _, rows in work.k_tiles(size):
                    for n in range(group, min(group + work.tile_group, work.n_tiles)):
                        width = min(work.tile_columns, work.columns - n * work.tile_columns)
                        for row in range(rows):
                            if at + width > len(memory):
                                return
                            codes = tuple(memory[at : at + width])
                            yield Row(tile % 2, row, codes, ends_tile=row == rows - 1)
                            at += width
                        tile += 1


class Port:
    """One memory port: accepts requests at random, answers in order."""

    def __init__(self) -> None:
        self.answers: deque[tuple[int, int]] = deque()
        """Cycle of the answer, data."""
        self.addresses: list[int] = []
        """Of all requests that were accepted."""


class Surroundings:
    """sa_weights under test, and everything around it; a job at a time.

    Each cycle checks what can be said of it: the next row is the expected one, in its turn; a tile
    is shown when it is loaded; idle means that nothing is to come.
    """

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.size = int(dut.Size.value)
        self.entries = int(dut.WeightRows.value)
        self.rng = sa.generator()
        self.pace = AT_ONCE
        self.ports = [Port() for _ in range(int(dut.Ports.value))]
        self.work: Job | None = None
        self.cycle = 0
        self._clear()

    def _clear(self) -> None:
        self.expected: Expected | None = None
        self.taken = self.begun = self.loaded = self.done = 0
        self.params: list[int] = []
        self.errors = 0
        self.is_idle = True
        self.taken_at: list[int] = []
        """Cycle in which the core took each row; 0 is the one after the start of the job."""
        for port in self.ports:
            port.answers.clear()
            port.addresses.clear()

    async def start(self) -> None:
        """Reset."""
        self.dut.flush_i.value = 0
        self.dut.job_start_i.value = 0
        self._drive()
        await bench.start(self.dut)

    async def begin(self, work: Job, pace: Pace) -> None:
        """Start a job."""
        self._clear()
        self.work, self.pace = work, pace
        self.dut.job_i.value = job.pack(work, weights_address=BASE)
        self.dut.job_start_i.value = 1
        await self.next_cycle()
        self.dut.job_start_i.value = 0
        self.expected = Expected(work, self.size, self.rng)
        self.cycle = 0
        self.is_idle = False

    async def run(self, work: Job, pace: Pace = AT_ONCE, within: int | None = None) -> None:
        """A job from its start to its end; then it is checked that all of it was done, and no more.

        Raises:
            AssertionError: it was wrong, or not over after `within` cycles.
        """
        await self.begin(work, pace)
        limit = within or 200 + 30 * (len(self._expected.rows) + len(self._expected.words))
        while not (self.is_idle and self.done == self.loaded):
            assert self.cycle < limit, f"{work} is not over: {self.progress()}"
            await self.next_cycle()
        for _ in range(12):
            await self.next_cycle()
        self._check_all(work)

    async def flush(self) -> None:
        """End the job, in any state; nothing is seen of it from the next cycle on."""
        self.dut.flush_i.value = 1
        await self.next_cycle()
        self.dut.flush_i.value = 0
        self._clear()

    async def reset(self) -> None:
        """Reset for a cycle, in any state."""
        self.dut.rst_ni.value = 0
        self._clear()
        await bench.next_cycle(self.dut)
        self.dut.rst_ni.value = 1
        await self.next_cycle()

    def rows_in_memory(self) -> int:
        """Rows of the job whose bytes are all there."""
        return len(self._expected.rows)

    def progress(self) -> str:
        """Where the job is, for a message."""
        return (
            f"{self.taken} rows, {self.loaded} tiles of which {self.done} are done,"
            f" {len(self.params)} scales and biases"
        )

    async def next_cycle(self) -> None:
        """One cycle: drive, look, check."""
        self._drive()
        await bench.settled(self.dut)
        self._look()
        await bench.next_cycle(self.dut)
        self.cycle += 1

    @property
    def _expected(self) -> Expected:
        assert self.expected is not None, "no job runs"
        return self.expected

    def _chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def _drive(self) -> None:
        dut, pace = self.dut, self.pace
        answers = [bool(p.answers) and p.answers[0][0] <= self.cycle for p in self.ports]
        data = [
            port.answers.popleft()[1] if answer else int(self.rng.integers(2**32))
            for port, answer in zip(self.ports, answers, strict=True)
        ]
        dut.rvalid_i.value = sa.pack(answers, 1)
        dut.rdata_i.value = sa.pack(data)
        dut.read_ready_i.value = sa.pack((self._chance(pace.ready) for _ in self.ports), 1)
        dut.weight_ready_i.value = self._chance(pace.weight)
        self.is_done = self.loaded > self.done and self._chance(pace.done)
        dut.tile_done_i.value = self.is_done

    def _look(self) -> None:
        dut = self.dut
        self.is_idle = bool(dut.idle_o.value)
        if self.expected is None:
            if not dut.flush_i.value and not dut.job_start_i.value:
                self._check_silence()
            return
        assert bool(dut.tile_ready_o.value) == (self.loaded > self.done), self.progress()
        assert int(dut.tile_bank_o.value) == self.done % 2, self.progress()
        self._look_at_requests()
        if dut.param_valid_o.value:
            self.params.append(int(dut.param_data_o.value))
        self.errors += int(dut.error_o.value)
        if dut.weight_valid_o.value:
            self._look_at_row()
        self.done += self.is_done
        if self.is_idle:
            assert self.taken == len(self.expected.rows), f"idle after {self.progress()}"
            assert len(self.params) == len(self.expected.params), f"idle after {self.progress()}"

    def _check_silence(self) -> None:
        dut = self.dut
        assert self.is_idle
        requests = (dut.weight_valid_o, dut.param_valid_o, dut.read_valid_o)
        for output in (*requests, dut.tile_ready_o, dut.error_o):
            assert int(output.value) == 0, output

    def _look_at_requests(self) -> None:
        asks = int(self.dut.read_valid_o.value) & int(self.dut.read_ready_i.value)
        addresses = sa.unpack(int(self.dut.read_address_o.value), len(self.ports))
        for q, port in enumerate(self.ports):
            if asks >> q & 1:
                word, byte = divmod(addresses[q] - BASE, 4)
                assert byte == 0, f"port {q}: {addresses[q]:#010x} is no word's address"
                port.addresses.append(addresses[q])
                earliest = port.answers[-1][0] + 1 if port.answers else 0
                low, high = self.pace.latency
                at = self.cycle + int(self.rng.integers(low, high + 1))
                port.answers.append((max(earliest, at), self._expected.words[word]))

    def _look_at_row(self) -> None:
        dut = self.dut
        assert self.taken < len(self._expected.rows), f"a row too many: {self.progress()}"
        row = self._expected.rows[self.taken]
        tiles_begun = self.loaded + 1
        assert tiles_begun - self.done <= 2, f"a tile too early: {self.progress()}"
        width = len(row.codes)
        codes = sa.unpack(int(dut.weight_data_o.value), self.size, 8)[:width]
        place = int(dut.weight_bank_o.value), int(dut.weight_row_o.value)
        assert place == (row.bank, row.row), f"bank, row {place}, not {row}: {self.progress()}"
        assert int(dut.weight_enable_o.value) == (1 << width) - 1, f"{row}: {self.progress()}"
        sa.assert_same(codes, row.codes, f"row {self.taken} (bank {row.bank}, row {row.row})")
        if dut.weight_ready_i.value:
            self.taken += 1
            self.taken_at.append(self.cycle)
            self.loaded += row.ends_tile

    def _check_all(self, work: Job) -> None:
        expected = self._expected
        assert self.errors == 0
        assert self.taken == len(expected.rows), self.progress()
        sa.assert_same(self.params, expected.params, "scales and biases")
        fits = work.k * work.n_tiles <= self.entries
        words = list(range(work.weight_words)) * (1 if fits else passes(work))
        params = list(range(work.weight_words, len(expected.words)))
        for q, port in enumerate(self.ports):
            read = [(address - BASE) // 4 for address in port.addresses]
            sa.assert_same(
                [word for word in read if word < work.weight_words],
                [word for word in words if word % len(self.ports) == q],
                f"words of weights read through port {q}",
            )
            sa.assert_same(
                [word for word in read if word >= work.weight_words],
                params if q == 0 else [],
                f"words of scales and biases read through port {q}",
            )
