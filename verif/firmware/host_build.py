"""Compiles the firmware's own headers for the host, under the address and undefined sanitizers."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from heepstor import config
from heepstor.build import cache
from heepstor.build.firmware import SOFTWARE
from heepstor.emit import hardware

SOURCES = Path(__file__).parent / "host"

# -ffp-contract=off as for the target: the same roundings. A sanitizer's finding is the end.
FLAGS = (
    "-std=c++17",
    "-O1",
    "-g",
    "-ffp-contract=off",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
)


def executable(name: str, defines: Mapping[str, int]) -> Path:
    """`host/<name>.cpp` compiled with `defines`, from the cache if nothing has changed."""
    generated = hardware.write_all(config.load())
    headers = [
        header
        for folder in (SOFTWARE, generated, SOURCES)
        for header in sorted(folder.rglob("*.h"))
    ]
    source = SOURCES / f"{name}.cpp"
    key = {
        "flags": FLAGS,
        "defines": dict(defines),
        "files": cache.file_digests([source, *headers]),
        "compiler": _run("g++", "--version"),
    }

    def build(folder: Path) -> None:
        _run(
            "g++",
            *FLAGS,
            *(f"-D{macro}={value}" for macro, value in defines.items()),
            *(f"-I{path}" for path in (SOFTWARE, generated, SOURCES)),
            str(source),
            "-o",
            str(folder / name),
        )

    return cache.cached("host", key, build) / name


def _run(*command: str) -> str:
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout
