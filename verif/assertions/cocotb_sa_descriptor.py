"""Violations of the assertions of sa_descriptor: its inputs break the rules."""

from __future__ import annotations

from typing import Any

import cocotb

from verif.rtl import bench

_INPUTS = (
    *("start_i", "start_address_i", "flush_i", "job_done_i"),
    *("read_ready_i", "rvalid_i", "rdata_i"),
)


async def _hold_high(dut: Any, name: str) -> None:
    """After a reset with idle inputs, one of them stays high."""
    for each in _INPUTS:
        getattr(dut, each).value = 0
    await bench.start(dut)
    await bench.next_cycle(dut)  # the assertions look from the second cycle on
    getattr(dut, name).value = 1
    await bench.next_cycle(dut, 3)


@cocotb.test
async def chain_starts_alone(dut: Any) -> None:
    await _hold_high(dut, "start_i")


@cocotb.test
async def only_a_job_that_runs_ends(dut: Any) -> None:
    await _hold_high(dut, "job_done_i")


@cocotb.test
async def words_are_those_asked_for(dut: Any) -> None:
    await _hold_high(dut, "rvalid_i")
