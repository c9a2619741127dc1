"""cocotb tests of sa_fp_mul, for what has no operands; test_control.py runs them."""

from __future__ import annotations

from typing import Any

import cocotb

from verif.rtl import bench


async def _start(dut: Any) -> None:
    dut.valid_i.value = 0
    dut.activation_i.value = 0x3F80_0000
    dut.weight_i.value = 1
    await bench.start(dut)


@cocotb.test
async def valid_follows_a_cycle_later(dut: Any) -> None:
    await _start(dut)
    seen = []
    for valid in (1, 0, 1, 1, 0, 0):
        dut.valid_i.value = valid
        await bench.next_cycle(dut)
        await bench.settled(dut)
        seen.append(int(dut.valid_o.value))
    assert seen == [1, 0, 1, 1, 0, 0]


@cocotb.test
async def reset_drops_the_product_on_its_way(dut: Any) -> None:
    await _start(dut)
    dut.valid_i.value = 1
    await bench.next_cycle(dut)
    # Nor does a reset take a new one.
    dut.rst_ni.value = 0
    await bench.settled(dut)
    assert not dut.valid_o.value
    await bench.next_cycle(dut)
    dut.valid_i.value = 0
    dut.rst_ni.value = 1
    await bench.settled(dut)
    assert not dut.valid_o.value
