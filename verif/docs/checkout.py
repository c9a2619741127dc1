"""A copy of the repository, in which a page may do whatever it shows."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from verif.docs.blocks import ROOT

_BUILT = {".git", ".venv", "build", "heepstor.egg-info"}
_LEFT_OUT_EVERYWHERE = shutil.ignore_patterns("gen", "__pycache__", ".*cache")


def checkout(folder: Path) -> Path:
    """Copy the sources into `folder`; what is built is taken from the cache, and kept there."""
    copy = folder / "heepstor"
    shutil.copytree(ROOT, copy, ignore=_left_out)
    cache = ROOT / "build" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    (copy / "build").mkdir()
    (copy / "build" / "cache").symlink_to(cache)
    _lend_environment(copy)
    return copy


def environment(copy: Path) -> Mapping[str, str]:
    """What a command in the copy inherits: as in a new shell, but for the copy's own sources."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("HEEPSTOR_", "PYTEST_", "MAKE", "MFLAGS"))
    }
    path = f"{copy / '.venv' / 'bin'}{os.pathsep}{inherited['PATH']}"
    return inherited | {"PATH": path, "PYTHONPATH": str(copy)}


def _left_out(folder: str, names: list[str]) -> set[str]:
    # There are packages that are called build, too.
    built = _BUILT if Path(folder) == ROOT else set()
    return built | set(_LEFT_OUT_EVERYWHERE(folder, names))


def _lend_environment(copy: Path) -> None:
    """Let `scripts/setup` find the environment of this process whole, in the place of the copy."""
    pins = hashlib.sha256(
        b"".join(
            (copy / name).read_bytes()
            for name in ("pyproject.toml", "requirements/constraints.txt")
        )
    ).hexdigest()
    (copy / ".venv").mkdir()
    (copy / ".venv" / "bin").symlink_to(Path(sys.prefix) / "bin")
    (copy / ".venv" / ".setup-complete").write_text(f"{copy}\n{pins}  -\n", encoding="utf-8")
