"""cocotb tests of sa_weights; test_sa_weights.py runs them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cocotb
import numpy as np

from heepstor.job import Job
from verif.rtl.sa_weights.driver import (
    AT_ONCE,
    Pace,
    Surroundings,
    job_of,
    needed_words,
)

FILL_CYCLES = 5
"""From the first request to the first row: the answer after 2, FIFO, gearbox, row register."""


async def started(dut: Any) -> Surroundings:
    """The unit after reset."""
    around = Surroundings(dut)
    await around.start()
    return around


def draw_job(rng: np.random.Generator, size: int) -> Job:
    """Any shape; one or a few of everything that is counted."""
    tile_columns = int(rng.integers(1, size + 1))
    tiles = int(rng.integers(1, 6))
    return job_of(
        run=int(rng.integers(1, 2 * size + 2)),
        runs=int(rng.integers(1, 4)),
        bands=int(rng.integers(1, 3)),
        columns=int(rng.integers((tiles - 1) * tile_columns + 1, tiles * tile_columns + 1)),
        tile_columns=tile_columns,
        tile_group=int(rng.integers(1, tiles + 2)),
        windows=int(rng.integers(1, 9)),
        chunk=int(rng.integers(1, 5)),
    )


def draw_pace(rng: np.random.Generator) -> Pace:
    """Each of the surroundings quick, slow or in between."""
    ready, weight, done = (float(p) for p in rng.choice([0.1, 0.5, 0.9, 1.0], 3))
    low = int(rng.integers(1, 4))
    return Pace(ready, weight, done, (low, low + int(rng.integers(0, 6))))


@cocotb.test
async def core_gets_each_row_of_random_jobs_in_order_whoever_waits(dut: Any) -> None:
    around = await started(dut)
    for _ in range(25):
        await around.run(draw_job(around.rng, around.size), draw_pace(around.rng))


@cocotb.test
async def weights_are_read_again_only_if_the_buffer_is_too_small_by_a_row(dut: Any) -> None:
    """`run` checks which words were read, and how often."""
    around = await started(dut)
    for rows in (around.entries - 1, around.entries, around.entries + 1):
        await around.run(job_of(run=rows, columns=3, tile_columns=3, windows=5, chunk=2))
    half = around.entries // 2
    for columns in (4, 5):
        await around.run(job_of(run=half, columns=columns, tile_columns=2, windows=3, chunk=1))


@cocotb.test
async def last_chunk_may_be_smaller_and_one_chunk_is_one_pass(dut: Any) -> None:
    around = await started(dut)
    for windows, chunk in ((1, 1), (1, 255), (255, 255), (256, 255), (6, 3), (7, 3)):
        await around.run(job_of(run=3, columns=2, tile_columns=2, windows=windows, chunk=chunk))


@cocotb.test
async def words_behind_the_weights_are_skipped(dut: Any) -> None:
    """WEIGHT_WORDS may be larger than it need be, in any pass."""
    around = await started(dut)
    for rows in (5, around.entries + 1):
        work = job_of(run=rows, columns=3, tile_columns=2, windows=3, chunk=1)
        for extra in (1, 2, 7, 30):
            more = replace(work, weight_words=work.weight_words + extra)
            await around.run(more, draw_pace(around.rng))


@cocotb.test
async def weights_that_run_out_are_an_error_and_no_end_of_the_job(dut: Any) -> None:
    around = await started(dut)
    for _ in range(12):
        work = replace(draw_job(around.rng, around.size), windows=1)
        if needed_words(work) == 1:
            continue
        words = int(around.rng.choice([1, needed_words(work) - 1]))
        await around.begin(replace(work, weight_words=words), draw_pace(around.rng))
        while not around.errors:
            assert around.cycle < 10_000, around.progress()
            await around.next_cycle()
        for _ in range(300):
            await around.next_cycle()
            assert not around.is_idle, around.progress()
        assert around.errors == 1, around.errors
        assert around.taken == around.rows_in_memory(), around.progress()
        await around.flush()
        await around.run(draw_job(around.rng, around.size))


@cocotb.test
async def job_after_a_flush_or_reset_at_any_moment_knows_nothing_of_the_one_before(
    dut: Any,
) -> None:
    around = await started(dut)
    work = job_of(run=9, columns=7, tile_columns=4, windows=3, chunk=1)
    for moment in range(60):
        await around.begin(work, draw_pace(around.rng) if moment % 2 else AT_ONCE)
        for _ in range(moment):
            await around.next_cycle()
        await (around.reset() if moment % 3 == 0 else around.flush())
        for _ in range(int(around.rng.integers(3))):
            await around.next_cycle()
        if moment % 4 == 3:
            await around.run(draw_job(around.rng, around.size), AT_ONCE)


@cocotb.test
async def scales_and_biases_come_while_no_tile_is_done(dut: Any) -> None:
    """A block can be drained only with them, and its half is needed for the tiles behind it."""
    around = await started(dut)
    work = job_of(run=4 * around.size, columns=4 * around.size, tile_columns=around.size)
    await around.begin(work, replace(AT_ONCE, done=0.0))
    for _ in range(100 + 4 * work.columns):
        await around.next_cycle()
    assert around.loaded == 2, around.progress()
    assert len(around.params) == 2 * work.columns, around.progress()


@cocotb.test
async def rows_come_from_memory_at_four_bytes_a_port_or_one_a_cycle(dut: Any) -> None:
    """A Linear layer at batch 1, and the longest rows there are: no cycle is lost."""
    around = await started(dut)
    for columns, tile_columns in ((10, min(5, around.size)), (2 * around.size, around.size)):
        shape = {"run": 294, "columns": columns, "tile_columns": tile_columns, "tile_group": 2}
        work = job_of(**shape)
        await around.run(work)
        words, rows = -(-work.weight_words // len(around.ports)), len(around.taken_at)
        took = around.taken_at[-1] + 1
        assert took <= FILL_CYCLES + max(words, rows), f"{took} cycles: {words} words, {rows} rows"
        assert around.taken_at[0] >= FILL_CYCLES, around.taken_at[0]


@cocotb.test
async def rows_of_later_passes_come_from_the_buffer_one_a_cycle_without_a_gap(dut: Any) -> None:
    around = await started(dut)
    run = min(around.size, around.entries // 4)
    shape = {"run": run, "bands": 2, "columns": 6, "tile_columns": 3, "tile_group": 2}
    await around.run(job_of(**shape, windows=4, chunk=1))
    again = around.taken_at[4 * run :]
    assert len(again) == 12 * run
    assert again == list(range(again[0], again[0] + len(again))), again


@cocotb.test
async def tile_is_offered_two_cycles_after_the_one_before_the_last_is_done(dut: Any) -> None:
    """And is ready in the cycle after its last row."""
    around = await started(dut)
    await around.begin(job_of(run=4, bands=3), replace(AT_ONCE, done=0.0))
    for _ in range(50):
        await around.next_cycle()
    assert around.loaded == 2
    around.pace = AT_ONCE
    await around.next_cycle()
    around.pace = replace(AT_ONCE, done=0.0)
    done_at = around.cycle - 1
    for _ in range(20):
        await around.next_cycle()
    assert around.taken_at[8:] == [done_at + 2 + row for row in range(4)], around.taken_at
