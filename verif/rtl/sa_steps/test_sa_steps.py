"""The loops of a job, and when a step may go."""

from __future__ import annotations

import pytest

from heepstor.build import rtl
from verif.harness.cocotb_runner import run_module

_FILES = [path for path in rtl.array() if path.stem in ("sa_pkg", "sa_job_pkg", "sa_steps")]


@pytest.mark.parametrize(
    ("size", "rows", "words"),
    [
        (4, 64, 64),
        *(pytest.param(*case, marks=pytest.mark.full) for case in ((8, 64, 128), (12, 128, 256))),
    ],
)
def test_sa_steps(size: int, rows: int, words: int) -> None:
    run_module(
        "sa_steps",
        _FILES,
        "verif.rtl.sa_steps.cocotb_sa_steps",
        {"Size": size, "AccumulatorRows": rows, "ActivationWords": words},
        random_state=True,
    )


@pytest.mark.parametrize(
    ("test", "assertion"),
    [
        ("job_that_begins_while_a_step_waits", "JobBeginsWhenNoneRuns"),
        ("tile_that_goes_too_early", "TileStaysUntilItsLastStep"),
        ("tile_that_changes_its_bank", "TileStaysUntilItsLastStep"),
        ("half_that_is_given_back_twice", "OnlyTakenHalvesAreGivenBack"),
    ],
)
def test_neighbour_that_breaks_the_rules_is_caught(test: str, assertion: str) -> None:
    with pytest.raises(AssertionError, match=assertion):
        run_module(
            "sa_steps",
            _FILES,
            "verif.rtl.sa_steps.cocotb_rule_breakers",
            {"Size": 4, "AccumulatorRows": 64, "ActivationWords": 64},
            random_state=True,
            test_filter=test,
        )
