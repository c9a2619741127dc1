"""The array in `stream` mode: jobs, chains of them, errors, counters."""

from __future__ import annotations

import pytest

from verif.harness.cocotb_runner import run_module
from verif.rtl import sa


@pytest.mark.parametrize(("size", "rows", "ports"), [(4, 64, 2), (8, 4, 1), (12, 16, 4)])
def test_jobs(size: int, rows: int, ports: int) -> None:
    run_module(
        "systolic_array",
        [sa.ONE_PE, *sa.sources()],
        "verif.rtl.systolic_array.cocotb_jobs",
        {
            "Size": size,
            "AccumulatorRows": rows,
            "Ports": ports,
            "ActivationWords": 256,
            "WeightRows": 64,
        },
        timeout_s=300,
    )
