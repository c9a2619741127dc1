"""Front ends that sa_core's assertions must catch: test_sa_core.py expects all of these to fail."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cocotb
import numpy as np

from verif.rtl.sa_core.driver import Core, Step

_STEP = Step(0, np.ones(4, np.float32), first=True)


async def _with_a_waiting_step(dut: Any, then: Step | None) -> None:
    core = Core(dut)
    await core.start()
    await core.enter(_STEP)
    core.offer_step(_STEP)
    await core.next_cycle(2)
    core.offer_step(then)
    await core.next_cycle(2)


@cocotb.test
async def step_that_is_withdrawn(dut: Any) -> None:
    await _with_a_waiting_step(dut, None)


@cocotb.test
async def step_that_is_changed(dut: Any) -> None:
    await _with_a_waiting_step(dut, replace(_STEP, bank=1))
