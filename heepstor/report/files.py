"""The files that a report is in, besides `report.json`: for people, all made from it."""

from __future__ import annotations

from pathlib import Path

from heepstor.report import markdown, text
from heepstor.report.document import Report

TEXT, MARKDOWN, PAGE = "report.txt", "report.md", "report.html"


def remove(folder: Path) -> None:
    """Remove a report, all its forms."""
    for name in ("report.json", TEXT, MARKDOWN, PAGE):
        (folder / name).unlink(missing_ok=True)


def write(report: Report, folder: Path) -> list[Path]:
    """Write text, Markdown and page into a folder; returns their paths."""
    from heepstor.report import run_page  # Matplotlib takes a second to import

    contents = {
        TEXT: text.render(report) + "\n",
        MARKDOWN: markdown.render(report),
        PAGE: run_page.render(report),
    }
    for name, content in contents.items():
        (folder / name).write_text(content, encoding="utf-8")
    return [folder / name for name in contents]
