"""cocotb tests of sa_accumulator; test_sa_accumulator.py runs them."""

from __future__ import annotations

import random
from typing import Any

import cocotb

from verif.rtl import bench, sa


@cocotb.test
async def row_reads_as_it_was_last_written_and_is_kept_until_the_next_read(dut: Any) -> None:
    """Reads and writes at once, to any rows; columns are written alone or together."""
    size, rows = int(dut.Size.value), int(dut.Rows.value)
    dut.read_i.value = 0
    await bench.start_without_reset(dut)
    memory = [[random.getrandbits(32) for _ in range(size)] for _ in range(rows)]
    for row, words in enumerate(memory):
        dut.write_i.value = (1 << size) - 1
        dut.write_row_i.value = row
        dut.write_data_i.value = sa.pack(words)
        await bench.next_cycle(dut)

    shown: list[int] | None = None
    for _ in range(1000):
        read, read_row = bool(random.getrandbits(1)), random.randrange(rows)
        columns, write_row = random.getrandbits(size), random.randrange(rows)
        words = [random.getrandbits(32) for _ in range(size)]
        dut.read_i.value = read
        dut.read_row_i.value = read_row
        dut.write_i.value = columns
        dut.write_row_i.value = write_row
        dut.write_data_i.value = sa.pack(words)
        await bench.settled(dut)
        if shown is not None:
            sa.assert_same(sa.unpack(int(dut.read_data_o.value), size), shown, "row")
        if read:
            shown = list(memory[read_row])
        for n in range(size):
            if columns >> n & 1:
                memory[write_row][n] = words[n]
        await bench.next_cycle(dut)
