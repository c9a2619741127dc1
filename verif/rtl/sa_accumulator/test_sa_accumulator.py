"""The accumulator memory."""

from __future__ import annotations

import pytest

from heepstor.build import rtl
from verif.harness.cocotb_runner import run_module


@pytest.mark.parametrize(("size", "rows"), [(4, 4), pytest.param(8, 64, marks=pytest.mark.full)])
def test_sa_accumulator(size: int, rows: int) -> None:
    files = {path.stem: path for path in rtl.own_files("systolic_array")}
    run_module(
        "sa_accumulator",
        [files["sa_pkg"], files["sa_accumulator"]],
        "verif.rtl.sa_accumulator.cocotb_sa_accumulator",
        {"Size": size, "Rows": rows},
    )
