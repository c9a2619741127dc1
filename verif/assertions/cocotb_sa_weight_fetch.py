"""Violations of the assertions of sa_weight_fetch, most of them by its inputs."""

from __future__ import annotations

from typing import Any

import cocotb
from cocotb.triggers import FallingEdge

from heepstor.job import Job, Restart
from verif.rtl import bench, job

_INPUTS = (
    *("flush_i", "job_start_i", "start_i", "beat_ready_i"),
    *("read_ready_i", "rvalid_i", "rdata_i"),
)
_ONES: dict[str, Any] = dict.fromkeys(Job.__dataclass_fields__, 1)
_JOB = Job(**(_ONES | {"relu": False, "restart": Restart.NEVER}))


async def _start(dut: Any) -> None:
    for name in _INPUTS:
        getattr(dut, name).value = 0
    dut.job_i.value = job.pack(_JOB)
    await bench.start(dut)
    await bench.next_cycle(dut)  # the assertions look from the second cycle on
    dut.start_i.value = 1
    await bench.next_cycle(dut)


@cocotb.test
async def streams_do_not_overlap(dut: Any) -> None:
    await _start(dut)
    await bench.next_cycle(dut, 2)


@cocotb.test
async def request_waits_unchanged(dut: Any) -> None:
    await _start(dut)
    dut.start_i.value = 0
    await bench.next_cycle(dut)
    await FallingEdge(dut.clk_i)
    # Lent to the scales and biases, of which there are none.
    dut.params_q.value = 1
    await bench.next_cycle(dut, 2)
