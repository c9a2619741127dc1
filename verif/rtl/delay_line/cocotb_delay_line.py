"""cocotb tests of delay_line; test_delay_line.py runs them."""

from __future__ import annotations

import random
from typing import Any

import cocotb

from verif.rtl import bench


@cocotb.test
async def word_comes_out_after_as_many_cycles_as_the_line_is_deep(dut: Any) -> None:
    await bench.start_without_reset(dut)
    depth, width = int(dut.Depth.value), int(dut.Width.value)
    words = [random.getrandbits(width) for _ in range(100)]
    for i, word in enumerate(words):
        dut.data_i.value = word
        await bench.settled(dut)
        if i >= depth:
            got = int(dut.data_o.value)
            assert got == words[i - depth], f"word {i - depth}: {got:#x}, {words[i - depth]:#x}"
        await bench.next_cycle(dut)
