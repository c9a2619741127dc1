"""One self-contained HTML page: a table of the files, then their sources, holes marked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from html import escape
from pathlib import Path

from verif.coverage.exclusions import Exclusion
from verif.coverage.metrics import FileCoverage, Ratio, total
from verif.coverage.reader import ROOT, Kind, Point

_STYLE = """
body { font: 14px/1.4 sans-serif; margin: 2em auto; max-width: 75em; color: #222; }
table { border-collapse: collapse; }
th, td { padding: .2em .8em; border-bottom: 1px solid #ddd; text-align: left; }
td.ratio { text-align: right; }
td.full { background: #d8f0d8; }
td.part { background: #f8e0d8; }
pre { margin: 0; font: 12px/1.5 monospace; }
.listing td { padding: 0 .6em; border: 0; vertical-align: top; }
.listing .count { text-align: right; color: #777; }
.listing tr.hit { background: #eef8ee; }
.listing tr.missed { background: #f8d8d0; }
.never { color: #a02000; font: 12px sans-serif; white-space: normal; }
@media (prefers-color-scheme: dark) {
  body { background: #181818; color: #ddd; }
  td.full, .listing tr.hit { background: #1c3a1c; }
  td.part, .listing tr.missed { background: #4a241c; }
  .never { color: #ff9a80; }
}
"""


def render(
    files: Sequence[FileCoverage], exclusions: Sequence[Exclusion], *, root: Path = ROOT
) -> str:
    """The page about some files, whose sources are below `root`."""
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en"><head><meta charset="utf-8"><title>Code coverage</title>',
            f"<style>{_STYLE}</style></head><body>",
            "<h1>Code coverage</h1>",
            _summary(files),
            "<h2>Excluded</h2>",
            _excluded(exclusions),
            *(_listing(file, root) for file in files),
            "</body></html>\n",
        ]
    )


def _summary(files: Sequence[FileCoverage]) -> str:
    heads = "".join(f"<th>{kind}</th>" for kind in Kind)
    rows = [
        _row(f'<a href="#{escape(file.file)}">{escape(file.file)}</a>', _ratios(file))
        for file in files
    ]
    rows.append(_row("<b>all</b>", list(total(files).values())))
    return f"<table><tr><th>file</th>{heads}</tr>{''.join(rows)}</table>"


def _ratios(file: FileCoverage) -> list[Ratio]:
    return [file.ratio(kind) for kind in Kind]


def _row(name: str, ratios: Sequence[Ratio]) -> str:
    cells = "".join(
        f'<td class="ratio {"full" if ratio.hit == ratio.total else "part"}">{ratio}</td>'
        for ratio in ratios
    )
    return f"<tr><td>{name}</td>{cells}</tr>"


def _excluded(exclusions: Sequence[Exclusion]) -> str:
    rows = "".join(
        f"<tr><td>{escape(e.file)}</td><td>{e.kind}</td><td><code>{escape(e.source)}</code> "
        f"{escape(e.point)}</td><td>{escape(e.why)}</td></tr>"
        for e in exclusions
    )
    return f"<table><tr><th>file</th><th>kind</th><th>where</th><th>why</th></tr>{rows}</table>"


def _listing(file: FileCoverage, root: Path) -> str:
    counts = file.lines()
    never = _never_reached(file)
    source = (root / file.file).read_text(encoding="utf-8").splitlines()
    rows = "".join(
        _source_line(number, text, counts.get(number), never[number])
        for number, text in enumerate(source, start=1)
    )
    name = escape(file.file)
    return f'<h2 id="{name}">{name}</h2><table class="listing">{rows}</table>'


def _never_reached(file: FileCoverage) -> dict[int, list[Point]]:
    never: dict[int, list[Point]] = defaultdict(list)
    for point in sorted(file.counts):
        if file.counts[point] == 0:
            never[point.line].append(point)
    return never


def _source_line(number: int, text: str, count: int | None, never: Sequence[Point]) -> str:
    class_ = "" if count is None and not never else "missed" if never or not count else "hit"
    notes = "; ".join(f"{point.kind} {point.what}" for point in never)
    return (
        f'<tr class="{class_}"><td class="count">{number}</td>'
        f'<td class="count">{"" if count is None else count}</td>'
        f'<td><pre>{escape(text)}</pre><span class="never">{escape(notes)}</span></td></tr>'
    )
