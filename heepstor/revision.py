"""Which commit the project is at, so that a number can be traced to the sources it comes from."""

from __future__ import annotations

import os
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]

# What the cycles of a run can depend on; an edited page of the documentation changes none.
_SOURCES = ("heepstor", "golden", "rtl", "sw", "heepstor_cfg.hjson", "pyproject.toml")
_SHORT_DIGITS = 9


@dataclass(frozen=True)
class Revision:
    """A commit, and whether the sources differ from it."""

    commit: str | None
    """40 hexadecimal digits; None where git knows of none."""
    dirty: bool

    def __str__(self) -> str:
        """Short, for people: `0123abcde`, or `0123abcde+` with changes."""
        return f"{self.commit[:_SHORT_DIGITS]}{'+' if self.dirty else ''}" if self.commit else "-"

    def as_dict(self) -> dict[str, Any]:
        """The form of `report.json`."""
        return asdict(self)


def current(root: Path = ROOT) -> Revision:
    """The revision of the project in `root`; 5 ms.

    A project that was unpacked without git, or into the repository of another, has no commit.
    """
    command = ["git", "--no-optional-locks", "status", "--porcelain=v2", "--branch", "--"]
    # Above the project, git would find a repository whose commits say nothing about it.
    environment = os.environ | {"GIT_CEILING_DIRECTORIES": str(root.parent)}
    try:
        done = subprocess.run(
            [*command, *_SOURCES],
            cwd=root,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        return Revision(None, dirty=False)
    return _parse(done.stdout) if done.returncode == 0 else Revision(None, dirty=False)


def _parse(status: str) -> Revision:
    """Read `git status --porcelain=v2 --branch`: `# branch.oid <commit>`, then what has changed."""
    headers = [line.split() for line in status.splitlines() if line.startswith("#")]
    commit = next((words[2] for words in headers if words[1] == "branch.oid"), "(initial)")
    if commit == "(initial)":
        return Revision(None, dirty=False)
    return Revision(commit, dirty=len(headers) < len(status.splitlines()))
