"""docs/heepstor.md says what the committed figures say."""

from __future__ import annotations

import subprocess
import sys

import pytest

from heepstor import flow, project
from heepstor.ir import Backend
from verif.reference import page, runs
from verif.system.test_networks import HEEPSTOR_CYCLES


def test_the_page_is_what_its_command_makes() -> None:
    assert page.PATH.read_text(encoding="utf-8") == page.render(), f"run: {page.UPDATE}"


def test_every_network_is_on_the_page() -> None:
    text = page.PATH.read_text(encoding="utf-8")
    assert [name for name in project.names() if f"\n## {name}, " not in text] == []


def test_what_the_regression_must_beat_is_the_committed_figure() -> None:
    for name, cycles in HEEPSTOR_CYCLES.items():
        assert runs.theirs()[name].total_cycles == cycles


def test_a_cycle_in_no_row_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    layers = dict(runs.ours("cifar10")[Backend.DIRECT]) | {"conv9": 1}
    both = {Backend.DIRECT: layers, Backend.STREAM: runs.ours("cifar10")[Backend.STREAM]}
    monkeypatch.setattr(runs, "ours", lambda name: both)
    with pytest.raises(AssertionError, match="layers of our back-ends do not fit together"):
        list(page._network("cifar10"))


def test_the_command_writes_the_page() -> None:
    before = page.PATH.read_text(encoding="utf-8")
    command = [sys.executable, *page.UPDATE.split()[1:]]
    done = subprocess.run(command, cwd=flow.ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == f"{page.PATH}\n"
    assert page.PATH.read_text(encoding="utf-8") == before
