"""One bank of RAM against a dictionary."""

from __future__ import annotations

import pytest

from verif.harness.cocotb_runner import run_module
from verif.rtl import soc


@pytest.mark.parametrize("size", [64, pytest.param(8192, marks=pytest.mark.full)])
def test_sram_bank(size: int) -> None:
    run_module(
        "sram_bank",
        soc.sources("sram_bank"),
        "verif.rtl.sram_bank.cocotb_sram_bank",
        {"Bytes": size},
    )
