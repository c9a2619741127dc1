"""The views of a waveform hold the same signals, and open in what is installed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from heepstor import config
from heepstor.cli import main
from heepstor.errors import ToolError
from heepstor.sim import waves

CONFIG = config.load()
WITHOUT_A_VIEWER = r"gtkwave or surfer: not on PATH; install GTKWave .*gtkwave\) or Surfer"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a run with a waveform."""
    made = tmp_path / "run"
    made.mkdir()
    (made / waves.FST).touch()
    waves.write_views(CONFIG, made)
    return made


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """All that is on PATH."""
    made = tmp_path / "bin"
    made.mkdir()
    monkeypatch.setenv("PATH", str(made))
    return made


def install(tools: Path, name: str) -> None:
    """A viewer that writes down what it was started with, and ends with 3."""
    script = tools / name
    script.write_text(f'#!/bin/sh\necho "$@" > {tools}/started\nexit 3\n', encoding="utf-8")
    script.chmod(0o755)


def test_both_views_show_every_signal_in_the_same_groups(folder: Path) -> None:
    groups = {
        group.name: [group.path(name) for name, _ in group.signals]
        for group in waves.groups(CONFIG)
    }
    shown: dict[str, list[str]] = {}
    for line in (folder / "waves.sucl").read_text(encoding="utf-8").splitlines():
        command, _, name = line.partition(" ")
        if command == "divider_add":
            shown[name] = []
        elif command == "variable_add":
            shown[list(shown)[-1]].append(name)
    assert shown == groups
    save = (folder / "waves.gtkw").read_text(encoding="utf-8")
    for name, signals in groups.items():
        (inside,) = re.findall(rf"\n-{name}\n(.*?)\n-{name}\n", save, re.DOTALL)
        listed = re.findall(r"^(?:\+\{.*\} )?(TOP\..*?)(?:\[\d+:0\])?$", inside, re.MULTILINE)
        assert listed == signals


def test_the_first_viewer_that_is_installed_is_taken(folder: Path, tools: Path) -> None:
    with pytest.raises(ToolError, match=WITHOUT_A_VIEWER):
        waves.viewer_command(folder)
    install(tools, "surfer")
    surfer = ["surfer", "--command-file", str(folder / "waves.sucl"), str(folder / waves.FST)]
    assert waves.viewer_command(folder) == surfer
    install(tools, "gtkwave")
    *_, waveform, save = waves.viewer_command(folder)
    assert [waveform, save] == [str(folder / waves.FST), str(folder / "waves.gtkw")]
    assert waves.viewer_command(folder)[0] == "gtkwave"
    assert waves.viewer_command(folder, "surfer") == surfer


def test_a_viewer_that_is_asked_for_and_not_there_is_named(folder: Path, tools: Path) -> None:
    install(tools, "surfer")
    with pytest.raises(ToolError, match=r"^gtkwave: not on PATH"):
        waves.viewer_command(folder, "gtkwave")


def test_without_a_waveform_the_command_that_makes_it_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["waves", "no-such-project"]) == 2
    error = capsys.readouterr().err
    assert "waves.fst: is missing" in error
    assert "heepstor sim no-such-project --waves layer:0" in error


def test_the_command_starts_the_viewer_and_hands_its_status_on(
    folder: Path, tools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waves, "_BUILD", folder.parent)
    install(tools, "gtkwave")
    assert main(["waves", folder.name]) == 3
    started = (tools / "started").read_text(encoding="utf-8")
    assert started.endswith(f"{folder / waves.FST} {folder / 'waves.gtkw'}\n")


def test_what_is_removed_is_all_that_is_written(folder: Path) -> None:
    assert len(list(folder.iterdir())) == 3
    waves.remove(folder)
    assert list(folder.iterdir()) == []
