"""HTML pages that look as all of ours do: self-contained, no script, readable on a phone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

_STYLE = Path(__file__).with_name("page.css")


@dataclass(frozen=True)
class Table:
    """Cells as people read them; the first `text_columns` columns are words, the others numbers."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    text_columns: int = 1


def document(title: str, body: str, style: str = "") -> str:
    """A whole page; `body` and `style` (more CSS) are put in as they are."""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>
{_STYLE.read_text(encoding="utf-8")}{style}</style>
</head>
<body>
{body}
</body>
</html>
"""


def header(title: str, *, passed: bool, lines: Sequence[str] = ()) -> str:
    """The head of a page, with the verdict's colour; `lines` are HTML."""
    paragraphs = "".join(f"<p>{line}</p>" for line in lines)
    word = "passed" if passed else "failed"
    return f'<header class="{word}"><h1>{escape(title)}</h1>{paragraphs}</header>'


def numbers(facts: Sequence[tuple[str, str]]) -> str:
    """The few numbers that a reader comes for, as tiles."""
    tiles = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in facts
    )
    return f'<dl class="numbers">{tiles}</dl>'


def facts(named: Mapping[str, str]) -> str:
    """A few facts, one a line."""
    rows = "".join(
        f"<dt>{escape(name)}</dt><dd><code>{escape(value)}</code></dd>"
        for name, value in named.items()
    )
    return f'<dl class="facts">{rows}</dl>'


def section(anchor: str, title: str, *parts: str) -> str:
    """A chapter; `parts` are HTML."""
    body = "\n".join(parts)
    return f'<section id="{escape(anchor)}"><h2>{escape(title)}</h2>\n{body}\n</section>'


def table(content: Table) -> str:
    """A table in a frame of its own, in which it can be moved sideways where it is too wide."""
    head = _row("th", content.headings, content.text_columns)
    body = "".join(_row("td", row, content.text_columns) for row in content.rows)
    # The frame takes the focus, so that the keyboard can move it, too.
    return (
        f'<div class="wide cells" tabindex="0"><table><thead>{head}</thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def chart(svg: str, caption: str) -> str:
    """A chart of `heepstor.report.charts` with what it shows in a sentence."""
    return f'<figure class="chart">{svg}<figcaption>{escape(caption)}</figcaption></figure>'


def _row(tag: str, cells: Sequence[str], text_columns: int) -> str:
    html = "".join(
        f'<{tag} class="text">{escape(cell)}</{tag}>'
        if column < text_columns
        else f"<{tag}>{escape(cell)}</{tag}>"
        for column, cell in enumerate(cells)
    )
    return f"<tr>{html}</tr>"
