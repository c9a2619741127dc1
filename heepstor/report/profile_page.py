"""A profile as one HTML page: flame graphs and tables; no script, no network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape

from heepstor.aligned import count
from heepstor.report import flame, page, profile, text
from heepstor.report.document import Report
from heepstor.report.tables import percent
from heepstor.sim import Cost, Profile
from heepstor.sim.profile import AFTER, BEFORE, Stack


def render(found: Profile, report: Report) -> str:
    """The page."""
    return page.document(
        f"{report['project']}: profile", "\n".join(_body(found, report)), flame.STYLE
    )


def _body(found: Profile, report: Report) -> Iterator[str]:
    yield page.header(
        f"{report['project']}: where the cycles went",
        passed=report["passed"],
        lines=[escape(line) for line in (text.verdict(report), text.headline(report))],
    )
    total = sum(found.stacks.values(), Cost())
    inference = {
        stack: cost.cycles
        for stack, cost in found.stacks.items()
        if stack[0] not in (BEFORE, AFTER)
    }
    yield page.numbers(
        [
            ("cycles of the run", count(total.cycles)),
            ("of them, the inference", percent(sum(inference.values()) / total.cycles)),
            ("asleep, waiting for the array", count(total.asleep)),
        ]
    )
    yield from _graph("inference", "The inference", inference)
    everything = {stack: cost.cycles for stack, cost in found.stacks.items()}
    yield from _graph("run", "The whole run", everything)
    yield page.section("parts", "Parts of the run", page.table(profile.parts(found)))
    yield page.section("functions", "Functions", page.table(profile.functions(found)))


def _graph(anchor: str, title: str, stacks: Mapping[Stack, int]) -> Iterator[str]:
    if stacks:
        yield page.section(
            anchor,
            title,
            f'<figure class="chart">{flame.graph(stacks, f"Flame graph: {title}")}<figcaption>'
            "Each box is a function below its caller, as wide as it and all that it called took "
            "cycles; the topmost are the parts of the run.</figcaption></figure>",
        )
