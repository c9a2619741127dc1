"""The multiplier's valid bit and reset; its arithmetic is checked in C++."""

from __future__ import annotations

from verif.harness.cocotb_runner import run_module
from verif.rtl import fp_unit


def test_valid_bit_of_the_multiplier() -> None:
    run_module("sa_fp_mul", fp_unit.sources("sa_fp_mul"), "verif.rtl.sa_fp_mul.cocotb_sa_fp_mul")
