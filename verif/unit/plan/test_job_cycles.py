"""What the cycle model leaves out of the hardware changes none of its counters.

That the counters are those of the RTL: verif/rtl/systolic_array/test_cycles.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from heepstor import config, frontend, plan
from heepstor.config import Config
from heepstor.job import Job
from heepstor.plan import job_cycles
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


def jobs(hardware: Config) -> list[Job]:
    model, input_shape = NETWORKS["convolution, batch norm, pool, flatten, linear"]
    planned = plan.plan(frontend.import_sequential(model, input_shape), hardware)
    return [placed.job for layer in planned.layers for placed in layer.jobs]


def test_hardware_that_a_job_does_not_use_changes_none_of_its_counters() -> None:
    for cfg in hardware():
        for job in jobs(cfg):
            assert job_cycles.predict(job, cfg) == job_cycles._run.__wrapped__(job, cfg), cfg


def test_cycles_that_are_skipped_are_counted_as_if_they_were_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    skip, words = job_cycles._skip, 0

    def counted(*units: Any) -> int:
        nonlocal words
        come = skip(*units)
        words += come
        return come

    for cfg in (cfg for cfg in hardware() if cfg.systolic_array_activation_words == 128):
        for job in jobs(cfg):
            monkeypatch.setattr(job_cycles, "_skip", counted)
            skipped = job_cycles._run.__wrapped__(job, cfg)
            monkeypatch.setattr(job_cycles, "_skip", lambda *_: 0)
            assert skipped == job_cycles._run.__wrapped__(job, cfg), (job, cfg)
    assert words > 1000


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
