"""The part of the FuseSoC cores that depends on the configuration or comes from Python packages.

`heepstor.core` and `systolic_array.core` list our own files; what they need besides is a core that
FuseSoC lets this module write (scripts/fusesoc_generator.py), all of it copied.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from heepstor import config as configuration
from heepstor.build import export, rtl
from heepstor.build.rtl import Sources
from heepstor.config import Config
from heepstor.errors import ConfigError

_LISTED = ("common", "systolic_array", "soc")
"""Folders of `rtl/` that the cores list."""

PARTS = ("registers", "soc")


def generate(request: Path, folder: Path) -> Path:
    """Write the core that FuseSoC asks for, with all of its files, into `folder`.

    Args:
        request: FuseSoC's, in YAML; its parameters are `part` (`registers`: the offsets that the
            array needs; `soc`: all that the SoC needs besides the folders that its core lists),
            `config` (a hardware description, from the requesting core's folder; the repository's
            if absent) and `overrides` (a list of KEY=VALUE).
        folder: to write into.

    Raises:
        ConfigError: a parameter or the hardware description is not acceptable.
        ToolError: a package with RTL is not installed.
    """
    asked: dict[str, Any] = yaml.safe_load(request.read_text(encoding="utf-8"))
    parameters = asked["parameters"]
    part = parameters.get("part")
    if part not in PARTS:
        raise ConfigError(f"FuseSoC's parameter part is {part!r}; it must be registers or soc")
    description = parameters.get("config")
    config = configuration.load(
        Path(asked["files_root"], description) if description else configuration.DEFAULT_PATH,
        parameters.get("overrides", []),
    )
    sources = _registers(config) if part == "registers" else _soc(config)
    copies = export.copy(sources, folder)
    core = folder / f"{part}.core"
    core.write_text(_core(asked["vlnv"], copies, folder), encoding="utf-8")
    return core


def _registers(config: Config) -> Sources:
    files = rtl.generated_files(config)
    return Sources(tuple(path for path in files if path.stem == "sa_reg_pkg"), ())


def _soc(config: Config) -> Sources:
    """Without what the cores of array and SoC bring."""
    whole = rtl.soc(config)
    brought = {path for folder in _LISTED for path in rtl.own_files(folder)}
    brought.update(_registers(config).files)
    return Sources(
        tuple(path for path in whole.files if path not in brought), whole.include_folders
    )


def _core(vlnv: str, copies: Sources, folder: Path) -> str:
    """A core in JSON, which is YAML."""
    includes = {
        header.relative_to(folder).as_posix(): include.relative_to(folder).as_posix()
        for include in copies.include_folders
        for header in export.headers(Sources((), (include,)))
    }
    files: list[str | dict[str, Any]] = [
        {path: {"is_include_file": True, "include_path": include}}
        for path, include in sorted(includes.items())
    ]
    files += [path.relative_to(folder).as_posix() for path in copies.files]
    core = {
        "name": vlnv,
        "filesets": {"rtl": {"files": files, "file_type": "systemVerilogSource"}},
        "targets": {"default": {"filesets": ["rtl"]}},
    }
    return f"CAPI=2:\n{json.dumps(core, indent=1)}\n"
