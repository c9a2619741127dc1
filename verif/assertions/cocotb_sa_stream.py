"""Violations of the assertions of sa_stream: its registers are changed."""

from __future__ import annotations

from typing import Any

import cocotb
from cocotb.triggers import FallingEdge

from verif.rtl import bench

_INPUTS = (
    *("start_i", "start_address_i", "abort_i", "step_ready_i", "weight_ready_i"),
    *("acc_ready_i", "acc_rdata_i", "obi_gnt_i", "obi_rvalid_i", "obi_rdata_i", "obi_err_i"),
)


@cocotb.test
async def nothing_is_on_a_bus_without_a_chain(dut: Any) -> None:
    """A chain that waits for its descriptor is forgotten."""
    for name in _INPUTS:
        getattr(dut, name).value = 0
    await bench.start(dut)
    dut.start_i.value = 1
    await bench.next_cycle(dut)
    dut.start_i.value = 0
    await bench.next_cycle(dut, 3)
    await FallingEdge(dut.clk_i)
    dut.state_q.value = 0
    await bench.next_cycle(dut, 2)
