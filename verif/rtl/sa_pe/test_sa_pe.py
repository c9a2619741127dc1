"""The processing element."""

from __future__ import annotations

from heepstor.build import rtl
from verif.harness.cocotb_runner import run_module


def test_sa_pe() -> None:
    files = {path.stem: path for path in rtl.own_files("systolic_array")}
    run_module(
        "sa_pe",
        [files[name] for name in ("sa_pkg", "sa_fp_mul", "sa_fp_add", "sa_pe")],
        "verif.rtl.sa_pe.cocotb_sa_pe",
    )
