"""A run is in the history with its cycles; a history that cannot be used costs no run."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from torch import nn

import heepstor
from heepstor import flow, history
from heepstor.revision import Revision
from heepstor.terminal import Terminal


def simulate(name: str, listener: flow.Listener = lambda event: None) -> flow.document.Report:
    """A run of a project that only one test has: two may be simulated at the same time."""
    compiled = heepstor.compile(
        nn.Sequential(nn.Linear(12, 9), nn.ReLU(), nn.Linear(9, 4)),
        input_shape=(12,),
        name=f"test-history-{name}",
    )
    options = replace(compiled.options, listener=listener)
    return replace(compiled, options=options).simulate()


def test_a_run_is_recorded_with_the_cycles_of_its_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "history.sqlite"
    monkeypatch.setenv(history.VARIABLE, str(path))
    report = simulate("recorded")
    (run,) = history.read(path)
    assert run.passed
    assert [(layer.name, layer.cycles, layer.predicted) for layer in run.layers] == [
        (row["name"], row["cycles"], row["predicted_cycles"]) for row in report["layers"]
    ]
    assert run.total == report["total_cycles"]
    assert run.revision == Revision(**report["revision"])


def test_a_history_that_cannot_be_written_is_told_and_the_run_passes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "history.sqlite"
    path.write_text("something else\n" * 100, encoding="utf-8")
    monkeypatch.setenv(history.VARIABLE, str(path))
    screen = io.StringIO()
    monkeypatch.setattr(screen, "isatty", lambda: True)
    assert simulate("told", Terminal(screen).on_event)["passed"]
    shown = [line for line in screen.getvalue().split("\n") if "not recorded" in line]
    assert len(shown) == 1
    assert f"{path}: file is not a database; HEEPSTOR_HISTORY can name another" in shown[0]
    assert path.read_text(encoding="utf-8").startswith("something else\n")
