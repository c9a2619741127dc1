"""Violations of sa_core's assertions that no front end can cause: its registers are changed."""

from __future__ import annotations

from typing import Any

import cocotb
from cocotb.triggers import FallingEdge

from verif.rtl import bench
from verif.rtl.sa_core.driver import Core

_IN_FLIGHT = 3 * 4
"""Bits of in_flight_q for one bank: as many as a step takes cycles in an array of 4."""
_LAST = 1 << (_IN_FLIGHT - 1)


async def _change(dut: Any, **registers: int) -> None:
    """Let an idle core find its registers changed at the next edge."""
    await Core(dut).start()
    await FallingEdge(dut.clk_i)
    for name, value in registers.items():
        getattr(dut, name).value = value
    await bench.next_cycle(dut, 2)


@cocotb.test
async def one_step_at_a_time(dut: Any) -> None:
    await _change(dut, in_flight_q=1 | 1 << _IN_FLIGHT, row_busy_q=0b11)


@cocotb.test
async def each_step_in_flight_has_a_row_of_its_own(dut: Any) -> None:
    await _change(dut, row_busy_q=1)


@cocotb.test
async def sums_are_expected(dut: Any) -> None:
    await _change(dut, in_flight_q=_LAST, row_busy_q=0)


@cocotb.test
async def sums_belong_to_the_step_that_entered(dut: Any) -> None:
    await _change(dut, in_flight_q=_LAST, row_busy_q=0b1, rows_q=(1 << (6 * _IN_FLIGHT)) - 1)


@cocotb.test
async def steps_in_flight_add_up(dut: Any) -> None:
    await _change(dut, in_flight_q=1, row_busy_q=1)
