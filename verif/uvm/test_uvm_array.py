"""Runs the UVM tests of tests.py on arrays of several sizes, one simulator process each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from heepstor import config
from heepstor.emit import hardware
from verif.harness import session
from verif.harness.cocotb_runner import ROOT, run_module
from verif.rtl import sa

CONFIGURATIONS = ((4, 4), (8, 4), (12, 8))
"""(size, accumulator rows); few rows, so that M is cut in chunks; 12 is no power of two."""
FULL_CONFIGURATIONS = ((16, 4),)
"""Those that `--full` adds."""

# Not imported: it is for simulator processes.
TESTS = re.findall(
    r"^@pyuvm\.test\(\)\nclass (\w+)",
    Path(__file__).with_name("tests.py").read_text(encoding="utf-8"),
    re.MULTILINE,
)


def array_sources(rtl: Path) -> list[Path]:
    """The array's files under the folder `rtl`, packages first, and its test top."""
    array = rtl / "systolic_array"
    generated = hardware.write_all(config.load()) / "sa_reg_pkg.sv"
    packages = [generated, *sorted(array.glob("*_pkg.sv"))]
    modules = [*rtl.glob("common/*.sv"), *array.glob("*.sv")]
    here = Path(__file__).parent
    return [
        *packages,
        *sorted(set(modules) - set(packages)),
        sa.ONE_PE,
        here / "obi_probe.sv",
        here / "memory_port.sv",
        here / "systolic_array_tb.sv",
    ]


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize(
    ("size", "rows"),
    [*CONFIGURATIONS, *(pytest.param(*c, marks=pytest.mark.full) for c in FULL_CONFIGURATIONS)],
)
def test_array(size: int, rows: int, test: str) -> None:
    _run(size, rows, test, "tests")


def test_arrays_of_all_sizes_give_the_same_bits(tmp_path: Path) -> None:
    words = {}
    full = (*CONFIGURATIONS, *FULL_CONFIGURATIONS)
    for size, rows in session.of(quick=CONFIGURATIONS, full=full):
        results = tmp_path / f"{size}.npy"
        _run(size, rows, "SameProductsOnEverySize", "same_bits", [f"+results={results}"])
        words[size] = np.load(results)
    first, *others = words
    for size in others:
        different = np.flatnonzero(words[first] != words[size])
        assert not different.size, (
            f"{different.size} of {words[size].size} results differ, the first at index "
            f"{different[0]}: 0x{words[first][different[0]]:08x} on size {first}, "
            f"0x{words[size][different[0]]:08x} on size {size}"
        )


def _run(size: int, rows: int, test: str, module: str, plusargs: Sequence[str] = ()) -> None:
    run_module(
        "systolic_array_tb",
        array_sources(ROOT / "rtl"),
        f"verif.uvm.{module}",
        {"Size": size, "AccumulatorRows": rows},
        test_filter=f"{test}$",
        timeout_s=session.of(quick=300, full=840),
        random_state=True,
        public=("memory_port",),
        plusargs=plusargs,
    )
