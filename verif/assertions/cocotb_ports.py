"""Managers that withdraw a request: the rules of OBI must really be looked at where they matter."""

from __future__ import annotations

from typing import Any

import cocotb

from verif.rtl import bench

_LAUNCH, _ACCUMULATORS = 0x2100, 0x8000


@cocotb.test
async def array_loses_a_request(dut: Any) -> None:
    """A read of an accumulator waits for the step before it, and is given up."""
    dut.obi_req_i.value = 0
    await bench.start(dut)
    dut.obi_req_i.value = 1
    dut.obi_be_i.value = 0b1111
    dut.obi_addr_i.value = _LAUNCH
    dut.obi_we_i.value = 1
    await bench.next_cycle(dut)
    dut.obi_addr_i.value = _ACCUMULATORS
    dut.obi_we_i.value = 0
    await bench.next_cycle(dut, 3)
    dut.obi_req_i.value = 0
    await bench.next_cycle(dut, 3)


@cocotb.test
async def crossbar_loses_a_request(dut: Any) -> None:
    """A subordinate that never grants is asked for three cycles."""
    for name in ("mgr_req_i", "mgr_target_i", "sub_gnt_i", "sub_rvalid_i"):
        getattr(dut, name).value = 0
    await bench.start(dut)
    dut.mgr_req_i.value = 1
    await bench.next_cycle(dut, 3)
    dut.mgr_req_i.value = 0
    await bench.next_cycle(dut, 3)
