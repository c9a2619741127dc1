"""OpenTitan's timer behind the bridge and the idle gate."""

from __future__ import annotations

from heepstor.build import rtl
from verif.harness.cocotb_runner import run_module
from verif.rtl import soc


def test_soc_timer() -> None:
    run_module(
        "soc_timer",
        soc.opentitan_sources("soc_timer"),
        "verif.rtl.soc_timer.cocotb_soc_timer",
        {"ErrorData": 0xBADACCE5},
        includes=rtl.opentitan().include_folders,
    )
