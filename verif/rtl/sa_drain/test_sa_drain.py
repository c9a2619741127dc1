"""What becomes of finished sums on their way to memory."""

from __future__ import annotations

import pytest

from heepstor.build import rtl
from verif.harness.cocotb_runner import run_module
from verif.rtl import sa

_FILES = [path for path in rtl.array() if path.stem in sa.DRAIN_MODULES]


@pytest.mark.parametrize(
    ("size", "rows", "ports"),
    [
        (4, 8, 1),
        pytest.param(8, 16, 2, marks=pytest.mark.full),
        pytest.param(12, 64, 4, marks=pytest.mark.full),
        pytest.param(8, 16, 1, marks=pytest.mark.full),
    ],
)
def test_sa_drain(size: int, rows: int, ports: int) -> None:
    run_module(
        "sa_drain",
        _FILES,
        "verif.rtl.sa_drain.cocotb_sa_drain",
        {"Size": size, "AccumulatorRows": rows, "Ports": ports},
        random_state=True,
    )
