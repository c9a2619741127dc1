"""Drives `sample` through the modes of the plusarg `modes`; see test_coverage.py."""

from __future__ import annotations

from typing import Any

import cocotb
from cocotb.triggers import Timer


@cocotb.test()
async def runs_through_modes(dut: Any) -> None:
    for mode in str(cocotb.plusargs["modes"]):
        dut.mode_i.value = int(mode)
        for level in (0, 1, 0, 1):
            dut.clk_i.value = level
            await Timer(1, "ns")


@cocotb.test()
async def fails(dut: Any) -> None:
    await Timer(1, "ns")
    raise AssertionError("on purpose")
