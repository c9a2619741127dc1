"""The result of a run as Markdown, to paste into an issue or a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from heepstor.report import tables, text
from heepstor.report.document import Report
from heepstor.report.page import Table


def render(report: Report) -> str:
    """The whole report; charts are in the page alone."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield f"# {escaped(report['project'])}: {text.verdict_word(report)}"
    yield ""
    lines = [
        text.verdict(report),
        text.golden(report["golden"]),
        *text.predictions(report["predictions"]),
        text.reference(report["reference"]),
        text.memory(report["memory"]),
    ]
    yield from (f"- {escaped(line)}" for line in lines)
    for title, content in {
        "Cycles": tables.cycles(report),
        "Waveforms": tables.waves(report),
        "Predicted and simulated": tables.predictions(report),
        "Bounds": tables.bounds(report),
        "Configuration": tables.configuration(report),
        "Made with": tables.origin(report),
    }.items():
        if content.rows:
            yield from ("", f"## {title}", "")
            yield from table(content)
    if commands := tables.commands(report):
        yield from ("", "## Again", "", "```", *commands, "```")


def table(content: Table) -> Iterator[str]:
    """A table, a line a row."""
    numbers = len(content.headings) - content.text_columns
    yield _row(map(escaped, content.headings))
    yield _row(["---"] * content.text_columns + ["---:"] * numbers)
    for row in content.rows:
        yield _row(map(escaped, row))


def escaped(words: str) -> str:
    """Words that Markdown shows as they are, on one line."""
    return re.sub(r"([\\`*_\[\]<>#|])", r"\\\1", " ".join(words.split()))


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
