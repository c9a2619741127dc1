"""A profile of the firmware as text, as a page with flame graphs, and for others' tools."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from heepstor import aligned
from heepstor.aligned import count
from heepstor.report import text
from heepstor.report.document import Report
from heepstor.report.page import Table
from heepstor.report.tables import percent
from heepstor.sim import Cost, Profile

TEXT, PAGE, FOLDED = "profile.txt", "profile.html", "profile.folded"


def render(profile: Profile, report: Report) -> str:
    """Parts and functions as tables for people."""
    return "\n".join(
        [
            f"{report['project']}: {text.headline(report)}",
            "",
            *_lines(parts(profile)),
            "",
            *_lines(functions(profile)),
            "",
            text.verdict(report),
        ]
    )


def _lines(table: Table) -> list[str]:
    return aligned.lines([table.headings, *table.rows], set(table.headings[: table.text_columns]))


def parts(profile: Profile) -> Table:
    """The parts of the run; their sum is all of it."""
    rows = [
        [name, *_cost(cost, profile), count(cost.asleep)] for name, cost in profile.parts().items()
    ]
    total = sum(profile.stacks.values(), Cost())
    return Table(
        ["part of the run", "cycles", "share", "asleep"],
        [*rows, ["total", *_cost(total, profile), count(total.asleep)]],
    )


def functions(profile: Profile) -> Table:
    """Every function; the sum of its own cycles is the run, what it called is in "inclusive"."""
    rows: list[Sequence[str]] = [
        [
            function.name,
            *_cost(function.own, profile),
            count(function.own.asleep),
            *_cost(function.inclusive, profile),
        ]
        for function in profile.functions()
    ]
    total = sum(profile.stacks.values(), Cost())
    rows.append(["total", *_cost(total, profile), count(total.asleep), "", ""])
    return Table(["function", "own cycles", "share", "asleep", "inclusive", "of the run"], rows)


def _cost(cost: Cost, profile: Profile) -> list[str]:
    return [count(cost.cycles), percent(cost.cycles / profile.cycles)]


def write(profile: Profile, report: Report, folder: Path) -> list[Path]:
    """Write text, page and folded stacks into a folder; returns their paths."""
    from heepstor.report import profile_page

    contents = {
        TEXT: render(profile, report) + "\n",
        FOLDED: "\n".join(profile.folded()) + "\n",
        PAGE: profile_page.render(profile, report),
    }
    for name, content in contents.items():
        (folder / name).write_text(content, encoding="utf-8")
    return [folder / name for name in contents]
