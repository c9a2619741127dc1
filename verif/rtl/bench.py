"""Clock, reset, and the two moments of a cycle at which a test acts.

Right after the rising edge a test drives inputs, as a register would; at the falling edge it looks
at outputs, which have settled by then.
"""

from __future__ import annotations

from typing import Any

from cocotb.clock import Clock
from cocotb.handle import Immediate
from cocotb.triggers import FallingEdge, RisingEdge, Timer


async def start(dut: Any) -> None:
    """Give a reset with both edges, and start the clock; returns when a cycle begins.

    Everything wakes up at random, inputs too: the clock is put low at once, so that there is no
    edge before the reset at which an assertion could object to what it sees.
    """
    dut.clk_i.value = Immediate(0)
    for value in (1, 0):
        dut.rst_ni.value = value
        await Timer(1, "ns")
    await start_without_reset(dut)
    await RisingEdge(dut.clk_i)
    dut.rst_ni.value = 1
    await RisingEdge(dut.clk_i)


async def start_without_reset(dut: Any) -> None:
    """Start the clock; returns when a cycle begins."""
    Clock(dut.clk_i, 10, "ns").start()
    await RisingEdge(dut.clk_i)


async def settled(dut: Any) -> None:
    """To the moment in this cycle at which outputs can be looked at."""
    await FallingEdge(dut.clk_i)


async def next_cycle(dut: Any, cycles: int = 1) -> None:
    """To the beginning of a later cycle."""
    for _ in range(cycles):
        await RisingEdge(dut.clk_i)
