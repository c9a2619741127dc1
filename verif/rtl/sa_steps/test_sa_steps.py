"""The loops of a job, and when a step may go."""

from __future__ import annotations

import pytest

from verif.harness.cocotb_runner import run_module
from verif.rtl import sa

_FILES = [path for path in sa.sources() if path.stem in ("sa_pkg", "sa_job_pkg", "sa_steps")]


@pytest.mark.parametrize(("size", "rows", "words"), [(4, 64, 64), (8, 64, 128), (12, 128, 256)])
def test_sa_steps(size: int, rows: int, words: int) -> None:
    run_module(
        "sa_steps",
        _FILES,
        "verif.rtl.sa_steps.cocotb_sa_steps",
        {"Size": size, "AccumulatorRows": rows, "ActivationWords": words},
        random_state=True,
    )
