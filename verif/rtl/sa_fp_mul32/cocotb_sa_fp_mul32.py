"""cocotb tests of sa_fp_mul32, for what has no operands; test_control.py runs them."""

from __future__ import annotations

from typing import Any

import cocotb

from verif.rtl import bench

_LATENCY = 2
_ONE, _TWO = 0x3F80_0000, 0x4000_0000


@cocotb.test
async def reset_drops_the_product_on_its_way(dut: Any) -> None:
    dut.valid_i.value = 0
    dut.b_i.value = _ONE
    await bench.start(dut)
    dut.a_i.value = _ONE
    dut.valid_i.value = 1
    await bench.next_cycle(dut)
    dut.valid_i.value = 0
    await bench.next_cycle(dut, _LATENCY)
    assert int(dut.product_o.value) == _ONE

    dut.a_i.value = _TWO
    dut.valid_i.value = 1
    await bench.next_cycle(dut)
    # Nor does a reset take a new one.
    dut.rst_ni.value = 0
    await bench.next_cycle(dut)
    dut.valid_i.value = 0
    dut.rst_ni.value = 1
    await bench.next_cycle(dut, _LATENCY + 1)
    assert int(dut.product_o.value) == _ONE
