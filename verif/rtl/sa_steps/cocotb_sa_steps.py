"""cocotb tests of sa_steps; test_sa_steps.py runs them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cocotb
import numpy as np

from heepstor.job import Job, Restart
from verif.rtl import bench
from verif.rtl.sa_steps import model
from verif.rtl.sa_steps.driver import AT_ONCE, Bench, Pace
from verif.rtl.sa_steps.jobs import Draw, plain

LARGEST = (1 << 23) - 1


async def started(dut: Any) -> Bench:
    """The unit after reset."""
    unit = Bench(dut)
    await unit.start()
    return unit


def draw_pace(rng: np.random.Generator) -> Pace:
    """Each of the surroundings at once, now and then, or seldom."""
    return Pace(*(float(chance) for chance in rng.choice([1.0, 0.6, 0.2], 5)))


def all_loops(size: int, half: int, **numbers: int) -> Job:
    """More than one round of every loop, the last ones smaller; the whole map fits the buffer."""
    return plain(
        **{
            "map_words": 16 * size,
            "row_words": 4 * size,
            "row_start": -4 * size,
            "column_start": -3,
            "row_step": 4 * size,
            "column_step": 2,
            "band_step": 4 * size,
            "run_step": 3,
            "run": size + 3,
            "bands": 2,
            "runs": 2,
            "windows": 7,
            "window_columns": 3,
            "chunk": half // 4,
            "pool_columns": 2,
            "tile_group": 2,
            "columns": 3 * size - 1,
            "tile_columns": size,
        }
        | numbers
    )


@cocotb.test
async def nothing_moves_before_a_job(dut: Any) -> None:
    unit = await started(dut)
    await unit.is_idle(5, done=False)


@cocotb.test
async def step_enters_every_cycle_across_all_boundaries(dut: Any) -> None:
    """The first one two cycles after the start of the job."""
    unit = await started(dut)
    job = all_loops(unit.size, unit.rows // 2, chunk=3)
    assert job.map_words <= unit.words
    cycles = await unit.run(job)
    await unit.is_idle(3, done=True)
    steps = model.count(job, unit.size)
    assert unit.kinds == {"compute": steps}, unit.kinds
    assert cycles == steps + 2, (cycles, steps)


@cocotb.test
@cocotb.parametrize(
    kind_and_pace=(
        ("write back", Pace(drain=0.01)),
        ("activations", Pace(filled=0.02)),
        ("weights", Pace(tile=0.1)),
        ("none", Pace(core=0.3)),
    )
)
async def cycle_without_a_step_is_put_down_to_what_holds_it_up(
    dut: Any, kind_and_pace: tuple[str, Pace]
) -> None:
    unit = await started(dut)
    kind, pace = kind_and_pace
    await unit.run(all_loops(unit.size, unit.rows // 2, chunk=2), pace)
    assert set(unit.kinds) == {"compute", kind}, unit.kinds


@cocotb.test
@cocotb.parametrize(restart=(Restart.BAND, Restart.TILE))
async def wait_for_a_restart_is_one_for_activations(dut: Any, restart: Restart) -> None:
    unit = await started(dut)
    await unit.run(all_loops(unit.size, unit.rows // 2, chunk=2, restart=restart), AT_ONCE)
    assert set(unit.kinds) == {"compute", "activations"}, unit.kinds


@cocotb.test
async def layers_are_walked_as_the_formulas_say(dut: Any) -> None:
    unit = await started(dut)
    draw = Draw(unit.rng, unit.size, unit.rows)
    done = 0
    for _ in range(40):
        await unit.run(draw.layer(), draw_pace(unit.rng))
        await unit.is_idle(3, done=not unit.failed)
        done += not unit.failed
    assert done > 10, done


@cocotb.test
async def window_error_comes_exactly_where_words_cannot(dut: Any) -> None:
    unit = await started(dut)
    draw = Draw(unit.rng, unit.size, unit.rows)
    failed = 0
    for _ in range(60):
        await unit.run(draw.wild(), draw_pace(unit.rng))
        await unit.is_idle(3, done=not unit.failed)
        failed += unit.failed
    assert 5 < failed < 55, failed


@cocotb.test
async def flush_at_any_time_leaves_a_unit_that_works(dut: Any) -> None:
    unit = await started(dut)
    draw = Draw(unit.rng, unit.size, unit.rows)
    for _ in range(15):
        await unit.run(draw.layer(), draw_pace(unit.rng), stop_after=int(unit.rng.integers(1, 60)))
        await unit.flush()
        await unit.is_idle(4, done=False)
    # In a restart.
    job = all_loops(unit.size, unit.rows // 2, chunk=3, restart=Restart.TILE)
    await unit.run(job, Pace(restart=0), stop_after=3)
    await unit.flush()
    await unit.is_idle(4, done=False)
    await unit.run(all_loops(unit.size, unit.rows // 2, chunk=3))
    await unit.is_idle(1, done=True)


@cocotb.test
async def reset_in_the_middle_leaves_a_unit_that_works(dut: Any) -> None:
    unit = await started(dut)
    job = all_loops(unit.size, unit.rows // 2, chunk=3)
    # In a restart, and after the last step, too.
    for cycles, restart in ((1, 0), (2, 0), (3, 0), (20, 0), (3, 2), (None, 0)):
        await unit.run(replace(job, restart=Restart(restart)), Pace(restart=0), stop_after=cycles)
        dut.rst_ni.value = 0
        await bench.next_cycle(dut)
        dut.rst_ni.value = 1
        await unit.is_idle(3, done=False)
    await unit.run(job)


@cocotb.test
async def largest_numbers_do_not_wrap(dut: Any) -> None:
    unit = await started(dut)
    size = unit.size
    end = plain(map_words=LARGEST, row_words=LARGEST, run=2 * size, column_start=LARGEST - 2 * size)
    for restart in Restart:
        await unit.run(replace(end, restart=restart))
        assert not unit.failed, restart
    # The last lanes are beyond the map: of the row, and of a map that ends within a row.
    await unit.run(replace(end, column_start=LARGEST - size - 1))
    assert not unit.failed
    await unit.run(replace(end, row_start=LARGEST - 1, column_start=LARGEST - 2 * size))
    assert unit.failed
    await unit.is_idle(2, done=False)


@cocotb.test
async def step_needs_a_word_of_the_buffer_at_most(dut: Any) -> None:
    """The last word of the window is served, one further is not."""
    unit = await started(dut)
    words, size = unit.words, unit.size
    for reach, failed in ((words, False), (words + 1, True)):
        for restart in Restart:
            bounds = {"map_words": 4 * words, "row_words": 4 * words, "restart": restart}
            job = plain(
                **bounds, run=size, windows=2, window_columns=2, chunk=2, column_step=reach - size
            )
            await unit.run(job)
            assert unit.failed == failed, (reach, restart)
