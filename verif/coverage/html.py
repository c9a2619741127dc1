"""One self-contained HTML page: a table of the files, then their sources, holes marked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from html import escape
from pathlib import Path

from heepstor.report.page import document
from verif.coverage.exclusions import Exclusion
from verif.coverage.metrics import FileCoverage, Ratio, total
from verif.coverage.reader import ROOT, Kind, Point

_STYLE = """
td.full { color: var(--good); }
td.part { color: var(--bad); }
.listing td { width: auto; padding: 0 .6em; border: 0; text-align: left; }
.listing td:last-child { width: 100%; }
.listing td.count { text-align: right; color: var(--muted); font-size: .8rem; }
.listing pre { max-height: none; margin: 0; padding: 0; background: none; border: 0; }
.listing tr.hit { background: color-mix(in srgb, var(--good) 12%, transparent); }
.listing tr.missed { background: color-mix(in srgb, var(--bad) 20%, transparent); }
.never { color: var(--bad); font-size: .8rem; white-space: normal; }
"""


def render(
    files: Sequence[FileCoverage], exclusions: Sequence[Exclusion], *, root: Path = ROOT
) -> str:
    """The page about some files, whose sources are below `root`."""
    body = [
        "<header><h1>Code coverage</h1></header>",
        "<h2>By file</h2>",
        _summary(files),
        "<h2>Excluded</h2>",
        _excluded(exclusions),
        *(_listing(file, root) for file in files),
    ]
    return document("Code coverage", "\n".join(body), _STYLE)


def _summary(files: Sequence[FileCoverage]) -> str:
    heads = "".join(f"<th>{kind}</th>" for kind in Kind)
    rows = [
        _row(f'<a href="#{escape(file.file)}">{escape(file.file)}</a>', _ratios(file))
        for file in files
    ]
    rows.append(_row("<b>all</b>", list(total(files).values())))
    head = f"<thead><tr><th>file</th>{heads}</tr></thead>"
    return f'<div class="wide"><table>{head}{"".join(rows)}</table></div>'


def _ratios(file: FileCoverage) -> list[Ratio]:
    return [file.ratio(kind) for kind in Kind]


def _row(name: str, ratios: Sequence[Ratio]) -> str:
    cells = "".join(f'<td class="{_class_of(ratio)}">{ratio}</td>' for ratio in ratios)
    return f"<tr><td>{name}</td>{cells}</tr>"


def _class_of(ratio: Ratio) -> str:
    if not ratio.total:
        return "nothing"
    return "full" if ratio.hit == ratio.total else "part"


def _excluded(exclusions: Sequence[Exclusion]) -> str:
    items = "".join(
        f"<li>{escape(e.file)}: {e.kind} <code>{escape(e.source)}</code> "
        f"<code>{escape(e.point)}</code><br>{escape(e.why)}</li>"
        for e in exclusions
    )
    return f"<ul>{items}</ul>"


def _listing(file: FileCoverage, root: Path) -> str:
    counts = file.lines()
    never = _never_reached(file)
    source = (root / file.file).read_text(encoding="utf-8").splitlines()
    rows = "".join(
        _source_line(number, text, counts.get(number), never[number])
        for number, text in enumerate(source, start=1)
    )
    name = escape(file.file)
    table = f'<div class="wide"><table class="listing">{rows}</table></div>'
    return f'<h2 id="{name}">{name}</h2>{table}'


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
