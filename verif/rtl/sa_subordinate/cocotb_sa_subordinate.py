"""cocotb tests of sa_subordinate; test_sa_subordinate.py runs them.

The core beside it is played by constants: it takes all, or it takes nothing.
"""

from __future__ import annotations

from typing import Any

import cocotb
from cocotb.triggers import Timer

from heepstor.registers import SYSTOLIC_ARRAY_ID
from verif.rtl import bench
from verif.rtl.systolic_array.model import ERR_ADDRESS, OFFSET, tile

ABORT = 1
UNMAPPED = 0x0FFC
_ALL_BYTES = 0b1111
_CLEARED_BY_ABORT = ("STATUS", "TILE", "STEPS")


async def _start(dut: Any, *, core_takes_all: bool) -> None:
    """Reset, with an idle bus."""
    dut.obi_req_i.value = 0
    dut.busy_i.value = 0
    for name in ("step", "weight", "acc"):
        getattr(dut, f"{name}_ready_i").value = core_takes_all
    dut.acc_rdata_i.value = 0
    for name in ("running", "done", "errors", "address"):
        getattr(dut, f"job_{name}_i").value = 0
    dut.bus_error_address_i.value = 0
    dut.counters_i.value = 0
    await bench.start(dut)


def _ask(dut: Any, offset: int, data: int | None = None) -> None:
    """Put a read (`data` is None) or a write of a whole word on the bus."""
    dut.obi_req_i.value = 1
    _put(dut, offset, data)


def _put(dut: Any, offset: int, data: int | None) -> None:
    dut.obi_addr_i.value = offset >> 2
    dut.obi_we_i.value = data is not None
    dut.obi_be_i.value = _ALL_BYTES
    dut.obi_wdata_i.value = data or 0


async def _access(dut: Any, offset: int, data: int | None = None) -> int:
    """An access that must be granted at once; returns what it reads.

    It ends in the middle of the cycle of its response.
    """
    await bench.next_cycle(dut)
    _ask(dut, offset, data)
    await bench.settled(dut)
    assert dut.obi_gnt_o.value, f"the access to {offset:#06x} had to wait"
    await bench.next_cycle(dut)
    dut.obi_req_i.value = 0
    await bench.settled(dut)
    assert dut.obi_rvalid_o.value, f"the access to {offset:#06x} was not answered"
    return int(dut.obi_rdata_o.value)


async def _make_dirty(dut: Any) -> None:
    """Give each register another value than that of its reset."""
    await _access(dut, OFFSET["TILE"], tile(0, bank=1, first=True))
    await _access(dut, OFFSET["LAUNCH"], 0)
    await _access(dut, UNMAPPED)
    for name in (*_CLEARED_BY_ABORT, "ERROR_ADDRESS"):
        assert await _access(dut, OFFSET[name]) != 0, f"{name} still has its reset value"
    assert await _access(dut, OFFSET["TILE"]) == tile(1, bank=1, first=True)


@cocotb.test
async def weight_word_goes_to_the_row_and_columns_of_its_offset(dut: Any) -> None:
    await _start(dut, core_takes_all=True)
    groups = int(dut.Size.value) // 4
    for bank in (0, 1):
        for word in range(int(dut.Size.value) * groups):
            await _access(dut, OFFSET[f"WEIGHTS{bank}"] + 4 * word, word)
            assert dut.weight_valid_o.value
            row, group = divmod(word, groups)
            assert (int(dut.weight_bank_o.value), int(dut.weight_row_o.value)) == (bank, row)
            assert int(dut.weight_enable_o.value) == _ALL_BYTES << 4 * group
            assert int(dut.weight_data_o.value) >> 32 * group & 0xFFFF_FFFF == word


@cocotb.test
async def accumulator_is_that_of_the_row_and_column_of_its_offset(dut: Any) -> None:
    await _start(dut, core_takes_all=True)
    size = int(dut.Size.value)
    for word in range(size * int(dut.AccumulatorRows.value)):
        await bench.next_cycle(dut)
        _ask(dut, OFFSET["ACCUMULATORS"] + 4 * word)
        await bench.settled(dut)
        assert dut.acc_valid_o.value
        got = int(dut.acc_row_o.value), int(dut.acc_column_o.value)
        assert got == divmod(word, size)


@cocotb.test
async def register_is_accessed_at_once_while_a_step_waits(dut: Any) -> None:
    await _start(dut, core_takes_all=False)
    await _access(dut, OFFSET["LAUNCH"], 0)
    assert await _access(dut, OFFSET["ID"]) == SYSTOLIC_ARRAY_ID
    assert await _access(dut, OFFSET["STEPS"]) == 1
    assert await _access(dut, UNMAPPED) == 0
    assert await _access(dut, OFFSET["STATUS"]) & ERR_ADDRESS
    assert dut.step_valid_o.value, "nothing waited"
    await _access(dut, OFFSET["CTRL"], ABORT)
    assert not dut.step_valid_o.value


@cocotb.test
async def register_is_accessed_at_once_while_a_weight_waits(dut: Any) -> None:
    await _start(dut, core_takes_all=False)
    await _access(dut, OFFSET["WEIGHTS0"], 0)
    assert await _access(dut, OFFSET["ID"]) == SYSTOLIC_ARRAY_ID
    await _access(dut, OFFSET["CTRL"], ABORT)
    assert dut.weight_valid_o.value, "ABORT drops steps, not what was stored"


@cocotb.test
async def bus_that_asks_for_nothing_does_nothing(dut: Any) -> None:
    """Without a request the other lines may have any value."""
    await _start(dut, core_takes_all=True)
    await _make_dirty(dut)
    before = [await _access(dut, OFFSET[name]) for name in _CLEARED_BY_ABORT]
    for offset, data in [
        *((offset, ABORT) for offset in (*OFFSET.values(), UNMAPPED)),
        (OFFSET["ACCUMULATORS"], None),
    ]:
        await bench.next_cycle(dut)
        _put(dut, offset, data)
        await bench.settled(dut)
        _assert_low(dut, f"at {offset:#06x}", "obi_gnt_o", "abort_o", "acc_valid_o")
        await bench.next_cycle(dut)
        await bench.settled(dut)
        _assert_low(dut, f"after {offset:#06x}", "obi_rvalid_o", "step_valid_o", "weight_valid_o")
    assert [await _access(dut, OFFSET[name]) for name in _CLEARED_BY_ABORT] == before


@cocotb.test
async def reset_drops_at_once_the_answer_and_the_step_that_are_due(dut: Any) -> None:
    await _start(dut, core_takes_all=False)
    await _access(dut, OFFSET["LAUNCH"], 0)
    await _reset_drops(dut, "step_valid_o", "obi_rvalid_o")


@cocotb.test
async def reset_drops_at_once_the_answer_and_the_weight_that_are_due(dut: Any) -> None:
    await _start(dut, core_takes_all=False)
    await _access(dut, OFFSET["WEIGHTS0"], 0)
    await _reset_drops(dut, "weight_valid_o", "obi_rvalid_o")


async def _reset_drops(dut: Any, *outputs: str) -> None:
    """Reset in the middle of a cycle; the outputs fall at once, and whoever asks gets no answer."""
    assert all(getattr(dut, output).value for output in outputs)
    _ask(dut, OFFSET["ID"])
    dut.rst_ni.value = 0
    await Timer(1, "ns")
    _assert_low(dut, "in reset", *outputs)
    await bench.settled(dut)
    _assert_low(dut, "after an edge in reset", *outputs)
    dut.obi_req_i.value = 0
    dut.rst_ni.value = 1
    await bench.settled(dut)
    _assert_low(dut, "after reset", *outputs)


def _assert_low(dut: Any, when: str, *outputs: str) -> None:
    for output in outputs:
        assert not getattr(dut, output).value, f"{output} is high {when}"


@cocotb.test
async def reset_clears_every_register(dut: Any) -> None:
    await _start(dut, core_takes_all=True)
    await _make_dirty(dut)
    dut.rst_ni.value = 0
    await bench.next_cycle(dut)
    dut.rst_ni.value = 1
    for name in (*_CLEARED_BY_ABORT, "ERROR_ADDRESS"):
        assert await _access(dut, OFFSET[name]) == 0, f"{name} was not reset"


@cocotb.test
async def abort_clears_every_register_but_the_address_of_the_error(dut: Any) -> None:
    await _start(dut, core_takes_all=True)
    await _make_dirty(dut)
    await _access(dut, OFFSET["CTRL"], ABORT)
    for name in _CLEARED_BY_ABORT:
        assert await _access(dut, OFFSET[name]) == 0, f"{name} was not cleared"
    assert await _access(dut, OFFSET["ERROR_ADDRESS"]) == UNMAPPED
