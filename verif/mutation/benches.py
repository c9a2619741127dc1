"""What tries to kill a mutant: the tests of the array's modules, at sizes that build in seconds.

A bench runs the very tests of the regression, on other sources. What passes all tests is linted at
the end, as the regression does: that finds most wrong widths. Time is bounded in the simulation: a
mutant gets `TIME_FACTOR` times the simulated time of the unmutated program, after which a watchdog
bound to the top ends it. (A wall-clock limit stands behind it, for loops that take no time.)
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from unittest import mock

from heepstor.build import rtl
from heepstor.build.cache import cached
from verif.harness import cocotb_runner, seeds
from verif.harness.cocotb_runner import ROOT
from verif.mutation.mutants import PACKAGE
from verif.rtl import fp_unit, native, sa
from verif.rtl.lint.verilator import verilator_lint

TIME_FACTOR = 3
SEED = "1"
"""The campaign's base seed: a score must not depend on luck."""
WALL_CLOCK_S = 120
NATIVE_VECTORS = 100_000
"""Random vectors of an arithmetic unit, after the directed ones."""
TIMED_OUT = f"mutation: {TIME_FACTOR} times the nominal time is over"
"""What the watchdog says."""

_SELECTED, _LIMIT, _REPORT = (
    f"HEEPSTOR_MUTANT{suffix}" for suffix in ("", "_LIMIT_NS", "_TIME_FILE")
)


def _number(variable: str) -> str:
    """C++, in a SystemVerilog string, for the number in an environment variable; 0 without it."""
    name = f'\\"{variable}\\"'
    return f"std::getenv({name}) ? std::atoi(std::getenv({name})) : 0"


_LIBRARY = f"""\
package {PACKAGE};
  // Not a plusarg: the test benches in C++ hand none on.
  int unsigned selected = $c32("{_number(_SELECTED)}");
endpackage
"""
_WATCHDOG = f"""\
module mutation_watchdog;
  int unsigned limit_ns = $c32("{_number(_LIMIT)}");
  initial if (limit_ns != 0) begin
    #(limit_ns * 1ns) $fatal(1, "{TIMED_OUT}");
  end
  int unsigned now;
  final begin
    now = 32'($realtime / 1ns);
    $c("if (const char* path = std::getenv(\\"{_REPORT}\\")) {{",
       "  std::FILE* file = std::fopen(path, \\"w\\");",
       "  std::fprintf(file, \\"%u\\", unsigned(", now, "));",
       "  std::fclose(file);",
       "}}");
  end
endmodule
bind TOP mutation_watchdog u_mutation_watchdog ();
"""
# One function for all processing elements instead of a copy each: builds are 2.5 times faster.
_CONTROL = """\
`verilator_config
no_inline -module "sa_pe"
"""
SUPPORT = _LIBRARY + _WATCHDOG + _CONTROL
"""What a program has besides the sources of the array, for the key of a result."""


class BuildError(Exception):
    """A program did not compile."""


@dataclass(frozen=True)
class Bench:
    """One simulator and the tests that run on it."""

    name: str
    top: str
    modules: tuple[str, ...]
    """Stems of the sources that the top needs, packages first; none means all of the array's."""
    tests: str
    """Python module of cocotb tests, or the folder of a C++ test bench or of the lint."""
    parameters: Mapping[str, int] = field(default_factory=dict)
    public: tuple[str, ...] = ()
    is_native: bool = False
    is_lint: bool = False

    def sources(self) -> list[Path]:
        """The unmutated sources."""
        files = {path.stem: path for path in rtl.array()}
        return [files[module] for module in self.modules or files]

    def depends_on(self) -> list[Path]:
        """The tests and what they are made of, for the key of a result.

        Not pytest's part of them: a bench has its own parameters.
        """
        folder = ROOT / Path(*self.tests.split("."))
        folder = folder if folder.is_dir() else folder.parent
        shared = [ROOT / "verif" / "rtl" / name for name in ("sa.py", "bench.py", "fp_check.h")]
        own = (path for path in folder.iterdir() if not path.name.startswith("test_"))
        return [*shared, *sorted(path for path in own if path.suffix in (".py", ".cpp", ".h"))]


_CORE = (*sa.ARRAY_MODULES, "clk_gate", "sa_accumulator", "sa_core")


def _cocotb(
    name: str,
    top: str,
    modules: tuple[str, ...],
    parameters: Mapping[str, int] | None = None,
    public: tuple[str, ...] = (),
) -> Bench:
    tests = f"verif.rtl.{top}.cocotb_{top}"
    return Bench(name, top, modules, tests, parameters or {}, public)


_ARITHMETIC = {
    f"systolic_array/{unit}.sv": [
        Bench(unit, unit, ("sa_pkg", unit), f"verif.rtl.{unit}", is_native=True),
        _cocotb(f"{unit}-control", unit, ("sa_pkg", unit)),
    ]
    for unit in ("sa_fp_add", "sa_fp_mul", "sa_fp_mul32")
}
_EPILOGUE = _cocotb("sa_epilogue", "sa_epilogue", sa.EPILOGUE_MODULES)
_DRAINS = [
    _cocotb(
        f"sa_drain-{size}x{rows}-{ports}",
        "sa_drain",
        sa.DRAIN_MODULES,
        {"Size": size, "AccumulatorRows": rows, "Ports": ports},
    )
    for size, rows, ports in ((4, 8, 1), (12, 64, 4))
]
_PORT = _cocotb("sa_port", "sa_port", ("sa_job_pkg", "fifo", "obi_assertions", "sa_port"))
_ACTIVATIONS = [
    _cocotb(
        f"sa_activations-{size}x{words}-{ports}",
        "sa_activations",
        ("sa_job_pkg", "sa_activations"),
        {"Size": size, "Ports": ports, "Words": words},
    )
    for size, words, ports in ((4, 8, 1), (12, 32, 4))
]
_PE = _cocotb("sa_pe", "sa_pe", ("sa_pkg", "sa_fp_mul", "sa_fp_add", "sa_pe"))
_ACCUMULATOR = _cocotb(
    "sa_accumulator", "sa_accumulator", ("sa_pkg", "sa_accumulator"), {"Size": 4, "Rows": 4}
)
_GATE = _cocotb("clk_gate", "clk_gate", ("clk_gate",))
_LINES = [
    _cocotb(f"delay_line-{depth}", "delay_line", ("delay_line",), {"Depth": depth})
    for depth in (14, 1)
]
_ARRAYS = [
    _cocotb(f"sa_array-{size}", "sa_array", sa.ARRAY_MODULES, {"Size": size}) for size in (4, 8)
]
_CORES = [
    _cocotb(f"sa_core-{size}x64", "sa_core", _CORE, {"Size": size, "AccumulatorRows": 64})
    for size in (4, 8)
]
_SUBORDINATE = _cocotb(
    "sa_subordinate-20x64",
    "sa_subordinate",
    ("sa_reg_pkg", "sa_job_pkg", "sa_pkg", "sa_subordinate"),
    {"Size": 20, "AccumulatorRows": 64, "ConfigHash": 0x89AB_CDEF},
)
_STEPS = [
    _cocotb(
        f"sa_steps-{size}x{words}",
        "sa_steps",
        ("sa_pkg", "sa_job_pkg", "sa_steps"),
        {"Size": size, "AccumulatorRows": 64, "ActivationWords": words},
    )
    for size, words in ((4, 64), (8, 128))
]
_WEIGHTS = [
    _cocotb(
        f"sa_weights-{size}x{rows}-{ports}",
        "sa_weights",
        (
            *("sa_pkg", "sa_job_pkg", "fifo"),
            *("sa_gearbox", "sa_tile_loop", "sa_weight_fetch", "sa_weights"),
        ),
        {"Size": size, "Ports": ports, "WeightRows": rows},
    )
    for size, ports, rows in ((4, 4, 16), (8, 1, 64))
]
_WHOLE = _cocotb(
    "systolic_array-4x4",
    "systolic_array",
    (),
    {"Size": 4, "AccumulatorRows": 4, "ConfigHash": 0x89AB_CDEF},
    public=("sa_core",),
)

_DESCRIPTOR = _cocotb(
    "sa_descriptor-12x64",
    "sa_descriptor",
    ("sa_reg_pkg", "sa_job_pkg", "sa_descriptor"),
    {"Size": 12, "AccumulatorRows": 64},
)
_JOBS = Bench(
    "jobs-4x64-2",
    "systolic_array",
    (),
    "verif.rtl.systolic_array.cocotb_jobs",
    {"Size": 4, "AccumulatorRows": 64, "Ports": 2, "ActivationWords": 128, "WeightRows": 64},
)

_LINT = Bench("lint", "systolic_array", (), "verif.rtl.lint", is_lint=True)

_TESTS: Mapping[str, Sequence[Bench]] = {
    "common/clk_gate.sv": [_GATE],
    "common/delay_line.sv": _LINES,
    "common/fifo.sv": [_PORT],
    "systolic_array/sa_accumulator.sv": [_ACCUMULATOR],
    "systolic_array/sa_activations.sv": _ACTIVATIONS,
    "systolic_array/sa_array.sv": _ARRAYS,
    "systolic_array/sa_core.sv": _CORES,
    "systolic_array/sa_descriptor.sv": [_DESCRIPTOR],
    "systolic_array/sa_drain.sv": _DRAINS,
    "systolic_array/sa_epilogue.sv": [_EPILOGUE],
    **_ARITHMETIC,
    "systolic_array/sa_pe.sv": [_PE],
    "systolic_array/sa_pkg.sv": [_PE, _EPILOGUE, _ARRAYS[0], _CORES[0], _WHOLE],
    "systolic_array/sa_job_pkg.sv": [_PORT, _DESCRIPTOR],
    "systolic_array/sa_steps.sv": _STEPS,
    "systolic_array/sa_port.sv": [_PORT],
    "systolic_array/sa_stream.sv": [_JOBS],
    "systolic_array/sa_subordinate.sv": [_SUBORDINATE],
    **{
        f"systolic_array/{unit}.sv": _WEIGHTS
        for unit in ("sa_gearbox", "sa_tile_loop", "sa_weight_fetch", "sa_weights")
    },
    "systolic_array/systolic_array.sv": [_WHOLE, _JOBS],
}
KILLERS = {file: (*benches, _LINT) for file, benches in _TESTS.items()}
"""Benches for the mutants of a file, the quickest killer first; paths relative to `rtl`.

A module is to be killed by its own tests: what only a GEMM notices is found late.
"""


def nominal_time_ns(bench: Bench, sources: Sequence[Path]) -> int:
    """Simulated time of the program with no mutant alive; 0 where the bench counts vectors instead.

    Raises:
        BuildError: it does not compile.
        AssertionError: the tests do not pass, so that there is nothing to measure mutants by.
    """
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "time"
        fault = run(bench, sources, selected=0, limit_ns=0, report=report)
        if fault:
            raise AssertionError(f"{bench.name} fails on what is not mutated: {fault}")
        return 0 if bench.is_native else int(report.read_text(encoding="ascii"))


def run(
    bench: Bench,
    sources: Sequence[Path],
    *,
    selected: int,
    limit_ns: int,
    report: Path | None = None,
    scratch: Path | None = None,
) -> str | None:
    """Run the tests of a bench.

    Args:
        sources: those of the bench, some of them mutated, and not those of `support`.
        selected: the number of the mutant that is alive; 0 for none.
        limit_ns: simulated time after which the watchdog ends the run; 0 for no limit.
        report: file into which the simulated time is to be written.
        scratch: where the simulator is built, if it is not worth to be kept in the cache.

    Returns:
        Why the mutant is dead, in a line, or None if all tests passed.

    Raises:
        BuildError: it does not compile.
    """
    settings = {_SELECTED: str(selected), _LIMIT: str(limit_ns), seeds.VARIABLE: SEED}
    if report:
        settings[_REPORT] = str(report)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stack.enter_context(mock.patch.dict(os.environ, settings))
        # What mutants reach is no coverage.
        os.environ.pop(cocotb_runner.COVERAGE_VARIABLE, None)
        if scratch:
            in_scratch = partial(cached, root=scratch)
            stack.enter_context(mock.patch.object(cocotb_runner, "cached", in_scratch))
            stack.enter_context(mock.patch.object(native, "cached", in_scratch))
        # What a failed run leaves is of no interest here: failing is what a mutant should do.
        stack.enter_context(mock.patch.object(cocotb_runner, "RUNS", folder))
        everything = [*_support(bench, folder), *sources]
        return (_run_native if bench.is_native else _run_cocotb)(bench, everything)


def lint(bench: Bench, sources: Sequence[Path]) -> str | None:
    """The first warning about the sources of a bench; None if there is none."""
    warnings = verilator_lint(rtl.Sources(tuple(sources), ()), bench.top).stderr
    return warnings.partition("\n")[0] or None


def is_timeout(cause: str) -> bool:
    """Whether a mutant died of taking too long, in simulated time or by the clock on the wall."""
    return TIMED_OUT in cause or f"not over after {WALL_CLOCK_S} s" in cause


def _support(bench: Bench, folder: Path) -> Iterator[Path]:
    """Sources which every program needs besides those of the array."""
    package = folder / f"{PACKAGE}.sv"
    package.write_text(_LIBRARY, encoding="utf-8")
    yield package
    if not bench.is_native:
        watchdog = folder / "mutation_watchdog.sv"
        watchdog.write_text(_WATCHDOG.replace("TOP", bench.top), encoding="utf-8")
        yield watchdog
    if bench.top in ("sa_array", "sa_core", "systolic_array"):
        control = folder / "mutation.vlt"
        control.write_text(_CONTROL, encoding="utf-8")
        yield control


def _run_cocotb(bench: Bench, sources: Sequence[Path]) -> str | None:
    try:
        cocotb_runner.run_module(
            bench.top,
            sources,
            bench.tests,
            bench.parameters,
            timeout_s=WALL_CLOCK_S,
            public=bench.public,
            extra_args=("-Wno-fatal",),
            stop_at_failure=True,
        )
    except AssertionError as error:
        if not str(error).startswith(f"{bench.tests} on "):
            raise BuildError(str(error)) from error
        return _cause(str(error))
    return None


def _cause(message: str) -> str:
    """The line of a failed run's message that says most."""
    lines = message.splitlines()
    telling = [line for line in lines if "Assertion failed" in line or TIMED_OUT in line]
    return (telling or lines)[0].strip()[:300]


def _run_native(bench: Bench, sources: Sequence[Path]) -> str | None:
    folder = ROOT / "verif" / "rtl"
    try:
        main = folder / bench.top / "main.cpp"
        native.build(bench.top, sources, main, [folder / "fp_check.h"])
    except AssertionError as error:
        raise BuildError(str(error)) from error
    faults = fp_unit.run(bench.top, sources, NATIVE_VECTORS).faults()
    return " ".join(faults.partition("\n")[0].split()) or None
