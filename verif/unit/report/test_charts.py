"""Charts lie in a page: their text is text, their colours are its own, nothing is loaded."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import pytest
from matplotlib.axes import Axes

from heepstor.report import charts


def drawn(label: str = "a", name: str = "chart", title: str = "T", description: str = "D") -> str:
    def plot(axes: Axes) -> None:
        axes.plot([1, 2], [3, 40_000], "o", color=charts.SERIES[0], label=label)
        axes.set_ylabel(label)
        charts.plain_numbers(axes.yaxis)

    return charts.draw(plot, name=name, title=title, description=description, height=200)


def test_a_chart_scales_with_the_page_and_says_what_it_is() -> None:
    svg = drawn(title="A < B", description="Two & more.")
    assert svg.startswith('<svg role="img" viewBox="0 0 420 200" aria-labelledby="chart-title ')
    assert '<title id="chart-title">A &lt; B</title>' in svg
    assert '<desc id="chart-desc">Two &amp; more.</desc>' in svg
    assert svg.endswith("</svg>")


def test_text_stays_text_and_is_never_markup() -> None:
    svg = drawn(label="<script> $x$ & fill: #fe0101")
    assert re.search(r"<text [^>]*>&lt;script&gt; \$x\$ &amp; fill: #fe0101</text>", svg)


def test_colours_and_font_are_those_of_the_page() -> None:
    svg = drawn()
    styles = " ".join(re.findall(r'style="([^"]*)"', svg))
    assert "var(--series-1)" in styles
    assert "var(--muted)" in styles
    assert "#" not in styles.replace("url(#", "")
    assert "DejaVu" not in svg


def test_every_colour_is_a_variable_that_the_style_sheet_has_for_light_and_dark() -> None:
    style = (charts_folder() / "page.css").read_text(encoding="utf-8")
    for color in (charts.TEXT, charts.MUTED, charts.LINE, *charts.SERIES):

        def plot(axes: Axes, color: str = color) -> None:
            axes.plot([1, 2], color=color)

        svg = charts.draw(plot, name="c", title="", description="", height=99)
        used = set(re.findall(r"var\((--[a-z0-9-]+)\)", svg))
        assert used
        assert all(style.count(f"{variable}: #") == 2 for variable in used), used


def charts_folder() -> Path:
    return Path(charts.__file__).parent


def test_the_same_chart_has_the_same_bytes_and_no_date() -> None:
    assert drawn() == drawn()
    assert "metadata" not in drawn()


def test_charts_of_one_page_share_no_id() -> None:
    one, other = (set(re.findall(r' id="([^"]*)"', drawn(name=name))) for name in ("a", "b"))
    assert one
    assert not one & other


def test_what_a_chart_refers_to_is_in_it() -> None:
    svg = drawn()
    ids = set(re.findall(r' id="([^"]*)"', svg))
    assert set(re.findall(r"url\(#([^)]*)\)|href=\"#([^\"]*)\"", svg))
    assert {"".join(pair) for pair in re.findall(r'url\(#([^)]*)\)|href="#([^"]*)"', svg)} <= ids


def test_numbers_are_written_out() -> None:
    assert ">40,000</text>" in drawn()


def test_letters_that_matplotlib_lacks_are_no_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "漢字" in drawn(label="漢字")


@pytest.mark.parametrize(
    ("name", "shown"), [("a\nb", "a\ufffdb"), ("a\x00", "a\ufffd"), ("é", "é")]
)
def test_what_no_svg_can_hold_is_replaced(name: str, shown: str) -> None:
    assert charts.printable(name) == shown
    assert shown in drawn(label=charts.printable(name))
