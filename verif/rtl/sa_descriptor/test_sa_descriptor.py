"""Descriptors of jobs: fetched, checked, unpacked, one after the other."""

from __future__ import annotations

import pytest

from heepstor.build import rtl
from verif.harness.cocotb_runner import run_module

MODULES = ("sa_reg_pkg", "sa_job_pkg", "sa_descriptor")


@pytest.mark.parametrize(("size", "rows"), [(12, 64), pytest.param(4, 4, marks=pytest.mark.full)])
def test_sa_descriptor(size: int, rows: int) -> None:
    run_module(
        "sa_descriptor",
        [path for path in rtl.array() if path.stem in MODULES],
        "verif.rtl.sa_descriptor.cocotb_sa_descriptor",
        {"Size": size, "AccumulatorRows": rows},
    )
