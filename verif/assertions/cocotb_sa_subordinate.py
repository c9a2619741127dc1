"""Violations of the assertions of sa_subordinate: its registers are changed."""

from __future__ import annotations

from typing import Any

import cocotb
from cocotb.triggers import FallingEdge

from verif.rtl import bench

_INPUTS = (
    *("obi_req_i", "obi_addr_i", "obi_we_i", "obi_be_i", "obi_wdata_i"),
    *("busy_i", "step_ready_i", "weight_ready_i", "acc_ready_i", "acc_rdata_i"),
    *("job_running_i", "job_done_i", "job_errors_i", "job_address_i"),
    *("bus_error_address_i", "counters_i"),
)


async def _start(dut: Any) -> None:
    for name in _INPUTS:
        getattr(dut, name).value = 0
    await bench.start(dut)
    await bench.next_cycle(dut)  # the assertions look from the second cycle on


async def _change(dut: Any, **signals: int) -> None:
    """Let signals be changed when the next edge comes."""
    await FallingEdge(dut.clk_i)
    for name, value in signals.items():
        getattr(dut, name).value = value
    await bench.next_cycle(dut, 2)


@cocotb.test
async def every_grant_is_answered_in_the_next_cycle(dut: Any) -> None:
    await _start(dut)
    dut.obi_req_i.value = 1
    await bench.next_cycle(dut)
    await _change(dut, rvalid_q=0)


@cocotb.test
async def nothing_else_is_answered(dut: Any) -> None:
    await _start(dut)
    await _change(dut, rvalid_q=1)


@cocotb.test
async def steps_and_weights_keep_their_order(dut: Any) -> None:
    await _start(dut)
    await _change(dut, step_valid_q=1, weight_valid_q=1)


@cocotb.test
async def weight_waits_unchanged(dut: Any) -> None:
    await _start(dut)
    await _change(dut, weight_valid_q=1)
    await _change(dut, weight_valid_q=0)
