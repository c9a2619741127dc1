"""Registers and bus side of the array alone, at sizes that are slow to build with all of it."""

from __future__ import annotations

import pytest

from heepstor.build import rtl
from verif.harness.cocotb_runner import run_module


# 5 and 7 groups: the rows of no other size are as hard to divide by.
@pytest.mark.parametrize(
    ("size", "rows"), [(20, 64), pytest.param(28, 256, marks=pytest.mark.full)]
)
def test_sa_subordinate(size: int, rows: int) -> None:
    modules = ("sa_reg_pkg", "sa_job_pkg", "sa_pkg", "sa_subordinate")
    run_module(
        "sa_subordinate",
        [path for path in rtl.array() if path.stem in modules],
        "verif.rtl.sa_subordinate.cocotb_sa_subordinate",
        {"Size": size, "AccumulatorRows": rows, "ConfigHash": 0x89AB_CDEF},
    )
