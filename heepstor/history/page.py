"""The trend as a page with a picture for each series; Matplotlib takes a second to import."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from heepstor.history.database import Run
from heepstor.history.trend import Series, trend
from heepstor.report import charts, page
from heepstor.report.tables import short

_HEIGHT = 300
_DRAWN_LAYERS = len(charts.SERIES)
_LABEL_LENGTH = 28


def render(all_series: Sequence[Series], *, last: int) -> str:
    """A page about the `last` steps of each series."""
    passed = all(series.runs[-1].passed for series in all_series)
    commits = sorted({str(run.revision) for series in all_series for run in series.steps[-last:]})
    head = page.header(
        "Cycles from commit to commit",
        passed=passed,
        lines=[escape(f"{len(commits)} commits; only runs in RTL simulation, none of an FPGA")],
    )
    sections = [_section(number, series, last) for number, series in enumerate(all_series, start=1)]
    return page.document("HEEPstor: cycles from commit to commit", "\n".join([head, *sections]))


def _section(number: int, series: Series, last: int) -> str:
    steps = series.steps[-last:]
    svg = charts.draw(
        lambda axes: _plot(axes, steps),
        name=f"trend-{number}",
        title=f"Cycles of {series.title}",
        description="Each layer's and the total's change since the first commit shown",
        height=_HEIGHT,
    )
    caption = "Cycles against those of the first commit shown; below 0 is faster."
    headings, *rows = trend(series, last=last)
    table = page.table(page.Table(headings, rows))
    return page.section(f"series-{number}", series.title, page.chart(svg, caption), table)


def _plot(axes: Axes, steps: Sequence[Run]) -> None:
    """A line a layer, of those that take most, and a thicker one for the total."""
    positions = range(len(steps))
    for name, color in zip(_largest(steps), charts.SERIES, strict=False):
        change = _relative([run.cycles(name) for run in steps])
        label = charts.printable(short(name, _LABEL_LENGTH))
        axes.plot(positions, change, marker="o", color=color, label=label)
    total = _relative([run.total for run in steps])
    axes.plot(positions, total, marker="o", linewidth=3, color=charts.TEXT, label="total")
    axes.set_xticks(positions, [str(run.revision) for run in steps], rotation=30, ha="right")
    axes.yaxis.set_major_formatter(PercentFormatter(xmax=1))
    axes.grid(axis="y")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.25), ncols=2)


def _largest(steps: Sequence[Run]) -> list[str]:
    """Names of the layers with most cycles in the latest run, the largest first."""
    layers = sorted(steps[-1].layers, key=lambda layer: layer.cycles or 0, reverse=True)
    return [layer.name for layer in layers[:_DRAWN_LAYERS]]


def _relative(cycles: Sequence[int | None]) -> list[float]:
    """Change since the first that is known, 0.01 for one percent; NaN, which is not drawn."""
    first = next((count for count in cycles if count), None)
    return [count / first - 1 if count is not None and first else float("nan") for count in cycles]
