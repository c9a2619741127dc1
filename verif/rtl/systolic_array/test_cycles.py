"""The cycle model of `stream` mode against the array: every counter of random jobs."""

from __future__ import annotations

from pathlib import Path

import pytest

from heepstor.build import rtl
from verif.harness.cocotb_runner import run_module
from verif.rtl import sa


@pytest.mark.early
@pytest.mark.parametrize(
    ("size", "rows", "ports", "words", "weight_rows"),
    [
        (4, 16, 4, 64, 16),
        pytest.param(8, 64, 1, 256, 64, marks=pytest.mark.full),
        pytest.param(8, 32, 2, 128, 32, marks=pytest.mark.full),
        pytest.param(12, 16, 4, 128, 16, marks=pytest.mark.full),
    ],
)
def test_cycle_model_counts_as_the_hardware(
    size: int, rows: int, ports: int, words: int, weight_rows: int
) -> None:
    run_module(
        "cycles_tb",
        [sa.ONE_PE, *rtl.array(), Path(__file__).with_name("cycles_tb.sv")],
        "verif.rtl.systolic_array.cocotb_cycles",
        {
            "Size": size,
            "AccumulatorRows": rows,
            "Ports": ports,
            "ActivationWords": words,
            "WeightRows": weight_rows,
        },
        timeout_s=300,
    )
