"""The clock gate."""

from __future__ import annotations

from heepstor.build import rtl
from verif.harness.cocotb_runner import run_module


def test_clk_gate() -> None:
    run_module(
        "clk_gate",
        [path for path in rtl.own_files("common") if path.stem == "clk_gate"],
        "verif.rtl.clk_gate.cocotb_clk_gate",
    )
