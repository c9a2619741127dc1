"""What sa_steps and the ports must not do to sa_activations."""

from __future__ import annotations

from typing import Any

import cocotb

from heepstor.job import Restart
from verif.rtl import bench, job
from verif.rtl.sa_activations.driver import job_of

_INPUTS = (
    "job_start_i",
    "flush_i",
    "restart_valid_i",
    "low_i",
    "read_i",
    "read_ready_i",
    "rvalid_i",
)


async def _started(dut: Any, restart: Restart = Restart.NEVER) -> None:
    """A job of 10 words whose window has begun, unless it is for a restart to begin it."""
    for name in _INPUTS:
        getattr(dut, name).value = 0
    dut.job_i.value = job.pack(job_of(10, 10, restart))
    await bench.start(dut)
    dut.job_start_i.value = 1
    await bench.next_cycle(dut)
    dut.job_start_i.value = 0
    await bench.next_cycle(dut)


@cocotb.test
async def low_stays_or_rises(dut: Any) -> None:
    await _started(dut)
    for low in (3, 2):
        dut.low_i.value = low
        await bench.next_cycle(dut)
    await bench.next_cycle(dut)


@cocotb.test
async def low_is_not_negative(dut: Any) -> None:
    await _started(dut)
    dut.low_i.value = -1
    await bench.next_cycle(dut, 2)


@cocotb.test
async def restart_is_within_the_map(dut: Any) -> None:
    await _started(dut, Restart.BAND)
    dut.restart_lin_i.value = 11
    dut.restart_valid_i.value = 1
    await bench.next_cycle(dut, 2)


@cocotb.test
async def job_starts_when_nothing_is_under_way(dut: Any) -> None:
    await _started(dut)
    dut.job_start_i.value = 1
    await bench.next_cycle(dut, 2)


@cocotb.test
async def answers_were_asked_for(dut: Any) -> None:
    await _started(dut, Restart.BAND)
    dut.rvalid_i.value = 1
    await bench.next_cycle(dut, 2)
