"""cocotb tests of sa_activations; test_sa_activations.py runs them."""

from __future__ import annotations

import random
from typing import Any

import cocotb

from heepstor.job import LIN_BITS, Job, Restart
from verif.rtl.sa_activations.driver import AT_ONCE, Demand, Pace, Window, job_of

_FARTHEST = 2 ** (LIN_BITS - 1) - 1


async def started(dut: Any) -> Window:
    """A window after reset."""
    window = Window(dut)
    await window.start()
    return window


def _pace() -> Pace:
    """Fast or slow, steady or not."""
    least = random.choice((1, 1, 2, 5))
    return Pace(random.choice((1, 0.9, 0.5, 0.1)), (least, least + random.choice((0, 0, 3, 12))))


def _job(window: Window, restart: Restart) -> Job:
    """A map of less or more than the buffer holds, its end a multiple of nothing."""
    map_words = random.randint(1, 4 * window.words)
    segment = random.choice((map_words, random.randint(1, window.words)))
    return job_of(map_words, segment, restart)


def _base() -> int:
    return 4 * random.getrandbits(29)


def _some_lin(window: Window) -> int:
    """Where a step might read: near what is in the window, also across both of its ends."""
    if random.random() < 0.02:
        return random.randint(-_FARTHEST - 1, _FARTHEST)
    return random.randint(window.low - window.size, max(window.filled, window.low))


def _later_low(window: Window) -> int:
    """How the window moves: mostly not, a little, or beyond what has come."""
    end = window.work.map_words
    if window.low >= end or random.random() < 0.8:
        return window.low
    small = min(window.low + random.randint(1, window.size), end)
    filled = min(max(window.filled, window.low), end)
    return random.choice((small, small, small, random.randint(window.low, filled), end))


async def _wander(window: Window, cycles: int) -> None:
    """Read at random, move the window, and restart it at any moment if the job does that."""
    restart: int | None = None
    for _ in range(cycles):
        if restart is None and window.work.restart is not Restart.NEVER and random.random() < 0.02:
            restart = random.randint(0, window.work.map_words)
        low = _later_low(window) if window.is_open and restart is None else window.low
        read = _some_lin(window) if random.random() < 0.7 else None
        if await window.cycle(Demand(low, read, restart)):
            assert restart is not None
            # Its positions may begin a little behind the first word.
            window.low = min(restart + random.choice((0, 0, 3)), window.work.map_words)
            restart = None
    if restart is not None:
        await window.restart(restart)
        window.low = restart


@cocotb.test
async def each_word_is_read_once_in_order_and_within_the_limits_of_random_jobs(dut: Any) -> None:
    """Whoever waits: ports, answers, or the array; with windows that wrap around the buffer."""
    window = await started(dut)
    for i in range(40):
        window.pace = _pace()
        await window.begin(_job(window, Restart(i % len(Restart))), _base())
        window.low = 0
        await _wander(window, 6 * window.words)
        await window.finish()


@cocotb.test
async def a_word_a_port_comes_and_size_words_of_any_alignment_go_in_every_cycle(dut: Any) -> None:
    window = await started(dut)
    window.pace = AT_ONCE
    words = 20 * window.words + 3
    await window.begin(job_of(words, words), _base())
    # A cycle to begin, one to ask, one that memory takes: the first words come in the next.
    for _ in range(3):
        await window.cycle(Demand(low=0))
    cycles = 0
    while window.filled < words:
        before = window.filled
        low = max(0, window.filled - window.words // 2)
        last = max(low, window.filled - window.size)
        await window.cycle(Demand(low, read=random.randint(low, last)))
        assert min(before + window.ports, words) == window.filled
        cycles += 1
    assert cycles == -(-words // window.ports)


@cocotb.test
async def job_after_a_flush_at_any_moment_knows_nothing_of_the_one_before(dut: Any) -> None:
    window = await started(dut)
    for i in range(60):
        window.pace = _pace()
        await window.begin(_job(window, Restart(i % len(Restart))), _base())
        window.low = 0
        await _wander(window, random.randint(0, 2 * window.words))
        restart = random.choice((None, 0))
        await window.cycle(Demand(window.low, restart=restart, flush=True))
        assert window.is_quiet
        for _ in range(random.choice((0, 0, 5))):
            await window.cycle(Demand(low=0))


@cocotb.test
async def reset_at_any_moment_forgets_everything(dut: Any) -> None:
    """Nothing is read before a job, and a job that restarts has no window of the one before."""
    window = await started(dut)
    for i in range(20):
        window.pace = _pace()
        await window.begin(_job(window, Restart.NEVER), _base())
        window.low = 0
        await _wander(window, random.randint(1, 2 * window.words))
        await window.reset()
        for _ in range(3):
            await window.cycle(Demand(low=0))
        if i % 2:
            assert await window.cycle(Demand(0, restart=0)), "something is still under way"
            await window.finish()


@cocotb.test
async def job_that_restarts_reads_nothing_before_its_first_restart(dut: Any) -> None:
    window = await started(dut)
    for restart in (Restart.BAND, Restart.TILE):
        await window.begin(job_of(50, 50, restart), _base())
        for _ in range(20):
            await window.cycle(Demand(low=0))
        assert window.is_quiet
        await window.restart(7)
        window.low = 7
        await window.finish()
        assert window.filled == min(50, 7 + window.words)


@cocotb.test
async def restart_with_nothing_under_way_is_done_at_once(dut: Any) -> None:
    window = await started(dut)
    await window.begin(job_of(window.words, window.words, Restart.BAND), _base())
    for lin in (0, window.words // 2, 1, window.words):
        assert await window.cycle(Demand(window.low, restart=lin))
        window.low = lin
        await window.finish()


@cocotb.test
async def last_words_of_the_largest_map_are_read_and_none_beyond(dut: Any) -> None:
    window = await started(dut)
    for segment in (_FARTHEST, 3):
        await window.begin(job_of(_FARTHEST, segment, Restart.TILE), _base())
        start = _FARTHEST - window.words - 5
        await window.restart(start)
        window.low = start
        while window.low < _FARTHEST:
            await window.finish()
            low = min(window.low + random.randint(1, 3), window.filled)
            await window.cycle(Demand(low, read=window.low))
        await window.finish()
        assert window.filled == _FARTHEST
