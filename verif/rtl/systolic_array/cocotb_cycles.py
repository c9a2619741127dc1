"""cocotb tests of the counters of `stream` mode; test_cycles.py runs them.

Descriptors alone are put into memory: the values of operands change no cycle.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cocotb
from cocotb.triggers import RisingEdge, with_timeout

from heepstor import config
from heepstor.config import Config
from heepstor.job import Job, encode, faults
from heepstor.plan import job_cycles
from verif.rtl import bench, sa
from verif.rtl.sa_steps import model
from verif.rtl.sa_steps.jobs import Draw
from verif.rtl.systolic_array.model import OFFSET
from verif.rtl.systolic_array.obi import Manager

_DESCRIPTOR, _INPUT, _WEIGHTS, _OUTPUT = 0x0, 0x1000, 0x4000, 0x8000
_DONE = 1 << 2
_JOBS = 130
"""Of each kind: with two configurations, more than 500 in all."""


def hardware(dut: Any) -> Config:
    """The configuration that the array was built with."""
    facts = {
        "size": dut.Size,
        "accumulator_rows": dut.AccumulatorRows,
        "ports": dut.Ports,
        "activation_words": dut.ActivationWords,
        "weight_rows": dut.WeightRows,
    }
    return replace(
        config.load(),
        **{f"systolic_array_{key}": int(handle.value) for key, handle in facts.items()},
    )


async def counters_after(dut: Any, bus: Manager, job: Job) -> job_cycles.Counters:
    """Run a job alone; returns what the hardware counted."""
    words = encode(job, _INPUT, _WEIGHTS, _OUTPUT, 0)
    for index, word in enumerate(words):
        dut.words[_DESCRIPTOR // 4 + index].value = word
    await bus.write(OFFSET["JOB"], _DESCRIPTOR)
    await with_timeout(RisingEdge(dut.irq_o), 1, "ms")
    await RisingEdge(dut.clk_i)
    counts = {
        name: await bus.read(OFFSET[name.upper()])
        for name in job_cycles.Counters.__dataclass_fields__
    }
    assert await bus.read(OFFSET["STATUS"]) == _DONE, f"STATUS after {job}"
    await bus.write(OFFSET["STATUS"], _DONE)
    # The counter has the descriptor's words too.
    counts["words_read"] -= len(words)
    counters = job_cycles.Counters(**counts)
    assert counters.cycles == await bus.read(OFFSET["CYCLES"]), f"the parts do not add up: {job}"
    return counters


def is_served(job: Job, cfg: Config) -> bool:
    """Whether the hardware does the job to its end."""
    if faults(job, cfg):
        return False
    rows, words = cfg.systolic_array_accumulator_rows, cfg.systolic_array_activation_words
    return all(step.is_served for step in model.steps(job, cfg.systolic_array_size, rows, words))


@cocotb.test
@cocotb.parametrize(kind=["layer", "wild"])
async def counters_are_those_of_the_cycle_model(dut: Any, kind: str) -> None:
    """Each of them, for every job: no cycle of difference."""
    cfg = hardware(dut)
    await bench.start(dut)
    bus = Manager(dut)
    await bus.write(OFFSET["IRQ_ENABLE"], 1)
    draw = Draw(sa.generator(), cfg.systolic_array_size, cfg.systolic_array_accumulator_rows)
    done = 0
    while done < _JOBS:
        job = getattr(draw, kind)()
        job = replace(job, weight_words=-(-job.k * job.columns // 4))
        if not is_served(job, cfg):
            continue
        counted = await counters_after(dut, bus, job)
        assert counted == job_cycles.predict(job, cfg), f"after {done} others: {job}"
        done += 1
