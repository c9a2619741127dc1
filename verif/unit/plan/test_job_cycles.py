"""What the cycle model leaves out of the hardware changes none of its counters.

That the counters are those of the RTL: verif/rtl/systolic_array/test_cycles.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from torch import nn

from heepstor import config, frontend, plan
from heepstor.config import Config
from heepstor.job import Job, Restart
from heepstor.plan import job_cycles, job_units
from verif.unit.networks import NETWORKS

VALUES = {
    "systolic_array.size": (4,),
    "systolic_array.ports": (1, 2),
    "systolic_array.accumulator_rows": (16, 64),
    "systolic_array.activation_words": (128, 4096),
    "systolic_array.weight_rows": (16, 512),
}


def hardware() -> Iterator[Config]:
    for values in product(*VALUES.values()):
        yield loaded(dict(zip(VALUES, values, strict=True)))


def loaded(values: dict[str, int]) -> Config:
    return config.load(overrides=[f"{key}={value}" for key, value in values.items()])


SMALL = NETWORKS["convolution, batch norm, pool, flatten, linear"]
MANY_BLOCKS = (nn.Sequential(nn.Conv2d(8, 8, 3)), (8, 26, 10))


def jobs(hardware: Config, network: tuple[nn.Sequential, tuple[int, ...]] = SMALL) -> list[Job]:
    model, input_shape = network
    planned = plan.plan(frontend.import_sequential(model, input_shape), hardware)
    return [placed.job for layer in planned.layers for placed in layer.jobs]


def test_hardware_that_a_job_does_not_use_changes_none_of_its_counters() -> None:
    for cfg in hardware():
        for job in jobs(cfg):
            assert job_cycles.predict(job, cfg) == job_cycles._run.__wrapped__(job, cfg), cfg


def test_cycles_that_are_skipped_are_counted_as_if_they_were_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    skip, cycles = job_units.Activations.skip, 0

    def counted(activations: Any, need: int) -> int:
        nonlocal cycles
        skipped = skip(activations, need)
        cycles += skipped
        return skipped

    for cfg in (cfg for cfg in hardware() if cfg.systolic_array_activation_words == 128):
        for job in jobs(cfg):
            monkeypatch.setattr(job_units.Activations, "skip", counted)
            skipped = job_cycles._run.__wrapped__(job, cfg)
            monkeypatch.setattr(job_units.Activations, "skip", lambda *_: 0)
            assert skipped == job_cycles._run.__wrapped__(job, cfg), (job, cfg)
    assert cycles > 1000


def test_blocks_that_go_as_an_earlier_one_did_are_counted_as_if_each_was_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run, blocks = job_units.Units.run, 0

    def counted(units: Any, block: Any) -> None:
        nonlocal blocks
        blocks += 1
        run(units, block)

    monkeypatch.setattr(job_units.Units, "run", counted)
    small = [cfg for cfg in hardware() if cfg.systolic_array_accumulator_rows == 16]
    every = [(job, cfg) for cfg in small for job in jobs(cfg, MANY_BLOCKS)]
    quick = [job_cycles._run.__wrapped__(job, cfg) for job, cfg in every]
    quickly, blocks = blocks, 0
    monkeypatch.setattr(job_cycles, "cache", lambda function: function)
    for counters, (job, cfg) in zip(quick, every, strict=True):
        assert counters == job_cycles._run.__wrapped__(job, cfg), (job, cfg)
    assert {job.restart for job, _ in every} > {Restart.NEVER}
    assert quickly < blocks / 2


def test_a_job_is_not_run_again_on_hardware_of_which_it_uses_no_more() -> None:
    enough = {"systolic_array.activation_words": 4096, "systolic_array.weight_rows": 512}
    found = jobs(loaded(enough))
    job_cycles._run.cache_clear()
    for more in (1, 2):
        keys = [*enough, "systolic_array.accumulator_rows", "memory.bank_kib"]
        cfg = loaded({key: more * enough.get(key, 64) for key in keys})
        for job in found:
            job_cycles.predict(job, cfg)
    assert job_cycles._run.cache_info().misses == len(set(found))
