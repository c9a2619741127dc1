"""The array with its accumulator memory and its interlocks."""

from __future__ import annotations

import pytest

from heepstor.build import rtl
from verif.harness.cocotb_runner import run_module
from verif.rtl import sa


@pytest.mark.parametrize(
    ("size", "rows"),
    [(4, 64), *(pytest.param(*case, marks=pytest.mark.full) for case in ((8, 64), (12, 16)))],
)
def test_sa_core(size: int, rows: int) -> None:
    modules = (*sa.ARRAY_MODULES, "clk_gate", "sa_accumulator", "sa_core")
    run_module(
        "sa_core",
        [sa.ONE_PE, *(path for path in rtl.array() if path.stem in modules)],
        "verif.rtl.sa_core.cocotb_sa_core",
        {"Size": size, "AccumulatorRows": rows},
    )


@pytest.mark.parametrize(
    ("test", "assertion"),
    [
        ("step_that_is_withdrawn", "StepWaitsUnchanged"),
        ("step_that_is_changed", "StepWaitsUnchanged"),
    ],
)
def test_front_end_that_breaks_the_rules_is_caught(test: str, assertion: str) -> None:
    modules = (*sa.ARRAY_MODULES, "clk_gate", "sa_accumulator", "sa_core")
    with pytest.raises(AssertionError, match=assertion):
        run_module(
            "sa_core",
            [sa.ONE_PE, *(path for path in rtl.array() if path.stem in modules)],
            "verif.rtl.sa_core.cocotb_rule_breakers",
            {"Size": 4, "AccumulatorRows": 64},
            test_filter=test,
        )
