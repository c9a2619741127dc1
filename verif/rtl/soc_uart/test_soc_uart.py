"""OpenTitan's UART behind the bridge and the idle gate."""

from __future__ import annotations

from heepstor.build import rtl
from verif.harness.cocotb_runner import run_module
from verif.rtl import soc


def test_soc_uart() -> None:
    run_module(
        "soc_uart",
        soc.opentitan_sources("soc_uart"),
        "verif.rtl.soc_uart.cocotb_soc_uart",
        includes=rtl.opentitan().include_folders,
    )
