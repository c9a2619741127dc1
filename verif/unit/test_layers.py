"""The import rules of docs/architecture.md hold, and a breach of each is noticed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Check the import rules of the project in `folder`, with its own pyproject.toml."""
    program = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", program, "--no-cache", "--no-logo"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_project_keeps_its_import_rules() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("module", "statement", "broken_rule"),
    [
        ("heepstor/errors.py", "import heepstor.config", "heepstor imports only downward"),
        ("heepstor/plan/arena.py", "import heepstor.flow", "heepstor imports only downward"),
        ("heepstor/stray.py", "", "heepstor imports only downward"),
        ("golden/gemm.py", "import heepstor.ir", "the golden model is independent"),
        ("heepstor/plan/arena.py", "import torch", "torch stays where models are handled"),
        (
            "heepstor/sim/__init__.py",
            "from torch import nn",
            "torch stays where models are handled",
        ),
    ],
)
def test_a_breach_of_an_import_rule_is_noticed(
    tmp_path: Path, module: str, statement: str, broken_rule: str
) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for package in ("heepstor", "golden"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, tmp_path / package, ignore=ignored)
    with (tmp_path / module).open("a", encoding="utf-8") as file:
        file.write(f"\n{statement}\n")
    done = lint_imports(tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"{broken_rule} BROKEN" in done.stdout
