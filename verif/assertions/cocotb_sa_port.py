"""What would break the rules of sa_port, of its clients and of itself."""

from __future__ import annotations

from typing import Any

import cocotb

from verif.rtl import bench

_INPUTS = ("flush_i", "write_valid_i", "read_valid_i", "obi_gnt_i", "obi_rvalid_i", "obi_err_i")


async def _start(dut: Any) -> None:
    for name in _INPUTS:
        getattr(dut, name).value = 0
    dut.read_address_i.value = 0
    await bench.start(dut)


@cocotb.test
async def reads_wait_for_their_turn(dut: Any) -> None:
    """The second client waits for the first one, and gives up."""
    await _start(dut)
    dut.read_valid_i.value = 0b011
    await bench.next_cycle(dut)
    dut.read_valid_i.value = 0
    await bench.next_cycle(dut, 2)


@cocotb.test
async def addresses_are_of_words(dut: Any) -> None:
    await _start(dut)
    dut.read_address_i.value = 2
    dut.read_valid_i.value = 0b001
    await bench.next_cycle(dut, 3)


@cocotb.test
async def old_answers_are_under_way(dut: Any) -> None:
    await _start(dut)
    dut.old_q.value = 1
    await bench.next_cycle(dut, 2)
