"""cocotb tests of sa_subordinate; test_sa_subordinate.py runs them.

The core beside it is played by constants: it takes all, or it takes nothing. So are the jobs.
"""

from __future__ import annotations

import random
from typing import Any

import cocotb
from cocotb.triggers import Timer

from heepstor.registers import SYSTOLIC_ARRAY, SYSTOLIC_ARRAY_ID
from verif.rtl import bench, sa
from verif.rtl.systolic_array.model import ERR_ADDRESS, ERR_ROW, OFFSET, Model, tile

ABORT = 1
UNMAPPED = 0x0FFC
_ALL_BYTES = 0b1111
_ALL_ONES = 0xFFFF_FFFF
_CLEARED_BY_ABORT = ("STATUS", "TILE", "STEPS")
_BIT = {
    field.name: 1 << field.lsb
    for register in SYSTOLIC_ARRAY.registers
    if register.name == "STATUS"
    for field in register.fields
}
_ERRORS_OF_JOBS = ("ERR_DESCRIPTOR", "ERR_WINDOW", "ERR_BUS")
"""From the lowest bit of sa_job_pkg::errors_t on."""
_COUNTERS = (
    *("COMPUTE", "WAIT_WEIGHTS", "WAIT_ACTIVATIONS", "WAIT_WRITE_BACK", "FILL_DRAIN"),
    *("WORDS_READ", "WORDS_WRITTEN"),
)
"""From the top of sa_job_pkg::counters_t on; the first five are kinds of cycles."""
_USED_BY_JOBS = ("WEIGHTS0", "WEIGHTS1", "STAGE", "LAUNCH", "ACCUMULATORS")
_WRITTEN_BETWEEN_JOBS = ("JOB", "TILE")
_WAITS_FOR = {
    "WEIGHTS0": {"step", "weight"},
    "LAUNCH": {"step", "weight"},
    "STAGE": {"step"},
    "ACCUMULATORS": {"step", "acc"},
    "JOB": {"step", "weight", "busy"},
    "TILE": set[str](),
    "STATUS": set[str](),
}
"""What must not be under way to the core, or that it must be free for, when a write is granted."""


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


def _ask(dut: Any, offset: int, data: int | None = None, enable: int = _ALL_BYTES) -> None:
    """Put a read (`data` is None) or a write on the bus."""
    dut.obi_req_i.value = 1
    _put(dut, offset, data, enable)


def _put(dut: Any, offset: int, data: int | None, enable: int = _ALL_BYTES) -> None:
    dut.obi_addr_i.value = offset >> 2
    dut.obi_we_i.value = data is not None
    dut.obi_be_i.value = enable
    dut.obi_wdata_i.value = data or 0


async def _access(dut: Any, offset: int, data: int | None = None, enable: int = _ALL_BYTES) -> int:
    """An access that must be granted at once; returns what it reads.

    It ends in the middle of the cycle of its response.
    """
    await bench.next_cycle(dut)
    _ask(dut, offset, data, enable)
    await bench.settled(dut)
    assert dut.obi_gnt_o.value, f"the access to {offset:#06x} had to wait"
    await bench.next_cycle(dut)
    dut.obi_req_i.value = 0
    await bench.settled(dut)
    assert dut.obi_rvalid_o.value, f"the access to {offset:#06x} was not answered"
    return int(dut.obi_rdata_o.value)


async def _would_be_granted(dut: Any, offset: int, data: int | None = None) -> bool:
    """Whether an access would be granted in this cycle; it is withdrawn before the cycle ends."""
    _ask(dut, offset, data)
    await Timer(10, "ps")
    granted = bool(dut.obi_gnt_o.value)
    dut.obi_req_i.value = 0
    return granted


async def _chain_ends(dut: Any, errors: int = 0) -> None:
    """The pulse of the jobs, with its errors; returns in the middle of the cycle after it."""
    await bench.next_cycle(dut)
    dut.job_done_i.value, dut.job_errors_i.value = 1, errors
    await bench.next_cycle(dut)
    dut.job_done_i.value = dut.job_errors_i.value = 0
    await bench.settled(dut)


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
            enable = word % 16
            await _access(dut, OFFSET[f"WEIGHTS{bank}"] + 4 * word, word, enable)
            assert dut.weight_valid_o.value
            row, group = divmod(word, groups)
            assert (int(dut.weight_bank_o.value), int(dut.weight_row_o.value)) == (bank, row)
            assert int(dut.weight_enable_o.value) == enable << 4 * group
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
async def register_is_accessed_at_once_while_a_step_waits_unchanged(dut: Any) -> None:
    await _start(dut, core_takes_all=False)
    await _access(dut, OFFSET["TILE"], tile(5, bank=1, first=True))
    await _access(dut, OFFSET["LAUNCH"], 0)
    assert await _access(dut, OFFSET["ID"]) == SYSTOLIC_ARRAY_ID
    await _access(dut, OFFSET["TILE"], tile(2))
    assert int(dut.step_row_o.value) == 5
    assert dut.step_bank_o.value
    assert dut.step_first_o.value
    assert int(dut.step_lanes_o.value) == 1
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


@cocotb.test
async def offset_is_that_of_the_register_table(dut: Any) -> None:
    """Of all registers, what is between them, and both ends of all windows."""
    await _start(dut, core_takes_all=True)
    size, rows = int(dut.Size.value), int(dut.AccumulatorRows.value)
    model = Model(size, rows, config_hash=int(dut.ConfigHash.value), stream_geometry=0x08_0C_01)
    lengths = {
        **dict.fromkeys(("WEIGHTS0", "WEIGHTS1"), size**2),
        **dict.fromkeys(("STAGE", "LAUNCH"), 4 * size),
        "ACCUMULATORS": 4 * size * rows,
    }
    edges = [
        edge
        for window in SYSTOLIC_ARRAY.windows
        for length in (0, lengths[window.name], window.size)
        for edge in (window.offset + length - 4, window.offset + length)
        if edge < SYSTOLIC_ARRAY.size
    ]
    for offset in [*range(0, 0x100, 4), *edges]:
        expected = model.access(offset)
        got = await _access(dut, offset)
        if not OFFSET["ACCUMULATORS"] <= offset:  # which are in the core
            assert got == expected, f"{offset:#06x}: got {got:#x}, expected {expected:#x}"
        assert await _access(dut, OFFSET["STATUS"]) == model.errors, f"{offset:#06x}"
        await _access(dut, OFFSET["STATUS"], _ALL_ONES)
        model.errors = 0


def _errors(name: str, *, writes: bool, enable: int, job_runs: bool, row: bool) -> int:
    """STATUS after an access to a register or window; `row`: TILE has one that is there."""
    access = {r.name: r.access for r in SYSTOLIC_ARRAY.registers}
    access |= {w.name: w.access for w in SYSTOLIC_ARRAY.windows}
    is_partial = writes and enable != _ALL_BYTES and not name.startswith("WEIGHTS")
    if access[name] == ("RO" if writes else "WO") or is_partial:
        return _BIT["ERR_ACCESS"]
    if job_runs and (name in _USED_BY_JOBS or (writes and name in _WRITTEN_BETWEEN_JOBS)):
        return _BIT["ERR_BUSY"]
    return ERR_ROW if name == "LAUNCH" and not row else 0


@cocotb.test
@cocotb.parametrize(job_runs=[False, True], row=[False, True])
async def refused_access_says_why_and_does_nothing(dut: Any, job_runs: bool, row: bool) -> None:
    await _start(dut, core_takes_all=True)
    state = _BIT["JOB"] * job_runs
    rows = int(dut.AccumulatorRows.value)
    for name, offset in OFFSET.items():
        for data, enable in ((None, _ALL_BYTES), (None, 0b0110), (ABORT, 0b1110), (0, _ALL_BYTES)):
            access = f"{name}, data {data}, bytes {enable:04b}, row there: {row}"
            dut.job_running_i.value = 0
            await _access(dut, OFFSET["TILE"], tile(rows - row, bank=1))
            dut.job_running_i.value = job_runs
            expected = _errors(
                name, writes=data is not None, enable=enable, job_runs=job_runs, row=row
            )
            await bench.next_cycle(dut)
            _ask(dut, offset, data, enable)
            await bench.settled(dut)
            assert dut.obi_gnt_o.value, access
            if expected:
                _assert_low(dut, access, "abort_o", "acc_valid_o")
            await bench.next_cycle(dut)
            dut.obi_req_i.value = 0
            await bench.settled(dut)
            assert bool(dut.irq_o.value) == bool(expected), access
            if expected:
                assert int(dut.obi_rdata_o.value) == 0, access
                outputs = ("step_valid_o", "weight_valid_o", "job_start_o")
                _assert_low(dut, access, *outputs)
                assert await _access(dut, OFFSET["TILE"]) == tile(rows - row, bank=1), access
                assert await _access(dut, OFFSET["ERROR_ADDRESS"]) == offset, access
            assert await _access(dut, OFFSET["STATUS"]) == state | expected, access
            await _access(dut, OFFSET["STATUS"], _ALL_ONES)
            assert await _access(dut, OFFSET["STATUS"]) == state, access


@cocotb.test
async def only_the_address_of_the_first_error_is_kept(dut: Any) -> None:
    await _start(dut, core_takes_all=True)
    await _access(dut, UNMAPPED, 0)
    await _access(dut, UNMAPPED - 4)
    assert await _access(dut, OFFSET["STATUS"]) == _BIT["ERR_ADDRESS"]
    await _access(dut, OFFSET["ID"], 0)
    assert await _access(dut, OFFSET["ERROR_ADDRESS"]) == UNMAPPED
    assert await _access(dut, OFFSET["STATUS"]) == _BIT["ERR_ADDRESS"] | _BIT["ERR_ACCESS"]
    await _access(dut, OFFSET["STATUS"], _BIT["ERR_ADDRESS"])
    assert await _access(dut, OFFSET["STATUS"]) == _BIT["ERR_ACCESS"]
    await _access(dut, UNMAPPED - 4)
    assert await _access(dut, OFFSET["ERROR_ADDRESS"]) == UNMAPPED
    await _access(dut, OFFSET["STATUS"], _ALL_ONES)
    await _access(dut, UNMAPPED - 4)
    assert await _access(dut, OFFSET["ERROR_ADDRESS"]) == UNMAPPED - 4


@cocotb.test
async def interrupt_of_an_end_is_enabled_by_bit_0_of_irq_enable_alone(dut: Any) -> None:
    """The other bits do nothing, and read as 0."""
    await _start(dut, core_takes_all=True)
    for value in (0, 1, 0xFFFF_FFFE, _ALL_ONES):
        enabled = value & 1
        await _access(dut, OFFSET["IRQ_ENABLE"], value)
        assert await _access(dut, OFFSET["IRQ_ENABLE"]) == enabled
        assert not dut.irq_o.value, "nothing has ended"
        await _chain_ends(dut)
        assert int(dut.irq_o.value) == enabled, f"IRQ_ENABLE is {value:#x}"
        assert await _access(dut, OFFSET["STATUS"]) == _BIT["DONE"]
        await _access(dut, OFFSET["STATUS"], ~_BIT["DONE"] & _ALL_ONES)
        assert await _access(dut, OFFSET["STATUS"]) == _BIT["DONE"]
        await _access(dut, OFFSET["STATUS"], _BIT["DONE"])
        assert await _access(dut, OFFSET["STATUS"]) == 0
        assert not dut.irq_o.value


@cocotb.test
async def error_of_a_job_raises_the_interrupt_until_it_is_cleared(dut: Any) -> None:
    await _start(dut, core_takes_all=True)
    for errors in range(1, 1 << len(_ERRORS_OF_JOBS)):
        names = [name for i, name in enumerate(_ERRORS_OF_JOBS) if errors >> i & 1]
        left = sum(_BIT[name] for name in names)
        await _chain_ends(dut, errors)
        assert await _access(dut, OFFSET["STATUS"]) == _BIT["DONE"] | left
        await _access(dut, OFFSET["STATUS"], _BIT["DONE"])
        for name in names:
            assert dut.irq_o.value, names
            await _access(dut, OFFSET["STATUS"], _BIT[name])
            left -= _BIT[name]
            assert await _access(dut, OFFSET["STATUS"]) == left
        assert not dut.irq_o.value


@cocotb.test
async def end_in_the_cycle_in_which_status_is_cleared_is_not_lost(dut: Any) -> None:
    await _start(dut, core_takes_all=True)
    await _access(dut, UNMAPPED)
    await bench.next_cycle(dut)
    _ask(dut, OFFSET["STATUS"], _ALL_ONES)
    dut.job_done_i.value, dut.job_errors_i.value = 1, 0b100
    await bench.next_cycle(dut)
    dut.obi_req_i.value = dut.job_done_i.value = 0
    assert await _access(dut, OFFSET["STATUS"]) == _BIT["DONE"] | _BIT["ERR_BUS"]


@cocotb.test
async def abort_and_reset_clear_what_a_job_has_left(dut: Any) -> None:
    await _start(dut, core_takes_all=True)
    for is_reset in (False, True):
        await _access(dut, OFFSET["IRQ_ENABLE"], 1)
        await _chain_ends(dut, 0b111)
        if is_reset:
            dut.rst_ni.value = 0
            await bench.next_cycle(dut)
            dut.rst_ni.value = 1
        else:
            await _access(dut, OFFSET["CTRL"], ABORT)
        assert await _access(dut, OFFSET["STATUS"]) == 0
        assert await _access(dut, OFFSET["IRQ_ENABLE"]) == (not is_reset)
        assert not dut.irq_o.value


@cocotb.test
async def registers_of_jobs_read_what_the_jobs_say(dut: Any) -> None:
    await _start(dut, core_takes_all=True)
    counts = [random.getrandbits(32) for _ in _COUNTERS]
    address, error_address = random.getrandbits(32), random.getrandbits(32)
    dut.counters_i.value = sa.pack(reversed(counts))
    dut.job_address_i.value, dut.bus_error_address_i.value = address, error_address
    for name, count in zip(_COUNTERS, counts, strict=True):
        assert await _access(dut, OFFSET[name]) == count, name
    assert await _access(dut, OFFSET["CYCLES"]) == sum(counts[:5]) & _ALL_ONES
    assert await _access(dut, OFFSET["JOB"]) == address
    assert await _access(dut, OFFSET["BUS_ERROR_ADDRESS"]) == error_address


@cocotb.test
async def write_of_job_starts_one_chain_at_its_address(dut: Any) -> None:
    await _start(dut, core_takes_all=True)
    for address in (0x1234_5678, _ALL_ONES):
        await _access(dut, OFFSET["JOB"], address)
        assert dut.job_start_o.value
        assert int(dut.job_address_o.value) == address
        await _access(dut, OFFSET["IRQ_ENABLE"], 0x55)
        assert not dut.job_start_o.value
        assert int(dut.job_address_o.value) == address
        await _access(dut, OFFSET["JOB"])
        assert not dut.job_start_o.value


@cocotb.test
async def chain_runs_from_the_cycle_after_the_write_of_job_on(dut: Any) -> None:
    """Before the jobs say so; an ABORT in that cycle is in time."""
    await _start(dut, core_takes_all=True)
    for offset, data, expected in (
        (OFFSET["STATUS"], None, _BIT["JOB"]),
        (OFFSET["TILE"], 1, 0),
        (OFFSET["CTRL"], ABORT, 0),
    ):
        await bench.next_cycle(dut)
        _ask(dut, OFFSET["JOB"], 0x40)
        await bench.next_cycle(dut)
        _ask(dut, offset, data)
        await bench.settled(dut)
        assert bool(dut.job_start_o.value) == (offset != OFFSET["CTRL"])
        await bench.next_cycle(dut)
        dut.obi_req_i.value = 0
        await bench.settled(dut)
        assert int(dut.obi_rdata_o.value) == expected
        assert not dut.job_start_o.value
        refused = _BIT["ERR_BUSY"] if offset == OFFSET["TILE"] else 0
        assert await _access(dut, OFFSET["STATUS"]) == refused
    # A reset is in time, too, whatever is asked for in it.
    await _access(dut, OFFSET["JOB"], 0x40)
    _ask(dut, OFFSET["JOB"], 0x40)
    dut.rst_ni.value = 0
    await Timer(1, "ns")
    _assert_low(dut, "in reset", "job_start_o")
    await bench.settled(dut)
    _assert_low(dut, "after an edge in reset", "job_start_o")
    dut.obi_req_i.value = 0
    dut.rst_ni.value = 1


async def _obstruct(dut: Any, obstacle: str) -> None:
    """Let something be in the way of accesses."""
    await _start(dut, core_takes_all=False)
    dut.acc_ready_i.value = obstacle != "acc"
    if obstacle in ("step", "weight"):
        await _access(dut, OFFSET["LAUNCH" if obstacle == "step" else "WEIGHTS0"], 0)
    dut.busy_i.value = obstacle == "busy"


@cocotb.test
@cocotb.parametrize(obstacle=["step", "weight", "acc", "busy"])
async def access_waits_for_what_is_in_its_way_and_for_nothing_else(dut: Any, obstacle: str) -> None:
    await _obstruct(dut, obstacle)
    for _ in range(3):
        await bench.next_cycle(dut)
        await bench.settled(dut)
        for name, waits_for in _WAITS_FOR.items():
            granted = await _would_be_granted(dut, OFFSET[name], 0)
            assert granted == (obstacle not in waits_for), f"{name}, {obstacle}"
        for name in ("JOB", "TILE"):
            assert await _would_be_granted(dut, OFFSET[name]), f"read of {name}, {obstacle}"
    if obstacle not in ("step", "weight"):
        return
    # The core takes it in this cycle: the next one may follow at once.
    ready, valid = getattr(dut, f"{obstacle}_ready_i"), getattr(dut, f"{obstacle}_valid_o")
    ready.value = 1
    for name in ("WEIGHTS0", "LAUNCH", "STAGE"):
        assert await _would_be_granted(dut, OFFSET[name], 0), name
    assert not await _would_be_granted(dut, OFFSET["JOB"], 0)
    assert await _would_be_granted(dut, OFFSET["ACCUMULATORS"], 0) == (obstacle == "weight")
    assert valid.value
    await bench.next_cycle(dut)
    await bench.settled(dut)
    assert not valid.value
    for name in _WAITS_FOR:
        assert await _would_be_granted(dut, OFFSET[name], 0), name


@cocotb.test
@cocotb.parametrize(obstacle=["step", "weight", "acc", "busy"])
async def busy_is_a_core_that_works_or_a_step_on_its_way(dut: Any, obstacle: str) -> None:
    await _obstruct(dut, obstacle)
    expected = _BIT["BUSY"] if obstacle in ("step", "busy") else 0
    assert await _access(dut, OFFSET["STATUS"]) == expected


@cocotb.test
async def launched_step_is_that_of_tile_and_of_what_is_staged(dut: Any) -> None:
    await _start(dut, core_takes_all=True)
    size, rows = int(dut.Size.value), int(dut.AccumulatorRows.value)
    staged = [0] * size
    for lane in range(size):
        row, bank, first = random.randrange(rows), random.randrange(2), bool(random.randrange(2))
        await _access(dut, OFFSET["TILE"], tile(row, bank, first) | 0xFFFC_0000)
        assert await _access(dut, OFFSET["TILE"]) == tile(row, bank, first)
        for _ in range(3):
            k = random.randrange(size)
            staged[k] = random.getrandbits(32)
            await _access(dut, OFFSET["STAGE"] + 4 * k, staged[k])
            assert not dut.step_valid_o.value
        staged[lane] = random.getrandbits(32)
        await _access(dut, OFFSET["LAUNCH"] + 4 * lane, staged[lane])
        assert dut.step_valid_o.value
        assert int(dut.step_row_o.value) == row
        assert int(dut.step_bank_o.value) == bank
        assert bool(dut.step_first_o.value) == first
        assert int(dut.step_lanes_o.value) == (2 << lane) - 1
        assert sa.unpack(int(dut.step_activations_o.value), size) == staged
        assert await _access(dut, OFFSET["TILE"]) == tile(row + 1, bank, first)
        assert await _access(dut, OFFSET["STEPS"]) == lane + 1


@cocotb.test
async def what_is_staged_is_gone_after_abort_and_reset(dut: Any) -> None:
    await _start(dut, core_takes_all=True)
    size = int(dut.Size.value)
    for is_reset in (False, True):
        for lane in range(size):
            await _access(dut, OFFSET["STAGE"] + 4 * lane, _ALL_ONES)
        assert int(dut.step_activations_o.value) == (1 << 32 * size) - 1
        if is_reset:
            dut.rst_ni.value = 0
            await Timer(1, "ns")
            assert int(dut.step_activations_o.value) == 0
            await bench.settled(dut)
            dut.rst_ni.value = 1
        else:
            await _access(dut, OFFSET["CTRL"], ABORT)
        assert int(dut.step_activations_o.value) == 0


@cocotb.test
async def ctrl_without_abort_does_nothing(dut: Any) -> None:
    await _start(dut, core_takes_all=True)
    await _access(dut, OFFSET["TILE"], tile(1, 1, True))
    await bench.next_cycle(dut)
    _ask(dut, OFFSET["CTRL"], ~ABORT & _ALL_ONES)
    await bench.settled(dut)
    assert not dut.abort_o.value
    assert await _access(dut, OFFSET["TILE"]) == tile(1, 1, True)


@cocotb.test
async def accumulator_is_written_in_the_cycle_of_the_grant_and_read_in_the_next(dut: Any) -> None:
    await _start(dut, core_takes_all=True)
    size = int(dut.Size.value)
    dut.acc_rdata_i.value = sa.pack(0x100 + n for n in range(size))
    for word in range(2 * size):
        data = random.getrandbits(32)
        await bench.next_cycle(dut)
        _ask(dut, OFFSET["ACCUMULATORS"] + 4 * word, data)
        await bench.settled(dut)
        assert dut.acc_valid_o.value
        assert dut.acc_write_o.value
        assert int(dut.acc_wdata_o.value) == data
        assert (int(dut.acc_row_o.value), int(dut.acc_column_o.value)) == divmod(word, size)
        # The other bus signals are those of the next access when the row comes.
        await bench.next_cycle(dut)
        _ask(dut, OFFSET["ACCUMULATORS"] + 4 * word)
        await bench.settled(dut)
        assert int(dut.obi_rdata_o.value) == 0, "a write reads nothing"
        assert not dut.acc_write_o.value
        await bench.next_cycle(dut)
        _ask(dut, OFFSET["ID"])
        await bench.settled(dut)
        assert int(dut.obi_rdata_o.value) == 0x100 + word % size
        await bench.next_cycle(dut)
        dut.obi_req_i.value = 0
        await bench.settled(dut)
        assert int(dut.obi_rdata_o.value) == SYSTOLIC_ARRAY_ID
