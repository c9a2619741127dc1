"""What a broken crossbar of two managers and two subordinates would show to its assertions."""

from __future__ import annotations

from typing import Any

import cocotb

from verif.rtl import bench

_INPUTS = (
    *(f"mgr_{name}_i" for name in ("req", "gnt", "addr", "we", "be", "wdata", "rvalid")),
    *(f"sub_{name}_i" for name in ("req", "gnt", "addr", "we", "be", "wdata", "rvalid")),
    *("ask_i", "owes_i"),
)


async def _show(dut: Any, **signals: int) -> None:
    for name in _INPUTS:
        getattr(dut, name).value = 0
    await bench.start(dut)
    for name, value in signals.items():
        getattr(dut, name).value = value
    await bench.next_cycle(dut, 2)


@cocotb.test
async def no_rule_is_broken(dut: Any) -> None:
    await _show(dut, ask_i=0b10_01, mgr_req_i=0b01, mgr_gnt_i=0b01, sub_req_i=1, sub_gnt_i=0b11)


@cocotb.test
async def one_manager_asks_a_subordinate(dut: Any) -> None:
    await _show(dut, ask_i=0b01_01)


@cocotb.test
async def subordinate_owes_to_one_manager(dut: Any) -> None:
    await _show(dut, owes_i=0b10_10)


@cocotb.test
async def grants_reach_their_managers(dut: Any) -> None:
    await _show(dut, sub_req_i=0b10, sub_gnt_i=0b10)


@cocotb.test
async def responses_reach_their_managers(dut: Any) -> None:
    await _show(dut, sub_rvalid_i=0b01)
