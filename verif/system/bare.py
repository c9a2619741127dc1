"""Bare programs: built with the compiler alone, without HEEPstor's firmware."""

from __future__ import annotations

import subprocess
from pathlib import Path

from heepstor import sim
from heepstor.build import build_soc, cache, firmware
from heepstor.config import Config
from heepstor.emit import hardware

PROGRAMS = Path(__file__).resolve().parent / "programs"

_COMMAND = (
    "riscv64-unknown-elf-g++",
    "-std=c++17",
    "-O2",
    "-ffreestanding",
    "-fno-exceptions",
    "-fno-rtti",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-nostdlib",
    "-Wl,--no-warn-rwx-segments",
)


def image(name: str, config: Config) -> Path:
    """The ELF of `programs/<name>.cpp` for `config`."""
    sources = [PROGRAMS / "start.S", PROGRAMS / f"{name}.cpp"]
    generated = hardware.write_all(config)
    inputs = [PROGRAMS / "bare.h", generated / "heepstor_cfg.h", generated / "heepstor.ld"]
    command = (*_COMMAND, *firmware.machine_flags(config))

    def build(folder: Path) -> None:
        subprocess.run(
            [
                *command,
                f"-I{generated}",
                *("-T", str(generated / "heepstor.ld")),
                *map(str, sources),
                "-lgcc",
                *("-o", str(folder / "program.elf")),
            ],
            check=True,
        )

    key = {"files": cache.file_digests([*sources, *inputs]), "command": command}
    return cache.cached("bare", key, build) / "program.elf"


def run(name: str, config: Config, *, cycle_limit: int = 5_000_000) -> sim.SimResult:
    """Simulate `programs/<name>.cpp` on the SoC of `config`."""
    return sim.run(build_soc(config), image(name, config), cycle_limit=cycle_limit)
