"""The rows of a sweep as one HTML page: a chart for each task, the front and what failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from heepstor.report import charts, page
from heepstor.report.page import Table
from heepstor.sweep import document
from heepstor.sweep.results import Row, by_task
from heepstor.sweep.spec import Sweep

_HEIGHT = 300
_DECADE = 10
_EXPLANATION = (
    "A point is on the front if no other point of the same task is as good in everything and "
    "better in something: predicted cycles; the array (its area, if all of it was measured, else "
    "its processing elements, ports and buffers); memory; recorded accuracy."
)


def render(sweep: Sweep, rows: Sequence[Row]) -> str:
    """The page: self-contained, no script."""
    failed = [row for row in rows if row.error]
    *_, counts = document.summary(rows)
    body = [
        page.header(
            f"Sweep {sweep.name}", passed=not failed, lines=[escape(counts), escape(_EXPLANATION)]
        ),
        *(_task(sweep, index, *entry) for index, entry in enumerate(by_task(rows).items())),
    ]
    if failed:
        body.append(page.section("failed", "Failed", _failures(failed)))
    return page.document(f"Sweep {sweep.name}", "\n".join(body))


def _task(sweep: Sweep, index: int, task: str, rows: list[Row]) -> str:
    head, *lines = document.table(sweep, [row for row in rows if document.is_shown(row)])
    pictures = [_cycles_by_hardware(index, task, rows)]
    if len({row.number("predicted", "accuracy") for row in rows}) > 1:
        pictures.append(_cycles_by_accuracy(index, task, rows))
    return page.section(f"task-{index}", task, *pictures, page.table(Table(head, lines)))


def _cycles_by_hardware(index: int, task: str, rows: Sequence[Row]) -> str:
    if all(row.area for row in rows):
        label, horizontal = "LUT", [float(row.number("area", "lut")) for row in rows]
    else:
        label = "processing elements"
        horizontal = [float(row.point.config().systolic_array_size ** 2) for row in rows]
    return _chart(f"hardware-{index}", f"Cycles by {label}", task, label, horizontal, rows)


def _cycles_by_accuracy(index: int, task: str, rows: Sequence[Row]) -> str:
    horizontal = [100 * row.number("predicted", "accuracy") for row in rows]
    label = "accuracy, %"
    return _chart(f"accuracy-{index}", "Cycles by accuracy", task, label, horizontal, rows)


def _chart(
    name: str, title: str, task: str, label: str, horizontal: Sequence[float], rows: Sequence[Row]
) -> str:
    """Predicted cycles; a colour for each project, points on the front filled."""

    def plot(axes: Axes) -> None:
        _scale(axes, [row.number("predicted", "cycles") for row in rows])
        axes.set_xlabel(label)
        axes.set_ylabel("predicted cycles")
        axes.grid(visible=True)
        names = sorted({row.point.project for row in rows})
        for project, color in zip(names, _colors(len(names)), strict=True):
            for on_front in (False, True):
                points = [
                    (x, row.number("predicted", "cycles"))
                    for x, row in zip(horizontal, rows, strict=True)
                    if (row.point.project, row.on_front) == (project, on_front)
                ]
                if points:
                    x, y = zip(*points, strict=True)
                    axes.scatter(
                        x,
                        y,
                        s=30 if on_front else 14,
                        facecolors=color if on_front else "none",
                        edgecolors=color,
                        label=project if on_front else f"{project}, beaten",
                    )
        axes.legend()

    best = [row for row in rows if row.on_front]
    description = f"{len(best):,} of {len(rows):,} points are on the front; the table has them."
    svg = charts.draw(
        plot, name=name, title=f"{task}: {title}", description=description, height=_HEIGHT
    )
    return page.chart(svg, f"{title}: filled points are on the front.")


def _scale(axes: Axes, cycles: Sequence[int]) -> None:
    """Cycles upwards: logarithmic where they differ by much, with numbers that are written out."""
    if max(cycles) > _DECADE * min(cycles) > 0:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def _colors(count: int) -> list[str]:
    return [charts.SERIES[index % len(charts.SERIES)] for index in range(count)]


def _failures(failed: Sequence[Row]) -> str:
    errors = Counter(row.error or "" for row in failed)
    rows = [(error, f"{count:,}") for error, count in errors.most_common()]
    return page.table(Table(["error", "points"], rows))
