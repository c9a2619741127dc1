"""SoC control: registers, markers, the record of the first refused access."""

from __future__ import annotations

from verif.harness.cocotb_runner import run_module
from verif.rtl import soc


def test_soc_ctrl() -> None:
    run_module(
        "soc_ctrl",
        soc.sources("soc_ctrl"),
        "verif.rtl.soc_ctrl.cocotb_soc_ctrl",
        {
            "ErrorSources": 3,
            "StackGuardBytes": 16,
            "ErrorData": 0xBADACCE5,
            "ClockHz": 123_456_789,
            "ConfigHash": 0x89ABCDEF,
            "RtlVersion": 0xFEDC3210,
            "MemoryBytes": 0x12000,
        },
    )
