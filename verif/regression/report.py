"""Writes the report of a session in its four forms, of which one is for the terminal."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from verif.regression import document, junit, page, text
from verif.regression.records import Session

FOLDER = Path("build", "regression")
PAGE, JSON, JUNIT = "index.html", "report.json", "junit.xml"


def write_all(session: Session, root: Path) -> None:
    """Write page, JSON and JUnit XML under the project's root, each in one go."""
    folder = root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    _replace(folder / PAGE, page.render(session))
    _replace(folder / JSON, json.dumps(document.build(session), indent=1) + "\n")
    _replace(folder / JUNIT, junit.render(session))


def print_summary(session: Session, terminal: Any, root: Path) -> None:
    """Print the summary through pytest's terminal reporter."""
    terminal.section("regression")
    for line in text.render(session):
        terminal.write_line(line)
    place = (root / FOLDER).relative_to(root)
    terminal.write_line(f"report: {place / PAGE}, {JSON}, {JUNIT}")
    verdict = {"green": True} if session.passed else {"red": True}
    terminal.write_line(text.verdict(session), bold=True, **verdict)


def _replace(path: Path, content: str) -> None:
    """A reader sees the old file or the new one, also when two sessions end at once."""
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    partial.write_text(content, encoding="utf-8")
    partial.replace(path)
