"""Copies of RTL that other tools and other machines can use: everything in one folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from heepstor.build import rtl
from heepstor.build.rtl import Sources
from heepstor.emit import hardware

_HEADER_SUFFIXES = {".sv", ".svh", ".v", ".vh"}


def copy(originals: Sources, folder: Path) -> Sources:
    """Copy files and what they may include to `folder`, each unless it is there; the copies.

    In it are `rtl/` (ours), `generated/`, and `packages/` (those of Python packages).
    """
    for path in {*originals.files, *headers(originals)}:
        target = folder / place(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        hardware.write_if_changed(target, path.read_text(encoding="utf-8"))
    return Sources(
        tuple(folder / place(path) for path in originals.files),
        tuple(folder / place(path) for path in originals.include_folders),
    )


def headers(sources: Sources) -> Iterator[Path]:
    """The files that can be included."""
    for folder in sources.include_folders:
        yield from (path for path in folder.rglob("*") if path.suffix in _HEADER_SUFFIXES)


def place(path: Path) -> Path:
    """Where a file or folder is in a folder of copies."""
    if path.is_relative_to(rtl.ROOT / "rtl"):
        return path.relative_to(rtl.ROOT)
    if path.is_relative_to(rtl.ROOT / "build" / "hw"):
        return Path("generated", path.name)
    package = next(i for i, part in enumerate(path.parts) if part.startswith("pythondata_"))
    return Path("packages", *path.parts[package:])
