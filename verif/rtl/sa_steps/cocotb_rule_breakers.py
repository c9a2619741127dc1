"""Neighbours that the assertions of sa_steps must catch: test_sa_steps.py expects all to fail."""

from __future__ import annotations

from typing import Any

import cocotb

from verif.rtl import bench
from verif.rtl.sa_steps.driver import Bench, Pace
from verif.rtl.sa_steps.jobs import plain


async def _with_an_offered_step(dut: Any) -> None:
    """A job whose first step waits for the core."""
    unit = Bench(dut)
    await unit.start()
    await unit.run(plain(windows=2, chunk=2), Pace(core=0), stop_after=5)


@cocotb.test
async def job_that_begins_while_a_step_waits(dut: Any) -> None:
    await _with_an_offered_step(dut)
    dut.job_start_i.value = 1
    await bench.next_cycle(dut, 2)


@cocotb.test
async def tile_that_goes_too_early(dut: Any) -> None:
    await _with_an_offered_step(dut)
    dut.tile_ready_i.value = 0
    await bench.next_cycle(dut, 2)


@cocotb.test
async def tile_that_changes_its_bank(dut: Any) -> None:
    await _with_an_offered_step(dut)
    dut.tile_bank_i.value = 1
    await bench.next_cycle(dut, 2)


@cocotb.test
async def half_that_is_given_back_twice(dut: Any) -> None:
    await _with_an_offered_step(dut)
    dut.block_done_i.value = 1
    await bench.next_cycle(dut, 3)
