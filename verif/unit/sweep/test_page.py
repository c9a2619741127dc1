"""The page shows the front and what failed, in a real browser, on a desktop and on a phone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from heepstor.sweep import page
from heepstor.sweep.results import Row
from heepstor.sweep.spec import Sweep
from verif.harness import browser
from verif.unit.sweep.sweeps import load, point, row

AREA = {"lut": 12345, "ff": 67, "dsp": 8, "bram36": 0.5}
SIMULATED = {"cycles": 4321, "memory_bytes": 65536, "run": "simulate-1"}
WIDE = "too <b>large</b>: " + "w" * 120
ROWS = [
    row(point("a", size=4), 5000, on_front=True, accuracy=0.75, data="MNIST"),
    row(point("a", size=8), 4000, on_front=True, accuracy=0.75, data="MNIST", simulated=SIMULATED),
    row(point("b", size=8), 4500, on_front=True, accuracy=0.8, data="MNIST"),
    row(point("b", size=12), 4600, accuracy=0.8, data="MNIST"),
    row(point("c<d>", size=4), 90, on_front=True, area=AREA),
    row(point("c<d>", size=8), 0, error=WIDE),
]

QUESTIONS = {
    "sections": 'seen("section > h2")',
    "charts": 'seen("figure svg > title")',
    "labels": 'seen("figure svg text")',
    "rows": 'seen("tbody tr").map((row) => row.split("\\t"))',
    # Of the points of the first chart, and of its legend: whether they are filled.
    "points": '[...page.querySelectorAll("#task-0 figure:first-of-type :is(use, path:not([id]))")]'
    '.map((mark) => mark.style).filter((style) => style.stroke.includes("series"))'
    '.map((style) => style.fill !== "none")',
    "verdict": 'page.querySelector("header").className',
}


def a_sweep(folder: Path) -> Sweep:
    return load(folder, ("[4, 8]", "[4, 8, 12]"))


@pytest.mark.parametrize("width", browser.WIDTHS.values(), ids=browser.WIDTHS)
def test_page_in_a_browser_shows_the_front_and_what_failed(tmp_path: Path, width: int) -> None:
    shown = browser.look(page.render(a_sweep(tmp_path), ROWS), width, tmp_path, QUESTIONS)
    assert shown["title"] == "Sweep small"
    assert shown["verdict"] == "failed"
    assert shown["needed"] == width, "the page has to be scrolled sideways"
    assert shown["sections"] == ["MNIST", "c<d>", "Failed"]
    assert shown["charts"] == [
        "MNIST: Cycles by processing elements",
        "MNIST: Cycles by accuracy",
        "c<d>: Cycles by LUT",
    ]
    assert {"predicted cycles", "processing elements", "accuracy, %", "LUT"} <= set(shown["labels"])
    assert shown["rows"] == [
        ["a", "4", "5,000", "1,000", "", "", "75.00%"],
        ["a", "8", "4,000", "1,000", "4,321", "65,536", "75.00%"],
        ["b", "8", "4,500", "1,000", "", "", "80.00%"],
        ["c<d>", "4", "90", "1,000", "12,345", "67", "8", "0.5"],
        [f"predict: {WIDE}", "1"],
    ]
    assert "6 points, 4 on the front, 1 simulated, 1 with area, 1 failed" in shown["text"]
    beaten, best = 1, 3
    assert sorted(shown["points"]) == [False] * (beaten + 1) + [True] * (best + 2)
    assert shown["loaded"] == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_page_can_be_read(tmp_path: Path, dark: bool) -> None:
    html = page.render(a_sweep(tmp_path), ROWS)
    shown = browser.look(html, browser.WIDTHS["phone"], tmp_path, {}, dark=dark)
    assert list(browser.unreadable(shown)) == []


def test_page_of_points_that_all_failed_says_why(tmp_path: Path) -> None:
    html = page.render(a_sweep(tmp_path), ROWS[-1:])
    assert "<figure" not in html
    assert "too &lt;b&gt;large" in html


def test_page_needs_nothing_but_itself(tmp_path: Path) -> None:
    html = page.render(a_sweep(tmp_path), [found for found in ROWS if not found.error])
    assert not re.search(r"<script|<link|<img|\bsrc=|@import|url\((?!#)|https?:", html)
    assert 'class="passed"' in html


def test_the_same_rows_give_the_same_page(tmp_path: Path) -> None:
    rows: list[Row] = ROWS
    assert page.render(a_sweep(tmp_path), rows) == page.render(a_sweep(tmp_path), rows)
