"""cocotb tests of soc_ctrl; test_soc_ctrl.py runs them."""

from __future__ import annotations

import random
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge

from heepstor.registers import SOC_CTRL
from verif.rtl import bench
from verif.rtl.soc import Manager

OFFSET = {register.name: register.offset for register in SOC_CTRL.registers}
STATUS = next(r for r in SOC_CTRL.registers if r.name == "BUS_ERROR_STATUS")
BIT = {field.name: 1 << field.lsb for field in STATUS.fields}
ERROR_DATA = 0xBADACCE5


def error(address: int, *, write: bool = False, fetch: bool = False) -> int:
    """A `soc_pkg::bus_error_t`."""
    return 1 << 34 | write << 33 | fetch << 32 | address


async def report(dut: Any, *errors: int) -> None:
    """Hold `errors_i` for one cycle, source 0 first."""
    dut.errors_i.value = sum(e << (35 * i) for i, e in enumerate(errors))
    await RisingEdge(dut.clk_i)
    dut.errors_i.value = 0


async def cpu_access(dut: Any, address: int, *, write: bool = True) -> None:
    """Of the CPU to anywhere, granted at once."""
    dut.cpu_write_i.value = write
    dut.cpu_addr_i.value = address
    await RisingEdge(dut.clk_i)
    dut.cpu_write_i.value = 0


async def started(dut: Any) -> Manager:
    bus = Manager(dut)
    dut.errors_i.value = 0
    dut.cpu_write_i.value = 0
    dut.cpu_addr_i.value = 0
    dut.halted_i.value = 0
    await bench.start(dut)
    return bus


@cocotb.test()
async def facts_are_the_parameters_and_cannot_be_written(dut: Any) -> None:
    bus = await started(dut)
    facts = {
        "CLOCK_HZ": 123_456_789,
        "CONFIG_HASH": 0x89ABCDEF,
        "RTL_VERSION": 0xFEDC3210,
        "MEMORY_BYTES": 0x12000,
    }
    for name, value in facts.items():
        await bus.write(OFFSET[name], ~value & 0xFFFF_FFFF)
        assert await bus.read(OFFSET[name]) == value, name
    assert dut.bus_error_irq_o.value == 0


@cocotb.test()
async def exit_tells_value_and_validity_and_honours_byte_enables(dut: Any) -> None:
    bus = await started(dut)
    assert dut.exit_valid_o.value == 0
    await bus.write(OFFSET["EXIT_VALUE"], 0x1122_3344)
    await bus.write(OFFSET["EXIT_VALUE"], 0xAABB_CCDD, 0b0101)
    assert await bus.read(OFFSET["EXIT_VALUE"]) == 0x11BB_33DD
    assert int(dut.exit_value_o.value) == 0x11BB_33DD
    await bus.write(OFFSET["EXIT_VALID"], 1, 0b1110)
    assert dut.exit_valid_o.value == 0
    await bus.write(OFFSET["EXIT_VALID"], 0xFFFF_FFFE)
    assert dut.exit_valid_o.value == 0
    await bus.write(OFFSET["EXIT_VALID"], 1)
    assert dut.exit_valid_o.value == 1
    assert await bus.read(OFFSET["EXIT_VALID"]) == 1


@cocotb.test()
async def every_write_of_a_marker_is_shown_for_one_cycle(dut: Any) -> None:
    bus = await started(dut)
    seen = []

    async def watch() -> None:
        while True:
            await FallingEdge(dut.clk_i)
            if dut.marker_valid_o.value:
                seen.append(int(dut.marker_o.value))

    watcher = cocotb.start_soon(watch())
    # The same value twice is two markers; a read is none.
    values = [0x1000_0000, 0x1000_0000, 0x2000_0005, 0]
    for value in values:
        await bus.write(OFFSET["MARKER"], value)
        assert await bus.read(OFFSET["MARKER"]) == value
    await bus.idle(2)
    watcher.cancel()
    assert seen == values


@cocotb.test()
async def first_refused_access_is_kept_until_it_is_cleared(dut: Any) -> None:
    bus = await started(dut)
    for address, write, fetch in ((0x1234_5670, False, False), (4, True, False), (8, False, True)):
        await report(dut, 0, error(address, write=write, fetch=fetch))
        await report(dut, error(0xFFFF_FFF0, write=not write))
        kind = BIT["WRITE"] * write | BIT["FETCH"] * fetch
        assert await bus.read(OFFSET["BUS_ERROR_ADDRESS"]) == address
        assert await bus.read(OFFSET["BUS_ERROR_STATUS"]) == BIT["VALID"] | kind
        assert dut.bus_error_irq_o.value == 1
        # Neither a read, nor another bit, nor another byte clears it.
        await bus.write(OFFSET["BUS_ERROR_STATUS"], BIT["WRITE"] | BIT["FETCH"])
        await bus.write(OFFSET["BUS_ERROR_STATUS"], BIT["VALID"], 0b1110)
        assert dut.bus_error_irq_o.value == 1
        await bus.write(OFFSET["BUS_ERROR_STATUS"], BIT["VALID"])
        assert await bus.read(OFFSET["BUS_ERROR_STATUS"]) == 0
        assert dut.bus_error_irq_o.value == 0


@cocotb.test()
async def refusals_of_a_debugger_that_has_halted_the_cpu_are_not_recorded(dut: Any) -> None:
    bus = await started(dut)
    dut.halted_i.value = 1
    await report(dut, error(0x100))
    assert await bus.read(0xFFFC) == ERROR_DATA
    assert await bus.read(OFFSET["BUS_ERROR_STATUS"]) == 0
    # What was there before stays.
    dut.halted_i.value = 0
    await report(dut, error(0x200))
    dut.halted_i.value = 1
    await report(dut, error(0x300))
    assert await bus.read(OFFSET["BUS_ERROR_ADDRESS"]) == 0x200
    assert dut.bus_error_irq_o.value == 1


@cocotb.test()
async def a_write_to_the_guard_of_the_stack_is_recorded(dut: Any) -> None:
    bus = await started(dut)
    # Nobody is at the last addresses; there the guard is after a reset.
    assert await bus.read(OFFSET["STACK_GUARD"]) == 0xFFFF_FFF0
    await cpu_access(dut, 0)
    await cpu_access(dut, 0xFFFF_FFEF)
    guard = 0x0001_2344
    await bus.write(OFFSET["STACK_GUARD"], 0xFFFF_2344, 0b0011)
    await bus.write(OFFSET["STACK_GUARD"], 0x0001_0000, 0b1100)
    assert await bus.read(OFFSET["STACK_GUARD"]) == guard
    # Its neighbours are none of it, and who reads from it does no harm.
    await cpu_access(dut, guard - 1)
    await cpu_access(dut, guard + 16)
    await cpu_access(dut, guard, write=False)
    dut.halted_i.value = 1
    await cpu_access(dut, guard)
    dut.halted_i.value = 0
    assert await bus.read(OFFSET["BUS_ERROR_STATUS"]) == 0
    for address in (guard, guard + 5, guard + 15):
        await cpu_access(dut, address)
        await cpu_access(dut, guard + 8)  # the first one counts
        assert await bus.read(OFFSET["BUS_ERROR_ADDRESS"]) == address
        assert await bus.read(OFFSET["BUS_ERROR_STATUS"]) == BIT["VALID"] | BIT["WRITE"]
        assert dut.bus_error_irq_o.value == 1
        await bus.write(OFFSET["BUS_ERROR_STATUS"], BIT["VALID"])
    # It is the cause of whatever else goes wrong in the same cycle.
    dut.errors_i.value = error(0x100)
    await cpu_access(dut, guard)
    dut.errors_i.value = 0
    assert await bus.read(OFFSET["BUS_ERROR_ADDRESS"]) == guard


@cocotb.test()
async def of_two_refusals_in_one_cycle_the_lower_source_counts(dut: Any) -> None:
    bus = await started(dut)
    await report(dut, 0, error(0x100), error(0x200))
    assert await bus.read(OFFSET["BUS_ERROR_ADDRESS"]) == 0x100


@cocotb.test()
async def refusal_in_the_cycle_of_the_clearing_is_recorded(dut: Any) -> None:
    bus = await started(dut)
    await report(dut, error(0x100))
    dut.errors_i.value = error(0x200, write=True)
    clearing = cocotb.start_soon(bus.write(OFFSET["BUS_ERROR_STATUS"], BIT["VALID"]))
    await RisingEdge(dut.clk_i)
    dut.errors_i.value = 0
    await clearing
    assert await bus.read(OFFSET["BUS_ERROR_ADDRESS"]) == 0x200
    assert await bus.read(OFFSET["BUS_ERROR_STATUS"]) == BIT["VALID"] | BIT["WRITE"]


@cocotb.test()
async def offset_without_a_register_is_refused_and_recorded(dut: Any) -> None:
    bus = await started(dut)
    nothing = [o for o in range(0, 0x10000, 4) if o not in OFFSET.values()]
    for offset in [nothing[0], nothing[-1], *random.sample(nothing, 50)]:
        address = SOC_CTRL.base + offset
        if random.random() < 0.5:
            assert await bus.read(address) == ERROR_DATA, hex(offset)
            kind = BIT["VALID"]
        else:
            await bus.write(address, 1)
            kind = BIT["VALID"] | BIT["WRITE"]
        assert await bus.read(OFFSET["BUS_ERROR_ADDRESS"]) == address
        assert await bus.read(OFFSET["BUS_ERROR_STATUS"]) == kind
        await bus.write(OFFSET["BUS_ERROR_STATUS"], BIT["VALID"])
    assert dut.exit_valid_o.value == 0
