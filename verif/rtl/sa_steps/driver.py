"""What surrounds sa_steps: buffer, tiles of weights, core and drain, each as slow as it is told."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from heepstor.job import Job
from verif.rtl import bench, sa
from verif.rtl import job as job_bits
from verif.rtl.sa_steps import model
from verif.rtl.sa_steps.jobs import plain


@dataclass(frozen=True)
class Pace:
    """Chances, in every cycle, that what the unit waits for happens."""

    filled: float = 1.0
    restart: float = 1.0
    tile: float = 1.0
    core: float = 1.0
    drain: float = 1.0


AT_ONCE = Pace()


class Slot(Enum):
    """What the second stage holds: a step, or why there is none."""

    IDLE = auto()
    STEP = auto()
    NO_FREE_HALF = auto()
    NO_WORDS = auto()
    WORDS_NEVER_COME = auto()


def word(lin: int) -> int:
    """The word at `lin`; no other within reach has the same bits."""
    return lin * 0x9E37_79B1 % (1 << 32)


class Run:
    """A job, and where each unit is with it; outputs are predicted from it, cycle by cycle."""

    def __init__(self, job: Job, size: int, accumulator_rows: int, words: int) -> None:
        self.job = job
        self.steps = list(model.steps(job, size, accumulator_rows, words))
        self.words = min(words, job.segment_words)
        self.next = 0  # of the steps: in the first stage
        self.issued = 0
        self.slot = Slot.IDLE
        self.window_waits = True
        self.low = 0
        # The unit must not believe what is left of the job before, until it has its restart.
        self.filled = job.map_words if job.restart else 0
        self.blocks_done = 0
        self.blocks_begun = 0
        self.blocks_final = 0
        self.failed = False

    @property
    def front(self) -> model.Step | None:
        """The step in the first stage."""
        return self.steps[self.next] if self.next < len(self.steps) and not self.failed else None

    @property
    def back(self) -> model.Step:
        """The step in the second stage, if it holds one."""
        return self.steps[self.issued]

    @property
    def is_done(self) -> bool:
        """Every step has entered the core."""
        return self.issued == len(self.steps)

    @property
    def asks_restart(self) -> bool:
        """The window waits for a restart."""
        return bool(self.front and self.window_waits and self.job.restart)

    def following_slot(self) -> Slot:
        """What the first stage has for the second one."""
        step = self.front
        if step is None:
            return Slot.IDLE
        if not step.is_served and (not self.window_waits or self._are_gone(step)):
            return Slot.WORDS_NEVER_COME
        if step.begins_block and self.blocks_begun - self.blocks_done == 2:
            return Slot.NO_FREE_HALF
        if self.asks_restart or (step.lanes and step.end > self.filled):
            return Slot.NO_WORDS
        return Slot.STEP

    def _are_gone(self, step: model.Step) -> bool:
        """Its words lie before a window that moves on and never back, wherever it will begin."""
        return not self.job.restart and step.lin + step.lanes.start < self.low

    def advance(self, issued: bool, restarted: bool) -> None:
        """To the next cycle."""
        goes = False
        following = self.following_slot()
        step = self.front
        if issued:
            self.issued += 1
            self.blocks_final += self.is_done or self.back.begins_block
        if self.slot is not Slot.STEP or issued:
            self.slot = following
            goes = following is Slot.STEP
        if self.slot is Slot.WORDS_NEVER_COME:
            self.failed = True
        if step and self.window_waits and (restarted or not self.job.restart):
            assert step.window is not None
            self.low = step.window
            self.filled = self.low if restarted else self.filled
            self.window_waits = False
        if goes and step:
            self.next += 1
            self.blocks_begun += step.begins_block
            self.window_waits = self.front is not None and self.front.window is not None


class Bench:
    """sa_steps under test.

    Attributes:
        kinds: cycles of the last job, from its first step to its last, by what they were.
        failed: whether the last job ended with an error.
    """

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.size = int(dut.Size.value)
        self.rows = int(dut.AccumulatorRows.value)
        self.words = int(dut.ActivationWords.value)
        self.rng = sa.generator()
        self.kinds: Counter[str] = Counter()
        self.failed = False
        self._read: model.Step | None = None
        self._tile = 0
        self._tile_ready = False

    async def start(self) -> None:
        """Reset, with nothing on any port."""
        self._quiet()
        self.dut.job_i.value = job_bits.pack(plain())
        await bench.start(self.dut)

    def _quiet(self) -> None:
        for name in (
            *("job_start_i", "flush_i", "restart_ready_i", "filled_i", "data_i"),
            *("tile_ready_i", "tile_bank_i", "block_done_i", "step_ready_i"),
        ):
            getattr(self.dut, name).value = 0

    async def run(self, job: Job, pace: Pace = AT_ONCE, stop_after: int | None = None) -> int:
        """Run a job to its end, its error, or for some cycles; returns the cycles from its start.

        Raises:
            AssertionError: an output is not what it must be.
        """
        run = Run(job, self.size, self.rows, self.words)
        self.kinds.clear()
        self._begin(run)
        await bench.next_cycle(self.dut)
        self.dut.job_start_i.value = 0
        # A hundred times what a job without waits takes, restarts that fill the window included.
        limit = 100 * (len(run.steps) + self.words)
        for cycle in range(1, limit):
            self.failed = run.failed and run.slot is Slot.IDLE
            if cycle == stop_after or run.is_done or self.failed:
                self.dut.block_done_i.value = 0
                return cycle
            await self._cycle(run, pace)
        raise AssertionError(f"{job}: step {run.issued} of {len(run.steps)} never came")

    async def flush(self) -> None:
        """Flush, whatever goes on; returns in the cycle behind it."""
        self.dut.flush_i.value = 1
        await bench.next_cycle(self.dut)
        self.dut.flush_i.value = 0

    async def is_idle(self, cycles: int, done: bool) -> None:
        """See that nothing comes, though everything is ready.

        Raises:
            AssertionError: something comes.
        """
        for name in ("tile_ready_i", "step_ready_i", "restart_ready_i"):
            getattr(self.dut, name).value = 1
        self.dut.filled_i.value = (1 << 23) - 1
        for _ in range(cycles):
            await bench.settled(self.dut)
            self._compare({"done_o": done})
            await bench.next_cycle(self.dut)

    def _begin(self, run: Run) -> None:
        """Offer the job; the tile that comes first may be there already."""
        self._tile = 0
        self._tile_ready = False
        self._read = None
        self._quiet()
        self.dut.job_i.value = job_bits.pack(run.job)
        self.dut.job_start_i.value = 1

    async def _cycle(self, run: Run, pace: Pace) -> None:
        self._drive(run, pace)
        await bench.settled(self.dut)
        offered = run.slot is Slot.STEP and self._tile_ready
        issued = offered and bool(self.dut.step_ready_i.value)
        restarted = run.asks_restart and bool(self.dut.restart_ready_i.value)
        reads = self._check(run, offered, issued)
        self._count(run, offered, issued)
        if issued and run.back.ends_tile:
            self._tile += 1
            self._tile_ready = False
        if reads:
            self._read = run.front
        run.advance(issued, restarted)
        run.blocks_done += bool(self.dut.block_done_i.value)
        await bench.next_cycle(self.dut)

    def _drive(self, run: Run, pace: Pace) -> None:
        """What the surroundings do in this cycle."""
        dut, rng = self.dut, self.rng
        dut.restart_ready_i.value = rng.random() < pace.restart
        dut.step_ready_i.value = rng.random() < pace.core
        self._tile_ready = self._tile_ready or rng.random() < pace.tile
        dut.tile_ready_i.value = self._tile_ready
        # Without a tile the bank means nothing.
        dut.tile_bank_i.value = self._tile % 2 if self._tile_ready else random.getrandbits(1)
        returned = run.blocks_final > run.blocks_done and rng.random() < pace.drain
        dut.block_done_i.value = returned
        if not run.asks_restart and rng.random() < pace.filled:
            limit = min(run.low + run.words, run.job.map_words)
            step = limit if pace.filled == 1 else int(rng.integers(1, 2 * self.size))
            run.filled = max(run.filled, min(run.filled + step, limit))
        dut.filled_i.value = run.filled
        dut.data_i.value = self._data()

    def _data(self) -> int:
        """The words of the last read; where no lane took part, any."""
        read = self._read
        return sa.pack(
            word(read.lin + lane) if read and lane in read.lanes else random.getrandbits(32)
            for lane in range(self.size)
        )

    def _check(self, run: Run, offered: bool, issued: bool) -> bool:
        """Every output of this cycle; returns whether there is a read."""
        front, back = run.front, run.back if run.slot is Slot.STEP else None
        goes = (back is None or issued) and run.following_slot() is Slot.STEP
        reads = bool(goes and front and front.lanes)
        begun = run.issued > 0
        expected = {
            "restart_valid_o": run.asks_restart,
            "read_o": reads,
            "step_valid_o": offered,
            "issued_o": issued,
            "tile_done_o": issued and back is not None and back.ends_tile,
            "row_final_o": issued and back is not None and back.final,
            "wait_write_back_o": begun and run.slot is Slot.NO_FREE_HALF,
            "wait_activations_o": begun and run.slot is Slot.NO_WORDS,
            "wait_weights_o": begun and back is not None and not offered,
            "error_window_o": run.slot is Slot.WORDS_NEVER_COME,
        }
        self._compare(expected)
        dut = self.dut
        assert int(dut.low_o.value) == run.low, (run.next, int(dut.low_o.value), run.low)
        if run.asks_restart and front:
            assert int(dut.restart_lin_o.value) == front.window, (run.next, front)
        if reads and front:
            assert dut.read_lin_o.value.to_signed() == front.lin, (run.next, front)
        if offered and back:
            self._check_step(run.issued, back)
        return reads

    def _compare(self, expected: dict[str, bool]) -> None:
        """Compare single bits; those that are not named must be 0."""
        names = (
            *("restart_valid_o", "read_o", "step_valid_o", "issued_o", "tile_done_o"),
            *("row_final_o", "wait_write_back_o", "wait_activations_o", "wait_weights_o"),
            *("error_window_o", "done_o"),
        )
        got = {name: bool(getattr(self.dut, name).value) for name in names}
        assert got == dict.fromkeys(names, False) | expected, f"got {got}, expected {expected}"

    def _check_step(self, index: int, step: model.Step) -> None:
        dut = self.dut
        lanes = sum(1 << lane for lane in step.lanes)
        got = {
            "row": int(dut.step_row_o.value),
            "first": bool(dut.step_first_o.value),
            "bank": int(dut.step_bank_o.value),
            "lanes": int(dut.step_lanes_o.value),
        }
        expected = {
            "row": step.row,
            "first": step.first,
            "bank": self._tile % 2,
            "lanes": lanes,
        }
        assert got == expected, f"step {index}: got {got}, expected {expected}"
        data = sa.unpack(int(dut.step_activations_o.value), self.size)
        for lane in step.lanes:
            want = word(step.lin + lane)
            assert data[lane] == want, f"step {index}, lane {lane}: {data[lane]:#x}, not {want:#x}"

    def _count(self, run: Run, offered: bool, issued: bool) -> None:
        """Put the cycle down as what it is, once the first step has entered."""
        if run.issued == 0 and not issued:
            return
        if run.slot is Slot.STEP:
            kind = "compute" if issued else "none" if offered else "weights"
        else:
            kind = {Slot.NO_FREE_HALF: "write back", Slot.NO_WORDS: "activations"}.get(
                run.slot, "none"
            )
        self.kinds[kind] += 1
