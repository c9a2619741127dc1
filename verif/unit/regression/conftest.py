"""A small project with a regression of its own, run in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from verif.harness import seeds, session
from verif.uvm import coverage

ROOT = Path(__file__).resolve().parents[3]
PASSING = "def test_passes():\n    pass\n"

IN_ONE_PROCESS_OR_TWO = pytest.mark.parametrize(
    "workers",
    [pytest.param((), id="one", marks=pytest.mark.full), pytest.param(("-n", "2"), id="two")],
)
"""Most people run a regression on several workers, so that is what every session tries."""


@dataclass(frozen=True)
class Outcome:
    """How a session of the small project ended."""

    status: int
    output: str
    report: dict[str, Any]
    """What is in report.json; empty if none was written."""

    def test(self, name: str) -> dict[str, Any]:
        """The report's entry of the only test whose id ends with a name."""
        (entry,) = [test for test in self.report["tests"] if test["test"].endswith(name)]
        return dict(entry)


@dataclass(frozen=True)
class Project:
    """A folder with `verif/`, its plan and tests."""

    root: Path

    def plan(self, **content: Any) -> None:
        """Write the plan; what is not given is empty."""
        empty = {"features": [], "bins": {}, "complete_folders": []}
        self.write("plan.hjson", json.dumps(empty | content))

    def write(self, path: str, text: str) -> None:
        """Write a file below `verif`."""
        file = self.root / "verif" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def run(self, *arguments: str) -> Outcome:
        """Run pytest on it with the base seed 7, unless the arguments say another."""
        theirs = (session.EFFORT_VARIABLE, session.WAVES_VARIABLE, "PYTEST_")
        environment = {k: v for k, v in os.environ.items() if not k.startswith(theirs)}
        ours = {
            "PYTHONPATH": str(ROOT),
            seeds.VARIABLE: "7",
            coverage.VARIABLE: str(self.root / "coverage"),
        }
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *(arguments or ["verif"])],
            cwd=self.root,
            env=environment | ours,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        report = self.root / "build" / "regression" / "report.json"
        content = json.loads(report.read_text(encoding="utf-8")) if report.exists() else {}
        return Outcome(done.returncode, done.stdout, content)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project whose plan is empty and which has no test yet."""
    made = Project(tmp_path)
    (tmp_path / "pyproject.toml").write_text('[tool.pytest.ini_options]\ntestpaths = ["verif"]\n')
    made.write("conftest.py", 'pytest_plugins = ["verif.regression.plugin"]\n')
    made.plan()
    return made
