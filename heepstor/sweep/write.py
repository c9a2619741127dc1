"""Writes what a sweep found out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from heepstor.emit.hardware import write_if_changed
from heepstor.sweep import document, page
from heepstor.sweep.results import Row
from heepstor.sweep.spec import Sweep


def write(sweep: Sweep, rows: Sequence[Row], folder: Path) -> list[Path]:
    """`sweep.json`, `sweep.csv` and `sweep.html` in the folder; returns their paths."""
    contents = {
        "sweep.json": document.as_json(sweep, rows),
        "sweep.csv": document.as_csv(rows),
        "sweep.html": page.render(sweep, rows),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        write_if_changed(folder / name, content)
    return [folder / name for name in contents]
