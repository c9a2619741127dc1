"""cocotb tests of sram_bank; test_sram_bank.py runs them."""

from __future__ import annotations

import random
from typing import Any

import cocotb

from verif.rtl import bench
from verif.rtl.soc import ALL_BYTES, Access, Manager


@cocotb.test()
async def random_accesses_read_what_was_written(dut: Any) -> None:
    """One access a cycle; few rows, so that rows are written and read in neighbouring cycles."""
    bus = Manager(dut)
    await bench.start(dut)
    size = int(dut.Bytes.value)
    rows = [*range(0, 16, 4), size - 4, size - 8, size // 2]
    memory = {row: random.getrandbits(32) for row in rows}
    await bus.burst([Access(row, data) for row, data in memory.items()])

    accesses, expected = [], []
    for _ in range(2000):
        row = random.choice(rows)
        # What is above the bank or below the word does not count.
        address = row + random.randrange(4) + size * random.randrange(3)
        if random.random() < 0.5:
            data, enable = random.getrandbits(32), random.getrandbits(4)
            mask = sum(0xFF << (8 * b) for b in range(4) if enable >> b & 1)
            memory[row] = memory[row] & ~mask | data & mask
            accesses.append(Access(address, data, enable))
            expected.append(None)
        else:
            accesses.append(Access(address))
            expected.append(memory[row])
    start = bus.cycles
    got = await bus.burst(accesses)
    assert bus.cycles - start == len(accesses) + 1, "an access a cycle, the answer in the next"
    for i, (g, e) in enumerate(zip(got, expected, strict=True)):
        assert e is None or g == e, f"access {i} ({accesses[i]}): got {g:#x}, expected {e:#x}"


@cocotb.test()
async def every_row_is_its_own(dut: Any) -> None:
    bus = Manager(dut)
    await bench.start(dut)
    rows = range(0, int(dut.Bytes.value), 4)
    words = [random.getrandbits(32) for _ in rows]
    await bus.burst([Access(row, word) for row, word in zip(rows, words, strict=True)])
    got = await bus.burst([Access(row) for row in rows])
    for row, g, e in zip(rows, got, words, strict=True):
        assert g == e, f"row at {row:#x}: got {g:#x}, expected {e:#x}"


@cocotb.test()
async def nothing_happens_without_a_request(dut: Any) -> None:
    bus = Manager(dut)
    await bench.start(dut)
    await bus.write(0, 0x1234_5678)
    dut.we_i.value = 1
    dut.be_i.value = ALL_BYTES
    dut.wdata_i.value = 0
    await bus.idle(5)
    assert await bus.read(0) == 0x1234_5678
