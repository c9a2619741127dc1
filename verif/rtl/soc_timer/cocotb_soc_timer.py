"""cocotb tests of soc_timer, and so of obi_tlul and idle_gate; test_soc_timer.py runs them."""

from __future__ import annotations

import random
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge

from verif.rtl import bench
from verif.rtl.soc import Access, Manager, Pulses

CTRL, CFG, LOWER, UPPER = 0x000, 0x100, 0x104, 0x108
COMPARE_LOWER, COMPARE_UPPER = 0x10C, 0x110
INTR_ENABLE, INTR_STATE, INTR_TEST = 0x114, 0x118, 0x11C
ERROR_DATA = 0xBADACCE5
MASKS = {CFG: 0x00FF_0FFF, COMPARE_LOWER: 0xFFFF_FFFF, COMPARE_UPPER: 0xFFFF_FFFF}
"""Registers that keep what is written, and the bits that they have."""


async def started(dut: Any) -> Manager:
    bus = Manager(dut)
    await bench.start(dut)
    return bus


@cocotb.test()
async def random_bursts_read_what_was_written(dut: Any) -> None:
    """Requests without pause, and pauses long enough for the clock to stop."""
    bus = await started(dut)
    written = dict.fromkeys(MASKS, 0)
    await bus.burst([Access(offset, 0) for offset in MASKS])
    for _ in range(100):
        accesses, expected = [], []
        for _ in range(random.randint(1, 6)):
            offset = random.choice(list(MASKS))
            if random.random() < 0.5:
                data = random.getrandbits(32)
                written[offset] = data & MASKS[offset]
                accesses.append(Access(offset, data))
                expected.append(None)
            else:
                accesses.append(Access(offset))
                expected.append(written[offset])
        got = await bus.burst(accesses)
        for i, (g, e) in enumerate(zip(got, expected, strict=True)):
            assert e is None or g == e, f"{accesses[i]}: got {g:#x}, expected {e:#x}"
        await bus.idle(random.choice((0, 1, 5, 30)))


@cocotb.test()
async def refused_access_is_answered_and_reported_with_its_address(dut: Any) -> None:
    bus = await started(dut)
    reports = []

    async def watch() -> None:
        while True:
            await FallingEdge(dut.clk_i)
            value = int(dut.error_o.value)
            if value >> 34:
                reports.append((value & 0xFFFF_FFFF, value >> 33 & 1, value >> 32 & 1))

    watcher = cocotb.start_soon(watch())
    base = 0x2005_0000
    accesses = [
        Access(base + 0x120),
        Access(base + 0x004, 1),
        Access(base + COMPARE_LOWER, 0, 0b0011),  # a part of a field
        Access(base + COMPARE_LOWER),
    ]
    got = await bus.burst(accesses)
    assert got[0] == ERROR_DATA
    assert got[3] == 0xFFFF_FFFF
    await bus.idle(3)
    watcher.cancel()
    assert reports == [
        (base + 0x120, 0, 0),
        (base + 0x004, 1, 0),
        (base + COMPARE_LOWER, 1, 0),
    ]


@cocotb.test()
async def timer_counts_while_nobody_asks(dut: Any) -> None:
    """A tick every PRESCALE + 1 cycles adds STEP; without CTRL the count stands still."""
    bus = await started(dut)
    await bus.burst([Access(CFG, 3 << 16 | 4), Access(LOWER, 0), Access(UPPER, 0)])
    await bus.idle(50)
    assert await bus.read(LOWER) == 0
    await bus.write(CTRL, 1)
    first, at = await bus.read(LOWER), bus.cycles
    await bus.idle(496)
    second = await bus.read(LOWER)
    ticks = (bus.cycles - at) / 5
    assert abs((second - first) / 3 - ticks) <= 1, (first, second, ticks)


@cocotb.test()
async def interrupt_comes_at_the_compared_count_and_goes_with_a_new_one(dut: Any) -> None:
    bus = await started(dut)
    await bus.burst([Access(CFG, 1 << 16), Access(COMPARE_UPPER, 0), Access(COMPARE_LOWER, 100)])
    await bus.burst([Access(INTR_ENABLE, 1), Access(CTRL, 1)])
    start = bus.cycles
    while not dut.irq_o.value:
        await bus.idle(1)
        assert bus.cycles - start < 200
    assert 95 <= bus.cycles - start <= 110
    assert await bus.read(INTR_STATE) == 1
    await bus.write(COMPARE_LOWER, 0xFFFF_FFFF)
    assert await bus.read(INTR_STATE) == 0
    assert dut.irq_o.value == 0


@cocotb.test()
async def interrupt_test_works_on_a_sleeping_timer(dut: Any) -> None:
    bus = await started(dut)
    await bus.write(INTR_ENABLE, 1)
    await bus.idle(30)
    await bus.write(INTR_TEST, 1)
    await bus.idle(30)
    assert dut.irq_o.value == 1
    await bus.write(INTR_STATE, 1)
    await bus.idle(30)
    assert dut.irq_o.value == 0


@cocotb.test()
async def clock_stops_when_there_is_nothing_to_do(dut: Any) -> None:
    bus = await started(dut)
    await bus.read(CTRL)
    await bus.idle(20)
    pulses = Pulses(dut.clk)
    await bus.idle(50)
    assert pulses.count == 0
    await bus.read(CTRL)
    await bus.idle(50)
    assert 3 <= pulses.stop() <= 20
    await bus.write(CTRL, 1)
    await bus.idle(20)
    pulses = Pulses(dut.clk)
    await bus.idle(50)
    assert pulses.stop() == 50
