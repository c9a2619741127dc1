"""Ports that break each rule of OBI; one access may be outstanding."""

from __future__ import annotations

from typing import Any

import cocotb

from verif.rtl import bench

_IDLE = {"req_i": 0, "gnt_i": 0, "addr_i": 0, "we_i": 0, "be_i": 0, "wdata_i": 0, "rvalid_i": 0}


async def _cycles(dut: Any, *cycles: dict[str, int]) -> None:
    """Show the checker what happens in each cycle; what is not named is 0."""
    for name, value in _IDLE.items():
        getattr(dut, name).value = value
    await bench.start(dut)
    for cycle in (*cycles, _IDLE):
        for name, value in (_IDLE | cycle).items():
            getattr(dut, name).value = value
        await bench.next_cycle(dut)


@cocotb.test
async def no_rule_is_broken(dut: Any) -> None:
    write = {"req_i": 1, "addr_i": 4, "we_i": 1, "be_i": 3, "wdata_i": 5}
    await _cycles(
        dut,
        *(write, write, write | {"gnt_i": 1}),
        {"req_i": 1, "addr_i": 8, "wdata_i": 1},  # the data of a read means nothing
        {"req_i": 1, "addr_i": 8, "wdata_i": 2, "gnt_i": 1, "rvalid_i": 1},
        {"rvalid_i": 1},
    )


@cocotb.test
async def request_waits_for_its_grant(dut: Any) -> None:
    await _cycles(dut, {"req_i": 1}, {})


@cocotb.test
async def address_waits_unchanged(dut: Any) -> None:
    await _cycles(dut, {"req_i": 1}, {"req_i": 1, "be_i": 1})


@cocotb.test
async def write_data_waits_unchanged(dut: Any) -> None:
    await _cycles(dut, {"req_i": 1, "we_i": 1}, {"req_i": 1, "we_i": 1, "wdata_i": 1})


@cocotb.test
async def response_has_a_request(dut: Any) -> None:
    await _cycles(dut, {"req_i": 1, "gnt_i": 1, "rvalid_i": 1})


@cocotb.test
async def outstanding_accesses_are_bounded(dut: Any) -> None:
    await _cycles(dut, {"req_i": 1, "gnt_i": 1}, {"req_i": 1, "gnt_i": 1}, {})
