"""The HTML page says what happened, in a real browser, on a desktop and on a phone."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from verif.coverage import html as coverage_page
from verif.coverage.exclusions import Exclusion
from verif.coverage.metrics import FileCoverage
from verif.coverage.reader import Kind, Point
from verif.harness import browser
from verif.mutation.campaign import Outcome, Status
from verif.mutation.mutants import mutants_of
from verif.mutation.report import Report
from verif.regression import page
from verif.regression.plan import Feature, Plan
from verif.regression.records import FAILED, PASSED, SKIPPED, BinGroup, Case, Failure, Session

# What is looked for, besides what `browser.look` always tells.
QUESTIONS = {
    "rows": 'seen("#features tr")',
    "simulated": 'seen("#configurations tr")',
    "causes": 'seen("#failures > details > summary")',
    "bars": '[...page.querySelectorAll(".bar i")].map((bar) => bar.getBoundingClientRect().width)',
}

_NOTE = f"a layer is <b>faster</b>\n  conv1  {'1,000  ' * 40}"


def a_failure(node_id: str, cause: str) -> Failure:
    again = f"pytest --seed 7 '{node_id}'"
    return Failure(cause, f"<b>{cause}</b>", 7, again, "/somewhere/very/deep/" + "x" * 90, again)


def a_session() -> Session:
    """A session of every kind of outcome, with names that would break a page or its layout."""
    wide = Feature("a <b>bold</b> & wide feature", "Because " + "w" * 120, ("verif/rtl/*",))
    other = Feature("another", "Why not.", ("verif/unit/*",), bins=("edges",))
    bad = "verif/rtl/test_a.py::test_sum[8-4]"
    worse = "verif/rtl/test_a.py::test_sum[4-4]"
    cases = [
        Case(bad, FAILED, 2.5, "test_sum", "size=8", None, a_failure(bad, "got 1, expected 2")),
        Case(worse, FAILED, 1, "test_sum", "size=4", None, a_failure(worse, "got 3, expected 4")),
        Case("verif/rtl/test_a.py::test_product[4]", PASSED, 1, "test_product", "size=4"),
        Case("verif/unit/test_b.py::test_b", PASSED, 0.1, "test_b", notes=(_NOTE,)),
        Case("verif/unit/test_b.py::test_c", SKIPPED, 0, "test_c", reason="no <time>"),
    ]
    return Session(
        plan=Plan((wide, other), {"edges": "ends of <it>"}, ()),
        seed=7,
        effort="quick",
        command="pytest verif -n 8",
        started="2000-01-01T00:00:00",
        seconds=12.0,
        cases=cases,
        coverage=[BinGroup("edges", "ends of <it>", {"first": 3, "last": 0})],
        complete=True,
        faults=["1 of 2 bins of 'edges' were never hit"],
    )


def seen(tmp_path: Path, html: str, width: int) -> dict[str, Any]:
    """What the browser shows of a page in a window of a width, in CSS pixels."""
    return browser.look(html, width, tmp_path, QUESTIONS)


@pytest.mark.parametrize("width", browser.WIDTHS.values(), ids=browser.WIDTHS)
def test_page_in_a_browser_shows_everything_and_fits(tmp_path: Path, width: int) -> None:
    shown = seen(tmp_path, page.render(a_session()), width)
    assert shown["title"] == "Regression failed"
    assert shown["width"] == width
    assert shown["needed"] == width, "the page has to be scrolled sideways"
    assert shown["causes"] == ["2 times got #, expected #"]
    rows = [row.split("\t") for row in shown["rows"]]
    assert [(row[0].strip(), row[1]) for row in rows[1:]] == [
        ("a <b>bold</b> & wide feature", "1 / 3"),
        ("another", "1 / 1 1 skipped"),
    ]
    assert [row.split("\t")[0].strip() for row in shown["simulated"][1:]] == [
        "test_a: test_sum",
        "size=8",
        "size=4",
        "test_a: test_product",
        "size=4",
    ]
    for text in (
        "1 of 2 bins of 'edges' were never hit",
        "pytest --seed 7 'verif/rtl/test_a.py::test_sum[8-4]'",
        "verif/unit/test_b.py::test_c: no <time>",
        "33.3 %",
        _NOTE,
    ):
        assert text in shown["text"]
    assert shown["loaded"] == []


def test_bars_in_a_browser_are_as_long_as_their_rates(tmp_path: Path) -> None:
    bars = seen(tmp_path, page.render(a_session()), browser.WIDTHS["desktop"])["bars"]
    full = max(bars)
    rates = [1 / 3, 1, 0, 0, 0, 1, 1, 1 / 2]  # features, configurations, coverage
    assert [bar / full for bar in bars] == pytest.approx(rates, abs=0.02)


_LONG = "p + " * 30 + "q"
_SOURCE = f"module m (output logic y_o);\n  assign y_o = {_LONG} && r;\nendmodule\n"


def a_mutation_page(folder: Path) -> str:
    """A survivor and a waived mutant in a line that is wider than a phone."""
    survivor, waived, *_ = mutants_of("systolic_array/m.sv", _SOURCE)
    waiver = Outcome(Status.WAIVED, cause="no <reason>")
    report = Report(2, {survivor: Outcome(Status.SURVIVED), waived: waiver})
    report.write(folder, {"systolic_array/m.sv": _SOURCE})
    return (folder / "report.html").read_text(encoding="utf-8")


def a_coverage_page(folder: Path) -> str:
    """A line that is wider than a phone, and never ran."""
    (folder / "m.sv").write_text(_SOURCE, encoding="utf-8")
    never = FileCoverage("m.sv", {Point("m.sv", 2, 1, Kind.LINE, "block", (2,)): 0})
    excluded = Exclusion("m.sv", Kind.TOGGLE, _LONG, "x" * 90, "no <reason>")
    return coverage_page.render([never], [excluded], root=folder)


@pytest.mark.parametrize("width", browser.WIDTHS.values(), ids=browser.WIDTHS)
@pytest.mark.parametrize("render", [a_mutation_page, a_coverage_page])
def test_page_of_another_report_fits_too(
    tmp_path: Path, render: Callable[[Path], str], width: int
) -> None:
    shown = seen(tmp_path, render(tmp_path), width)
    assert shown["needed"] == width, "the page has to be scrolled sideways"
    assert _LONG in shown["text"]
    assert "no <reason>" in shown["text"]
    assert shown["loaded"] == []


def test_page_needs_nothing_but_itself() -> None:
    html = page.render(a_session())
    assert not re.search(r"<script|<link|<img|\bsrc=|@import|url\(|https?:", html)


def test_page_of_a_session_that_passed_has_no_failures() -> None:
    whole = a_session()
    passing = [case for case in whole.cases if case.outcome == PASSED]
    html = page.render(replace(whole, cases=passing, faults=[], coverage=[]))
    assert "<h1>Regression passed</h1>" in html
    assert 'id="failures"' not in html
    assert 'id="coverage"' not in html
    assert "not measured" in html
