"""cocotb tests of `counter`, one for each way in which a run can end; see test_cocotb_runner.py."""

from __future__ import annotations

import os
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles


async def _count(dut: Any, cycles: int) -> int:
    """Reset the counter, let it count, and return where it is."""
    Clock(dut.clk_i, 10, "ns").start()
    dut.rst_ni.value = 0
    dut.enable_i.value = 1
    await ClockCycles(dut.clk_i, 2)
    dut.rst_ni.value = 1
    await ClockCycles(dut.clk_i, cycles)
    return int(dut.count_o.value)


@cocotb.test()
async def counts(dut: Any) -> None:
    count = await _count(dut, 50)
    assert 48 <= count <= 50, f"count: got {count}, expected about 50"


@cocotb.test()
async def expects_wrong_count(dut: Any) -> None:
    assert await _count(dut, 50) == 1


@cocotb.test()
async def reaches_limit(dut: Any) -> None:
    await _count(dut, int(cocotb.plusargs["cycles"]))


@cocotb.test()
async def kills_simulator(dut: Any) -> None:
    await _count(dut, 5)
    os.abort()


@cocotb.test()
async def exits_early(dut: Any) -> None:
    await _count(dut, 5)
    os._exit(0)


@cocotb.test()
async def never_ends(dut: Any) -> None:
    while True:
        await _count(dut, 50)
