"""Lets the assertions of `forms` meet their violations."""

from __future__ import annotations

from typing import Any

import cocotb

from verif.rtl import bench


@cocotb.test()
async def runs_past_every_violation(dut: Any) -> None:
    await bench.start(dut)
    await bench.next_cycle(dut, 30)
