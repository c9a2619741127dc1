"""The weights of a job, from memory to the core."""

from __future__ import annotations

import pytest

from heepstor.build import rtl
from verif.harness.cocotb_runner import run_module

_MODULES = (
    *("sa_pkg", "sa_job_pkg", "fifo"),
    *("sa_gearbox", "sa_tile_loop", "sa_weight_fetch", "sa_weights"),
)


@pytest.mark.parametrize(
    ("size", "ports", "rows"),
    [
        pytest.param(4, 1, 16, marks=pytest.mark.full),
        (8, 2, 64),
        pytest.param(12, 4, 32, marks=pytest.mark.full),
        pytest.param(4, 4, 16, marks=pytest.mark.full),
        pytest.param(8, 1, 64, marks=pytest.mark.full),
    ],
)
def test_sa_weights(size: int, ports: int, rows: int) -> None:
    run_module(
        "sa_weights",
        [path for path in rtl.array() if path.stem in _MODULES],
        "verif.rtl.sa_weights.cocotb_sa_weights",
        {"Size": size, "Ports": ports, "WeightRows": rows},
        random_state=True,
    )
