"""Failures are grouped by what they have in common; rates are not rounded up to success."""

from __future__ import annotations

import pytest

from verif.regression import text
from verif.regression.records import Failure, Tally, first_line


def kind(cause: str) -> str:
    return Failure(cause, "", 1, "").kind


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("index 3: got 0x3F800000, expected 0x0", "index 12: got 0xffc0_0000, expected 0x1"),
        ("got 1.5e-3, expected nan", "got -2, expected inf"),
        (
            "%Error: /a/b.sv:3: Assertion failed",
            "%Error: /somewhere/else/b.sv:17: Assertion failed",
        ),
    ],
)
def test_causes_that_differ_in_numbers_and_places_alone_are_of_a_kind(one: str, other: str) -> None:
    assert kind(one) == kind(other)


def test_causes_that_differ_in_words_are_of_different_kinds() -> None:
    assert kind("StepWaitsUnchanged failed at 7") != kind("EveryStepHasALane failed at 7")


def test_cause_is_one_line_that_fits() -> None:
    assert first_line("\n  \n  that is it\nand more") == "that is it"
    assert first_line("x" * 1000) == "x" * 197 + "..."
    assert first_line("\n") == "no message"


@pytest.mark.parametrize(
    ("passed", "runs", "shown"),
    [(3, 3, "100.0 %"), (9999, 10000, "99.9 %"), (0, 2, "0.0 %"), (1, 3, "33.3 %"), (0, 0, "-")],
)
def test_rate_is_a_hundred_percent_only_if_all_passed(passed: int, runs: int, shown: str) -> None:
    assert text.percent(Tally(passed, runs, skipped=0).rate) == shown
