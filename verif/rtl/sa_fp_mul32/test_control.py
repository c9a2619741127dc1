"""The FP32 multiplier's reset; its arithmetic is checked in C++."""

from __future__ import annotations

from verif.harness.cocotb_runner import run_module
from verif.rtl import fp_unit


def test_reset_of_the_fp32_multiplier() -> None:
    run_module(
        "sa_fp_mul32",
        fp_unit.sources("sa_fp_mul32"),
        "verif.rtl.sa_fp_mul32.cocotb_sa_fp_mul32",
    )
