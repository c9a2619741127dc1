"""The delay line."""

from __future__ import annotations

import pytest

from heepstor.build import rtl
from verif.harness.cocotb_runner import run_module


@pytest.mark.parametrize(
    ("depth", "width"),
    [
        (0, 32),
        (14, 33),
        pytest.param(1, 33, marks=pytest.mark.full),
        pytest.param(2, 8, marks=pytest.mark.full),
    ],
)
def test_delay_line(depth: int, width: int) -> None:
    run_module(
        "delay_line",
        [path for path in rtl.own_files("common") if path.stem == "delay_line"],
        "verif.rtl.delay_line.cocotb_delay_line",
        {"Width": width, "Depth": depth},
    )
