"""cocotb tests of sa_descriptor; test_sa_descriptor.py runs them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import Timer

from heepstor.job import EPILOGUE_CHANNELS, Job, Restart, encode
from heepstor.registers import DESCRIPTOR
from verif.rtl import bench, job, sa

_OFFSET = {word.name: word.offset for word in DESCRIPTOR}
_PULSES = ("start_i", "flush_i", "job_done_i", "read_ready_i", "rvalid_i")
_LIMIT = 1 << 23
"""The first extent that a lin cannot count."""
_ADDRESSES = ("INPUT", "WEIGHTS", "OUTPUT")
_LINS = (
    *("ROW_START", "COLUMN_START", "ROW_STEP", "COLUMN_STEP"),
    *("BAND_STEP", "RUN_STEP", "OUTPUT_STEP"),
)
_EXTENTS = ("MAP_WORDS", "ROW_WORDS", "RUN", "WINDOWS", "WEIGHT_WORDS", "SEGMENT_WORDS")
_PLACES = {
    field.name: (word.name, field.lsb, field.width) for word in DESCRIPTOR for field in word.fields
}
_COUNTS = (
    *("BANDS", "RUNS", "WINDOW_COLUMNS", "CHUNK", "POOL_COLUMNS", "POOL_ROWS"),
    *("TILE_GROUP", "COLUMNS", "TILE_COLUMNS"),
)


class Bench:
    """The unit, a memory that holds descriptors, and what the unit said in each cycle."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.size = int(dut.Size.value)
        self.half = int(dut.AccumulatorRows.value) // 2
        self.rng = sa.generator()
        self.memory: dict[int, int] = {}
        self.read: list[int] = []  # addresses
        self.events: list[tuple[int, str]] = []
        self.cycle = 0
        self.is_slow = True
        self._due: deque[int] = deque()
        self._held: int | None = None

    async def reset(self) -> None:
        """Nothing is asked for."""
        for name in _PULSES:
            getattr(self.dut, name).value = 0
        await bench.start(self.dut)

    async def reset_again(self) -> None:
        """A reset within a cycle; it must act at once, without an edge of the clock."""
        dut = self.dut
        self._due.clear()
        self._held = None
        for name in _PULSES:
            getattr(dut, name).value = 0
        dut.rst_ni.value = 0
        await Timer(1, "ns")
        idle = ("read_valid_o", "job_start_o", "job_running_o", "running_o", "error_o")
        assert not any(bool(getattr(dut, name).value) for name in idle), "reset waits for a clock"
        dut.rst_ni.value = 1
        await bench.next_cycle(dut)
        self.cycle += 1

    def job(self, **changes: Any) -> Job:
        """A small job that is accepted."""
        return replace(_SMALL, **changes)

    def put(
        self, wanted: Job, address: int, next_address: int = 0, **changes: int
    ) -> dict[str, int]:
        """Store a descriptor, some words or fields of it changed; returns its addresses."""
        numbers = [4 * int(value) for value in self.rng.integers(0, 1 << 30, 3)]
        words = encode(wanted, *numbers, next_address)
        for name, value in changes.items():
            word, lsb, width = _PLACES.get(name, (name, 0, 32))
            at, mask = _OFFSET[word] // 4, (1 << width) - 1
            words[at] = words[at] & ~(mask << lsb) | (value & mask) << lsb
        self.memory |= {address + 4 * i: word for i, word in enumerate(words)}
        names = ("input_address", "weights_address", "output_address")
        return dict(zip(names, numbers, strict=True))

    async def step(self, **pulses: int) -> None:
        """One cycle: inputs named are driven in it, the memory answers, events are noted."""
        dut = self.dut
        for name in ("start_i", "flush_i", "job_done_i"):
            getattr(dut, name).value = int(name in pulses)
        dut.start_address_i.value = pulses.get("start_i", 0)
        if "flush_i" in pulses:  # the port swallows what is still to come
            self._due.clear()
            self._held = None
        answers = bool(self._due) and not (self.is_slow and self.rng.integers(0, 2))
        dut.rvalid_i.value = answers
        dut.rdata_i.value = self._due.popleft() if answers else 0xDEAD_BEEF
        dut.read_ready_i.value = not (self.is_slow and self.rng.integers(0, 3))
        await bench.settled(dut)
        if answers:
            self.events.append((self.cycle, "word"))
        self._serve()
        for name in ("job_start", "chain_done", "error"):
            if getattr(dut, f"{name}_o").value:
                self.events.append((self.cycle, name))
        await bench.next_cycle(dut)
        self.cycle += 1

    def _serve(self) -> None:
        dut = self.dut
        flushed = bool(dut.flush_i.value)
        asks, address = bool(dut.read_valid_o.value), int(dut.read_address_o.value)
        if self._held is not None:
            assert asks, "a read was withdrawn"
            assert address == self._held, "a read was changed"
        taken = asks and bool(dut.read_ready_i.value)
        self._held = address if asks and not taken and not flushed else None
        if taken and not flushed:
            self.read.append(address)
            self._due.append(self.memory[address])

    async def start(self, address: int) -> None:
        """The pulse that starts a chain."""
        self.events.clear()
        self.read.clear()
        await self.step(start_i=address)

    async def until(self, name: str, limit: int = 1000) -> int:
        """To the cycle after an event; returns the event's cycle."""
        count = self._count(name)
        for _ in range(limit):
            if self._count(name) > count:
                return [cycle for cycle, event in self.events if event == name][-1]
            await self.step()
        raise AssertionError(f"no {name} in {limit} cycles; there were {self.names()}")

    async def idle(self, cycles: int = 60) -> None:
        """Cycles in which nothing is driven."""
        for _ in range(cycles):
            await self.step()

    def _count(self, name: str) -> int:
        return self.names().count(name)

    def names(self) -> list[str]:
        """The events so far, words apart."""
        return [name for _, name in self.events if name != "word"]

    def assert_job(self, wanted: Job, address: int, **addresses: int) -> None:
        """The job and the address that the unit gives are those of this descriptor."""
        got = sa.unpack(int(self.dut.job_o.value), 1, job_bits())[0]
        expected = job.pack(wanted, **addresses)
        assert got == expected, f"{fields(got)}\nis not\n{fields(expected)}"
        assert int(self.dut.address_o.value) == address

    async def assert_accepted(self, wanted: Job, **changes: int) -> None:
        """A descriptor's job starts; it is ended."""
        self.put(wanted, 0x100, **changes)
        await self.start(0x100)
        await self.until("job_start")
        await self.step(job_done_i=1)
        await self.idle(5)
        assert self.names() == ["job_start", "chain_done"], f"{changes}: {self.names()}"
        assert not self.dut.running_o.value

    async def assert_refused(self, address: int, reads: int) -> None:
        """A chain of one descriptor is refused after so many reads, and leaves the unit idle."""
        await self.start(address)
        await self.until("error")
        assert int(self.dut.address_o.value) == address
        await self.idle(5)
        assert self.names() == ["error"]
        assert len(self.read) == reads
        assert not self.dut.running_o.value
        assert not self.dut.job_running_o.value


_SMALL = Job(
    map_words=64,
    row_words=8,
    row_start=-9,
    column_start=-1,
    row_step=8,
    column_step=1,
    band_step=8,
    run_step=1,
    run=1,
    bands=3,
    runs=3,
    windows=4,
    window_columns=2,
    chunk=1,
    pool_columns=1,
    pool_rows=2,
    tile_group=1,
    columns=3,
    tile_columns=3,
    output_step=3,
    weight_words=7,
    segment_words=64,
    relu=True,
    restart=Restart.BAND,
)


def job_bits() -> int:
    """Width of job_t."""
    return sum(width for _, width in job.fields())


def fields(packed: int) -> dict[str, int]:
    """The fields of a job_t, to be read by people."""
    values = {}
    for name, width in reversed(job.fields()):
        values[name] = packed & (1 << width) - 1
        packed >>= width
    return values


async def _started(dut: Any) -> Bench:
    unit = Bench(dut)
    await unit.reset()
    return unit


def _random_job(rng: np.random.Generator) -> Job:
    """Any numbers, but for those whose product is a number of rows."""

    def positive(limit: int) -> int:
        return int(rng.integers(1, limit))

    lins = {name.lower(): int(rng.integers(-_LIMIT, _LIMIT)) for name in _LINS}
    extents = {name.lower(): positive(_LIMIT) for name in _EXTENTS}
    return Job(
        **lins,
        **extents,
        bands=positive(1 << 16),
        runs=positive(1 << 16),
        window_columns=positive(1 << 16),
        chunk=1,
        pool_columns=1,
        pool_rows=2,
        tile_group=1,
        columns=positive(64),
        tile_columns=int(rng.integers(3, 5)),
        relu=bool(rng.integers(0, 2)),
        restart=Restart(int(rng.integers(0, 3))),
    )


@cocotb.test
async def job_has_the_numbers_of_its_descriptor(dut: Any) -> None:
    unit = await _started(dut)
    for _ in range(30):
        wanted, address = _random_job(unit.rng), 4 * int(unit.rng.integers(0, 1 << 29))
        addresses = unit.put(wanted, address)
        await unit.start(address)
        await unit.until("job_start")
        unit.assert_job(wanted, address, **addresses)
        assert unit.read == [address + 4 * i for i in range(len(DESCRIPTOR))]
        await unit.step(job_done_i=1)
        await unit.step()
        assert unit.names() == ["job_start", "chain_done"]
        assert not dut.running_o.value


@cocotb.test
async def job_starts_four_cycles_after_its_last_word(dut: Any) -> None:
    unit = await _started(dut)
    unit.put(unit.job(), 0x40)
    await unit.start(0x40)
    started = await unit.until("job_start")
    words = [cycle for cycle, name in unit.events if name == "word"]
    assert len(words) == len(DESCRIPTOR)
    assert started == words[-1] + 4
    await unit.idle(20)
    assert dut.job_running_o.value, "the job goes on until it is told to be done"
    assert dut.running_o.value
    assert unit.names() == ["job_start"]


@cocotb.test
async def words_are_asked_for_in_consecutive_cycles(dut: Any) -> None:
    unit = await _started(dut)
    unit.is_slow = False
    unit.put(unit.job(), 0x40)
    await unit.start(0x40)
    for count in range(len(DESCRIPTOR)):
        assert len(unit.read) == count
        await unit.step()
    await unit.until("job_start")
    assert len(unit.read) == len(DESCRIPTOR)


@cocotb.test
async def descriptor_at_an_address_of_no_word_is_refused_unread(dut: Any) -> None:
    unit = await _started(dut)
    for low in (1, 2, 3):
        await unit.assert_refused(0x100 + low, reads=0)
    await unit.assert_accepted(unit.job())


def _refused(unit: Bench) -> Iterator[dict[str, int]]:
    """Changes of the small job, each of them one that is refused."""
    yield from ({"VERSION": version} for version in (0, 2, 3, 129, 255))
    yield {"RESTART": 3}
    yield from ({name: low} for name in ("NEXT", *_ADDRESSES) for low in (1, 2))
    yield from ({name: 0} for name in (*_EXTENTS, *_COUNTS))
    large = (_LIMIT, 1 << 24, 1 << 31, (1 << 32) - 1)
    yield from ({name: value} for name in _EXTENTS for value in large)
    beyond = (_LIMIT, -_LIMIT - 1, 1 << 24, 1 << 31)
    yield from ({name: value} for name in _LINS for value in beyond)
    yield {"TILE_COLUMNS": unit.size + 1}
    tiles = EPILOGUE_CHANNELS // unit.size
    yield {"COLUMNS": tiles * unit.size + 1, "TILE_COLUMNS": unit.size}
    yield {"COLUMNS": tiles + 1, "TILE_COLUMNS": 1}
    half = unit.half
    for name in ("CHUNK", "TILE_GROUP"):
        yield {"POOL_ROWS": 1, name: half + 1}
        yield {"POOL_ROWS": 2, name: half // 2 + 1}
    yield {"POOL_ROWS": 3, "POOL_COLUMNS": half // 3 + 1}
    yield {"POOL_ROWS": 15, "POOL_COLUMNS": 15, "CHUNK": 255, "TILE_GROUP": 255}
    yield {"POOL_ROWS": 8, "POOL_COLUMNS": 8, "CHUNK": 128, "TILE_GROUP": 8}  # 65536


def _accepted(unit: Bench) -> Iterator[dict[str, int]]:
    """Changes to numbers at the limit of what is accepted."""
    yield from ({name: value} for name in _EXTENTS for value in (1, _LIMIT - 1))
    yield from ({name: value} for name in _LINS for value in (0, -_LIMIT, _LIMIT - 1))
    tiles = EPILOGUE_CHANNELS // unit.size
    yield {"COLUMNS": tiles * unit.size, "TILE_COLUMNS": unit.size}
    yield {"COLUMNS": tiles, "TILE_COLUMNS": 1}
    yield {"POOL_ROWS": 1, "CHUNK": unit.half}
    yield {"POOL_ROWS": 1, "TILE_GROUP": unit.half}
    yield {"POOL_ROWS": 1, "POOL_COLUMNS": min(unit.half, 15)}
    yield {"POOL_ROWS": 2, "CHUNK": unit.half // 2}


@cocotb.test
async def descriptor_with_a_number_that_is_not_valid_is_refused(dut: Any) -> None:
    unit = await _started(dut)
    unit.is_slow = False
    for changes in _refused(unit):
        unit.put(unit.job(), 0x200, **changes)
        cocotb.log.info("refused: %s", changes)
        await unit.assert_refused(0x200, reads=len(DESCRIPTOR))
    await unit.assert_accepted(unit.job())


@cocotb.test
async def descriptor_with_a_number_at_its_limit_is_accepted(dut: Any) -> None:
    unit = await _started(dut)
    unit.is_slow = False
    for changes in _accepted(unit):
        cocotb.log.info("accepted: %s", changes)
        await unit.assert_accepted(unit.job(), **changes)


@cocotb.test
async def next_descriptor_is_fetched_while_a_job_runs(dut: Any) -> None:
    unit = await _started(dut)
    jobs = [unit.job(windows=windows) for windows in (5, 6, 7)]
    places = [0x1000, 0x40, 0x2FF0]
    addresses = [unit.put(*each) for each in zip(jobs, places, [*places[1:], 0], strict=True)]
    await unit.start(places[0])
    await unit.until("job_start")
    for i, place in enumerate(places):
        unit.assert_job(jobs[i], place, **addresses[i])
        await unit.idle(200)
        # The next one has been read, but the job stays as it is.
        assert len(unit.read) == len(DESCRIPTOR) * min(i + 2, len(places))
        unit.assert_job(jobs[i], place, **addresses[i])
        assert dut.job_running_o.value
        await unit.step(job_done_i=1)
        done = unit.cycle - 1
        await unit.step()
        if place is not places[-1]:
            assert unit.events[-1] == (done + 1, "job_start")
    assert unit.names() == ["job_start"] * 3 + ["chain_done"]
    assert unit.events[-1] == (done, "chain_done")
    assert not dut.running_o.value


@cocotb.test
async def job_that_ends_early_is_followed_as_soon_as_the_next_is_fetched(dut: Any) -> None:
    unit = await _started(dut)
    for wait in range(0, 70, 7):
        unit.put(unit.job(windows=1), 0x0, 0x100)
        unit.put(unit.job(windows=2), 0x100)
        await unit.start(0x0)
        await unit.until("job_start")
        await unit.idle(wait)
        await unit.step(job_done_i=1)
        assert dut.running_o.value
        await unit.until("job_start")
        assert fields(int(dut.job_o.value))["windows"] == 2
        await unit.step(job_done_i=1)
        assert unit.names() == ["job_start", "job_start", "chain_done"]


@cocotb.test
async def refused_descriptor_is_told_of_when_its_turn_has_come(dut: Any) -> None:
    unit = await _started(dut)
    unit.put(unit.job(), 0x0, 0x100)
    unit.put(unit.job(), 0x100, RUN=0)
    await unit.start(0x0)
    await unit.until("job_start")
    await unit.idle(300)
    assert unit.names() == ["job_start"]
    assert int(dut.address_o.value) == 0
    await unit.step(job_done_i=1)
    await unit.idle(5)
    assert unit.names() == ["job_start", "error"]
    assert int(dut.address_o.value) == 0x100
    assert not dut.running_o.value


@cocotb.test
async def misaligned_next_refuses_the_descriptor_that_has_it(dut: Any) -> None:
    unit = await _started(dut)
    unit.put(unit.job(), 0x300, 0x402)
    await unit.assert_refused(0x300, reads=len(DESCRIPTOR))


@cocotb.test
@cocotb.parametrize(by=["flush", "reset"])
async def flush_or_reset_in_any_cycle_leaves_the_unit_idle(dut: Any, by: str) -> None:
    unit = await _started(dut)
    for wait in range(160):
        unit.is_slow = wait >= 40  # until then each cycle of a job is met
        unit.put(unit.job(), 0x300, 0x100)
        unit.put(unit.job(), 0x100, 0x0)
        await unit.start(0x300)
        await unit.idle(wait)
        if by == "flush":
            await unit.step(flush_i=1)
        else:
            await unit.reset_again()
            assert int(dut.address_o.value) == 0
        unit.events.clear()
        await unit.idle(40)
        assert unit.events == [], f"{by} after {wait} cycles"
        assert not dut.running_o.value
        assert not dut.job_running_o.value
        wanted = unit.job(windows=wait + 1)
        addresses = unit.put(wanted, 0x200)
        await unit.start(0x200)
        await unit.until("job_start")
        unit.assert_job(wanted, 0x200, **addresses)
        assert len(unit.read) == len(DESCRIPTOR)
        await unit.step(job_done_i=1)
