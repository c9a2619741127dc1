"""cocotb tests of clk_gate; test_clk_gate.py runs them."""

from __future__ import annotations

import random
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge, Timer

from verif.rtl import bench


@cocotb.test
async def pulse_follows_each_cycle_that_is_enabled_and_no_other(dut: Any) -> None:
    dut.enable_i.value = 0
    await bench.start(dut)
    enabled = False
    for _ in range(200):
        # The pulse of the edge at which this cycle began.
        await Timer(1, "ns")
        assert bool(dut.clk_o.value) == enabled
        enabled = bool(random.getrandbits(1))
        dut.enable_i.value = enabled
        await FallingEdge(dut.clk_i)
        await Timer(1, "ns")
        assert not dut.clk_o.value, "the pulse outlasts the clock"
        await RisingEdge(dut.clk_i)


@cocotb.test
async def enable_that_changes_while_the_clock_is_high_makes_no_glitch(dut: Any) -> None:
    dut.enable_i.value = 1
    await bench.start(dut)
    for expected in (1, 0, 1, 0):
        await FallingEdge(dut.clk_i)
        await RisingEdge(dut.clk_i)
        for enable in (1 - expected, expected, 1 - expected):
            dut.enable_i.value = enable
            await Timer(1, "ns")
            assert int(dut.clk_o.value) == expected


@cocotb.test
async def reset_stops_the_clock(dut: Any) -> None:
    dut.enable_i.value = 1
    await bench.start(dut)
    await FallingEdge(dut.clk_i)
    dut.rst_ni.value = 0
    for _ in range(3):
        await RisingEdge(dut.clk_i)
        await Timer(1, "ns")
        assert not dut.clk_o.value
