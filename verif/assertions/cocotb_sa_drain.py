"""Violations of the assertions of sa_drain: by its inputs, or by changes of its registers."""

from __future__ import annotations

from typing import Any

import cocotb
from cocotb.triggers import FallingEdge

from verif.rtl import bench

_INPUTS = (
    *("flush_i", "job_start_i", "job_i", "row_final_i", "acc_ready_i", "acc_rdata_i"),
    *("param_valid_i", "param_data_i", "word_written_i"),
)


async def _start(dut: Any) -> None:
    for name in _INPUTS:
        getattr(dut, name).value = 0
    await bench.start(dut)
    await bench.next_cycle(dut)  # the assertions look from the second cycle on


@cocotb.test
async def job_begins_after_the_last_one(dut: Any) -> None:
    await _start(dut)
    dut.job_start_i.value = 1
    await bench.next_cycle(dut, 3)


@cocotb.test
async def final_rows_fit_the_accumulators(dut: Any) -> None:
    await _start(dut)
    dut.row_final_i.value = 1
    await bench.next_cycle(dut, int(dut.AccumulatorRows.value) + 3)


@cocotb.test
async def room_is_bounded(dut: Any) -> None:
    await _start(dut)
    await FallingEdge(dut.clk_i)
    dut.active_q.value = 1
    dut.word_written_i.value = 1
    await bench.next_cycle(dut, 3)
