"""The array of processing elements."""

from __future__ import annotations

import pytest

from heepstor.build import rtl
from verif.harness.cocotb_runner import run_module
from verif.rtl import sa


@pytest.mark.parametrize(
    "size", [4, *(pytest.param(size, marks=pytest.mark.full) for size in (8, 12))]
)
def test_sa_array(size: int) -> None:
    run_module(
        "sa_array",
        [sa.ONE_PE, *(path for path in rtl.array() if path.stem in sa.ARRAY_MODULES)],
        "verif.rtl.sa_array.cocotb_sa_array",
        {"Size": size},
    )
