"""cocotb tests of mac_engine.sv; test_byo.py runs them."""

from __future__ import annotations

from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge

from verif.rtl import bench, sa

_ID, _CTRL, _STATUS, _WEIGHTS, _ACTIVATION, _SUMS = 0x00, 0x04, 0x08, 0x0C, 0x10, 0x20
_BUSY, _ERROR = 1, 1 << 8
_STEP_CYCLES = 8
_ONE_AND_A_HALF = 0x3FC0_0000


async def _started(dut: Any) -> None:
    dut.obi_req_i.value = 0
    await bench.start(dut)


async def _access(
    dut: Any, offset: int, data: int | None = None, enable: int = 0xF
) -> tuple[int, int]:
    """Read, or write `data`; returns what was read and the cycles up to the grant."""
    dut.obi_req_i.value = 1
    dut.obi_addr_i.value = offset
    dut.obi_we_i.value = int(data is not None)
    dut.obi_be_i.value = enable
    dut.obi_wdata_i.value = data or 0
    waited = 0
    await FallingEdge(dut.clk_i)
    while not dut.obi_gnt_o.value:
        await FallingEdge(dut.clk_i)
        waited += 1
    await RisingEdge(dut.clk_i)
    dut.obi_req_i.value = 0
    await FallingEdge(dut.clk_i)
    assert dut.obi_rvalid_o.value == 1
    answer = int(dut.obi_rdata_o.value)
    await RisingEdge(dut.clk_i)
    return answer, waited


@cocotb.test
async def a_step_keeps_what_would_see_half_of_it_waiting_for_as_long_as_the_header_says(
    dut: Any,
) -> None:
    await _started(dut)
    await _access(dut, _CTRL, 1)
    await _access(dut, _WEIGHTS, 0x80_7F_FF_02)
    await _access(dut, _ACTIVATION, _ONE_AND_A_HALF)
    assert (await _access(dut, _STATUS))[0] == _BUSY
    sums = [await _access(dut, _SUMS + 4 * column) for column in range(4)]
    assert sa.floats([bits for bits, _ in sums]).tolist() == [3.0, -1.5, 190.5, -192.0]
    # An access takes two cycles up to the next request: those of ACTIVATION and STATUS are gone.
    assert [waited for _, waited in sums] == [_STEP_CYCLES - 4, 0, 0, 0]
    assert (await _access(dut, _STATUS))[0] == 0


@cocotb.test
async def a_refused_access_changes_nothing_raises_the_interrupt_and_is_told_until_it_is_cleared(
    dut: Any,
) -> None:
    for offset, data, enable in (
        (_ID, 0, 0xF),
        (_SUMS, 0, 0xF),
        (_WEIGHTS, None, 0xF),
        (_ACTIVATION, 0x3F80_0000, 0x3),
        (0x14, None, 0xF),
        (0x8000, 0, 0xF),
    ):
        await _started(dut)
        await _access(dut, _CTRL, 1)
        assert (await _access(dut, _STATUS))[0] == 0
        assert (await _access(dut, offset, data, enable))[0] == 0
        assert dut.irq_o.value == 1, f"{offset:#x}"
        assert (await _access(dut, _STATUS))[0] == _ERROR
        assert (await _access(dut, _SUMS))[0] == 0
        await _access(dut, _STATUS, _ERROR)
        assert dut.irq_o.value == 0
        assert (await _access(dut, _STATUS))[0] == 0
