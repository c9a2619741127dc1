"""The adder's reset; its arithmetic is checked in C++."""

from __future__ import annotations

from verif.harness.cocotb_runner import run_module
from verif.rtl import fp_unit


def test_reset_of_the_adder() -> None:
    run_module("sa_fp_add", fp_unit.sources("sa_fp_add"), "verif.rtl.sa_fp_add.cocotb_sa_fp_add")
