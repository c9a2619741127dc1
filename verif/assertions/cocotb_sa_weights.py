"""Violations of the assertions of sa_weights: by its inputs, or by changes of its registers."""

from __future__ import annotations

from typing import Any

import cocotb
from cocotb.triggers import FallingEdge

from verif.rtl import bench

_INPUTS = (
    *("flush_i", "job_start_i", "job_i", "tile_done_i", "weight_ready_i"),
    *("read_ready_i", "rvalid_i", "rdata_i"),
)


async def _start(dut: Any) -> None:
    for name in _INPUTS:
        getattr(dut, name).value = 0
    await bench.start(dut)
    await bench.next_cycle(dut)  # the assertions look from the second cycle on


@cocotb.test
async def jobs_do_not_overlap(dut: Any) -> None:
    await _start(dut)
    dut.job_start_i.value = 1
    await bench.next_cycle(dut, 3)


@cocotb.test
async def only_a_loaded_tile_is_done(dut: Any) -> None:
    await _start(dut)
    dut.tile_done_i.value = 1
    await bench.next_cycle(dut, 2)


@cocotb.test
async def weight_waits_unchanged(dut: Any) -> None:
    await _start(dut)
    for valid in (1, 0):
        await FallingEdge(dut.clk_i)
        dut.valid_q.value = valid
        await bench.next_cycle(dut, 2)
