"""Measures the code coverage of the array's RTL.

    python -m verif.coverage                 # runs the tests below, reports, judges
    python -m verif.coverage --report-only   # of the runs that are there

The reports are `build/coverage/code.info` (LCOV) and `build/coverage/code.html`. The seed is fixed:
a measure that changes by itself cannot be a threshold. Exit status: 0, or 1 if a test failed, too
little was reached, an exclusion is stale, or nothing was measured.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence

from verif.coverage import exclusions, html, lcov, metrics, reader
from verif.coverage.exclusions import Exclusion
from verif.coverage.metrics import FileCoverage
from verif.coverage.reader import ROOT, Kind
from verif.harness import seeds
from verif.harness.cocotb_runner import COVERAGE_VARIABLE

FOLDER = ROOT / "build" / "coverage"
RUNS = FOLDER / "code"
MEASURED = "rtl/systolic_array/"
"""Below which folder the thresholds hold."""
THRESHOLDS = {Kind.LINE: 98.0, Kind.BRANCH: 98.0}
"""Percent. Toggles and expressions are reported, not judged."""

_TESTS = (
    "verif/rtl/systolic_array",
    "verif/uvm/test_uvm_array.py",
    "verif/uvm/test_uvm_stream.py",
)
# The smallest array, with many ports, and one with two groups of columns and one port; few rows,
# because bits cost time. (4-64-2 and 8-4-1 are those of the module's own tests.)
_SIZES = "4-32-4 or 8-8-1 or 4-64-2 or 8-4-1"
_SEED = "1"
_WORKERS = "2"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and report; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m verif.coverage", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--report-only", action="store_true", help="run no tests")
    options = parser.parse_args(arguments)
    if not options.report_only and (status := _run_tests()):
        print(f"the tests failed: pytest exited with {status}", file=sys.stderr)
        return 1
    counts = reader.merged(sorted(RUNS.glob("*.dat")))
    ours = {point: count for point, count in counts.items() if point.file.startswith(MEASURED)}
    kept, stale = exclusions.apply(ours, excluded := exclusions.load())
    files = metrics.by_file(kept)
    write_reports(files, excluded)
    print(table(files))
    faults = [*metrics.below(metrics.total(files), THRESHOLDS), *map(_stale, stale)]
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def write_reports(files: Sequence[FileCoverage], excluded: Sequence[Exclusion]) -> None:
    """Write code.info and code.html, each in whole or not at all."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in (
        ("code.info", lcov.render(files)),
        ("code.html", html.render(files, excluded)),
    ):
        (FOLDER / f"{name}.partial").write_text(text, encoding="utf-8")
        (FOLDER / f"{name}.partial").replace(FOLDER / name)


def table(files: Sequence[FileCoverage]) -> str:
    """What was reached, as text: a line for each file and one for all."""
    rows = [(file.file, [file.ratio(kind) for kind in Kind]) for file in files]
    rows.append(("all", list(metrics.total(files).values())))
    width = max(len(name) for name, _ in rows)
    head = f"{'':{width}}" + "".join(f"{kind:>22}" for kind in Kind)
    lines = (
        f"{name:{width}}" + "".join(f"{ratio!s:>22}" for ratio in ratios) for name, ratios in rows
    )
    return "\n".join([head, *lines])


def _run_tests() -> int:
    """Run the tests on simulators that measure, after dropping what was measured before."""
    shutil.rmtree(RUNS, ignore_errors=True)
    command = [sys.executable, "-m", "pytest", "-q", "-n", _WORKERS, "-k", _SIZES, *_TESTS]
    environment = os.environ | {COVERAGE_VARIABLE: str(RUNS), seeds.VARIABLE: _SEED}
    return subprocess.run(command, cwd=ROOT, env=environment).returncode


def _stale(exclusion: Exclusion) -> str:
    return (
        f"stale exclusion: {exclusion.file}: {exclusion.kind} {exclusion.source!r} excludes nothing"
    )


if __name__ == "__main__":
    sys.exit(main())
