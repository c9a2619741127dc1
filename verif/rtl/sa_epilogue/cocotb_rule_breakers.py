"""What sa_epilogue's assertion must catch: test_sa_epilogue.py expects this to fail."""

from __future__ import annotations

from typing import Any

import cocotb

from verif.rtl import bench


@cocotb.test
async def relu_that_changes_before_the_result(dut: Any) -> None:
    dut.valid_i.value = 0
    dut.relu_i.value = 0
    await bench.start(dut)
    dut.valid_i.value = 1
    await bench.next_cycle(dut)
    dut.valid_i.value = 0
    await bench.next_cycle(dut, 3)
    dut.relu_i.value = 1
    await bench.next_cycle(dut, 2)
