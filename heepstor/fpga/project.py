"""Projects for Vivado: a folder that holds all that a bitstream is made of, and the script."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from heepstor.build import rtl
from heepstor.build.rtl import Sources
from heepstor.config import Config
from heepstor.emit import hardware
from heepstor.errors import FpgaError, ToolError, VivadoMissingError
from heepstor.fpga import constraints, memory, sources
from heepstor.fpga.board import Board
from heepstor.fpga.check import check

_SCRIPT = "build.tcl"
_HEADER_SUFFIXES = {".sv", ".svh", ".v", ".vh"}
_BLOCK_WORDS = 1024
"""Of 32 bits, in a block RAM of 36 Kb."""


@dataclass(frozen=True)
class Project:
    """A project in its folder."""

    name: str
    folder: Path

    @property
    def bitstream(self) -> Path:
        """What Vivado makes of it."""
        return self.folder / f"{self.name}.bit"

    @property
    def command(self) -> list[str]:
        """To be run in the folder."""
        return ["vivado", "-mode", "batch", "-source", _SCRIPT]


def default_folder(config: Config, board: Board) -> Path:
    """Where a project is unless somebody wants it elsewhere."""
    return rtl.ROOT / "build" / "fpga" / _name(config, board)


def write(config: Config, board: Board, folder: Path, *, image: Path | None = None) -> Project:
    """Write a project and check it; what Vivado left in the folder stays.

    Args:
        config: the hardware.
        board: what it is for.
        folder: of the project; made if need be.
        image: firmware that the RAM holds when the FPGA is configured; without it the RAM is
            empty, and a debugger loads it.

    Raises:
        FpgaError: the hardware does not fit the board, its clock cannot be made, the pins are not
            those of the ports, or the image is for other hardware.
        SimulationError: `image` is no firmware.
        BuildError: the RTL does not elaborate.
        ToolError: a package with RTL is not installed.
    """
    _require_room(config, board)
    originals = sources.of(config, board, with_image=image is not None)
    memories = memory.files(config, image) if image else {}
    texts = constraints.render_all(config, board)
    copies = _copy(originals, folder)
    project = Project(_name(config, board), folder)
    script = Path(__file__).with_name(_SCRIPT).read_text(encoding="utf-8")
    settings = _settings(project.name, board, copies, folder, list(memories), list(texts))
    for name, text in {**memories, **texts, "settings.tcl": settings, _SCRIPT: script}.items():
        hardware.write_if_changed(folder / name, text)
    check(copies, board)
    return project


def run_vivado(project: Project) -> Path:
    """Make the bitstream; Vivado prints what it does, for hours.

    Raises:
        VivadoMissingError: it is not on PATH; the message says what to do where it is.
        ToolError: it failed, as it does when the timing is not met.
    """
    if shutil.which("vivado") is None:
        raise VivadoMissingError(
            f"Vivado is not on PATH; the project is written and checked: where Vivado is, take the "
            f"folder {project.folder} and run in it: {' '.join(project.command)}"
        )
    status = subprocess.run(project.command, cwd=project.folder).returncode
    if status != 0:
        raise ToolError(
            f"Vivado failed (status {status}); its log: {project.folder / 'vivado.log'}"
        )
    return project.bitstream


def _name(config: Config, board: Board) -> str:
    return f"heepstor-{board.name}-{config.hash_hex}"


def _require_room(config: Config, board: Board) -> None:
    words = config.memory_bank_kib * 1024 // 4
    blocks = config.memory_banks * -(-words // _BLOCK_WORDS)
    if blocks > board.resources.bram36:
        raise FpgaError(
            f"memory.banks is {config.memory_banks}, of {config.memory_bank_kib} KiB: {blocks} "
            f"blocks of 36 Kb; {board.part} has {board.resources.bram36:.0f}"
        )


def _copy(originals: Sources, folder: Path) -> Sources:
    """Copy files and the headers that they may include to `folder`; returns the copies."""
    headers = [
        path
        for include in originals.include_folders
        for path in include.rglob("*")
        if path.suffix in _HEADER_SUFFIXES
    ]
    for path in {*originals.files, *headers}:
        copy = folder / _place(path)
        copy.parent.mkdir(parents=True, exist_ok=True)
        hardware.write_if_changed(copy, path.read_text(encoding="utf-8"))
    return Sources(
        tuple(folder / _place(path) for path in originals.files),
        tuple(folder / _place(path) for path in originals.include_folders),
    )


def _place(path: Path) -> Path:
    """Where a file of ours, a generated one, or one of a package goes in a project."""
    if path.is_relative_to(rtl.ROOT / "rtl"):
        return path.relative_to(rtl.ROOT)
    if path.is_relative_to(rtl.ROOT / "build" / "hw"):
        return Path("generated", path.name)
    package = next(i for i, part in enumerate(path.parts) if part.startswith("pythondata_"))
    return Path("packages", *path.parts[package:])


def _settings(
    name: str,
    board: Board,
    copies: Sources,
    folder: Path,
    memories: Sequence[str],
    constraint_files: Sequence[str],
) -> str:
    """`settings.tcl`: what `build.tcl` builds; paths from the project's folder."""
    lists = {
        "sources": [path.relative_to(folder).as_posix() for path in copies.files],
        "include_folders": [path.relative_to(folder).as_posix() for path in copies.include_folders],
        "memories": memories,
        "constraints": constraint_files,
    }
    lines = [
        "# Generated by `make vivado-fpga`; do not edit.",
        f"set name {name}",
        f"set part {board.part}",
        f"set top {sources.TOP}",
    ]
    for variable, words in lists.items():
        lines += [f"set {variable} {{", *(f"    {word}" for word in words), "}"]
    return "\n".join(lines) + "\n"
