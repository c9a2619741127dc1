"""What surrounds sa_activations: memory ports, and whoever reads the window and moves it."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from heepstor.job import LIN_BITS, Job, Restart
from verif.rtl import bench, job, sa

PATIENCE = 5000
"""Cycles after which what has not come never will."""


@dataclass(frozen=True)
class Pace:
    """How memory answers."""

    ready: float
    """Chance that a port takes a read in a cycle."""
    latency: tuple[int, int]
    """Cycles from a read to its answer, at least and at most."""


AT_ONCE = Pace(ready=1, latency=(2, 2))


@dataclass(frozen=True)
class Demand:
    """What the array wants in a cycle."""

    low: int
    read: int | None = None
    """Lin of lane 0."""
    restart: int | None = None
    flush: bool = False
    job_starts: bool = False


def job_of(map_words: int, segment_words: int, restart: Restart = Restart.NEVER) -> Job:
    """A job of which sa_activations needs no more than this."""
    values: dict[str, Any] = dict.fromkeys(Job.__dataclass_fields__, 1)
    work = Job(**{**values, "relu": False, "restart": restart})
    return replace(work, map_words=map_words, segment_words=segment_words)


def content(address: int) -> int:
    """The word in memory at `address`."""
    return (address * 0x9E37_79B1 ^ address >> 7) & 0xFFFF_FFFF


class Window:
    """sa_activations under test; all that it shows is judged in every cycle."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.size, self.ports = int(dut.Size.value), int(dut.Ports.value)
        self.words = int(dut.Words.value)
        self.pace = AT_ONCE
        self.work = job_of(1, 1)
        self._base = 0
        self._now = 0
        self._data: list[int | None] = [None] * self.size
        """What data_o has to show; None where anything may be."""
        self._forget()

    async def start(self) -> None:
        """Reset, with nothing at any input."""
        self._drive(Demand(low=0))
        self._drive_ports([False] * self.ports, [None] * self.ports)
        await bench.start(self.dut)

    async def reset(self) -> None:
        """A cycle of reset; what was asked for never comes."""
        self._drive(Demand(low=0))
        self._drive_ports([False] * self.ports, [None] * self.ports)
        self.dut.rst_ni.value = 0
        await bench.next_cycle(self.dut)
        self.dut.rst_ni.value = 1
        self._forget()

    async def begin(self, work: Job, base: int) -> None:
        """The first cycle of a job whose map lies at address `base`."""
        self.work, self._base = work, base
        self.dut.job_i.value = job.pack(work, input_address=base)
        await self.cycle(Demand(low=self.low, job_starts=True))

    async def restart(self, lin: int) -> None:
        """Ask for a restart at `lin` until it is done."""
        for _ in range(PATIENCE):
            if await self.cycle(Demand(self.low, restart=lin)):
                return
        raise AssertionError(f"no restart within {PATIENCE} cycles")

    async def finish(self) -> None:
        """Wait until all words that may be read have come."""
        for _ in range(PATIENCE):
            if self.is_quiet and (not self.is_open or self.filled == max(self.limit, self._first)):
                return
            await self.cycle(Demand(self.low))
        raise AssertionError(f"words below {self.filled} came, not all up to {self.limit}")

    async def cycle(self, demand: Demand) -> bool:
        """One cycle; returns whether a restart was done in it.

        Raises:
            AssertionError: the module shows what it must not.
        """
        ready = [random.random() < self.pace.ready for _ in range(self.ports)]
        comes = [a[0][1] if a and a[0][0] <= self._now else None for a in self._answers]
        self.low = demand.low
        self._drive(demand)
        self._drive_ports(ready, comes)
        await bench.settled(self.dut)
        self._judge_data()
        shown = self._judge_reads()
        is_restarted = self._judge_restart(shown) and demand.restart is not None
        await bench.next_cycle(self.dut)
        if demand.read is not None:
            self._data = [self._expected(demand.read + i) for i in range(self.size)]
        self._end_cycle(demand, ready, comes, shown)
        if is_restarted:
            self._open(demand.restart)
        if demand.job_starts:
            self._open(0 if self.work.restart is Restart.NEVER else None)
        if demand.flush:
            self._forget()
        return is_restarted

    @property
    def limit(self) -> int:
        """The first word that must not be read."""
        return min(self.work.map_words, self.low + min(self.words, self.work.segment_words))

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is asked for, or to come."""
        return not any(self._answers) and all(lin is None for lin in self._held)

    def _forget(self) -> None:
        """As after reset: what was asked for never comes."""
        self.low = 0
        self._answers: list[deque[tuple[int, int]]] = [deque() for _ in range(self.ports)]
        """By port: the words to come, each with its cycle."""
        self._held: list[int | None] = [None] * self.ports
        """By port: the word that is asked for and was not taken yet."""
        self._open(None)

    def _open(self, lin: int | None) -> None:
        """A window begins at `lin`; with None there is none."""
        self.is_open = lin is not None
        self.filled = self._first = lin or 0
        self._came: set[int] = set()
        self._next = [
            next(i for i in count(self._first) if i % self.ports == port)
            for port in range(self.ports)
        ]
        self._may_ask_below = 0
        """In the next cycle; follows from what was known in this one."""

    def _expected(self, lin: int) -> int | None:
        """The word that can be read at `lin` in this cycle."""
        in_window = self.is_open and max(self.low, self._first) <= lin < self.filled
        return content(self._base + 4 * lin) if in_window else None

    def _drive(self, demand: Demand) -> None:
        dut = self.dut
        dut.flush_i.value = demand.flush
        dut.job_start_i.value = demand.job_starts
        dut.low_i.value = demand.low
        dut.restart_valid_i.value = demand.restart is not None
        if demand.restart is not None:
            dut.restart_lin_i.value = demand.restart
        dut.read_i.value = demand.read is not None
        lin = random.getrandbits(LIN_BITS) if demand.read is None else demand.read
        dut.read_lin_i.value = (lin + 2 ** (LIN_BITS - 1)) % 2**LIN_BITS - 2 ** (LIN_BITS - 1)

    def _drive_ports(self, ready: list[bool], comes: list[int | None]) -> None:
        dut = self.dut
        dut.read_ready_i.value = sa.pack(ready, 1)
        dut.rvalid_i.value = sa.pack((lin is not None for lin in comes), 1)
        dut.rdata_i.value = sa.pack(
            random.getrandbits(32) if lin is None else content(self._base + 4 * lin)
            for lin in comes
        )

    def _judge_data(self) -> None:
        """Compare the lanes that mean something, and how far the window is filled."""
        words = sa.unpack(int(self.dut.data_o.value), self.size)
        expected = [w if e is None else e for w, e in zip(words, self._data, strict=True)]
        sa.assert_same(words, expected, f"data_o in cycle {self._now}")
        if self.is_open:
            filled = self.dut.filled_o.value.to_signed()
            assert filled == self.filled, f"filled_o is {filled}, expected {self.filled}"

    def _judge_reads(self) -> list[int | None]:
        """By port: the word that is asked for in this cycle; the next one, if it may be read."""
        valid = sa.unpack(int(self.dut.read_valid_o.value), self.ports, 1)
        addresses = sa.unpack(int(self.dut.read_address_o.value), self.ports)
        expected: list[int | None] = [
            lin if lin < self._may_ask_below else held
            for lin, held in zip(self._next, self._held, strict=True)
        ]
        shown = [self._base + 4 * lin if lin is not None else None for lin in expected]
        got = [a if v else None for a, v in zip(addresses, valid, strict=True)]
        assert got == shown, f"addresses {got} in cycle {self._now}, expected {shown}"
        return expected

    def _judge_restart(self, shown: list[int | None]) -> bool:
        """Whether a restart can be done now, that is: no word is asked for or to come."""
        ready = bool(self.dut.restart_ready_o.value)
        is_quiet = not any(self._answers) and all(lin is None for lin in shown)
        assert ready == is_quiet, f"restart_ready_o is {ready} in cycle {self._now}"
        return ready

    def _end_cycle(
        self, demand: Demand, ready: list[bool], comes: list[int | None], shown: list[int | None]
    ) -> None:
        """What the clock edge does to the record of reads and answers."""
        for port, lin in enumerate(comes):
            if lin is not None:
                self._answers[port].popleft()
                self._came.add(lin)
        while self.filled in self._came:
            self.filled += 1
        for port, lin in enumerate(shown):
            is_taken = lin is not None and ready[port]
            self._held[port] = None if is_taken else lin
            if lin is not None and is_taken:
                due = self._now + random.randint(*self.pace.latency)
                self._answers[port].append((due, lin))
                self._next[port] += self.ports
        can_ask = self.is_open and demand.restart is None
        self._may_ask_below = self.limit if can_ask else 0
        self._now += 1
