"""Runs the UVM tests of tests.py on arrays of several sizes, one simulator process each."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from heepstor import config
from heepstor.emit import hardware
from verif.harness.cocotb_runner import ROOT, run_module

CONFIGURATIONS = ((4, 4), (8, 4), (12, 8))
"""(size, accumulator rows); few rows, so that M is cut in chunks; 12 is no power of two."""

# Not imported: it is for simulator processes.
TESTS = re.findall(
    r"^@pyuvm\.test\(\)\nclass (\w+)",
    Path(__file__).with_name("tests.py").read_text(encoding="utf-8"),
    re.MULTILINE,
)


def array_sources(rtl: Path) -> list[Path]:
    """The array's files under the folder `rtl`, packages first, and its test top."""
    array = rtl / "systolic_array"
    packages = [hardware.write_all(config.load()) / "sa_reg_pkg.sv", array / "sa_pkg.sv"]
    modules = [*rtl.glob("common/*.sv"), *array.glob("*.sv")]
    here = Path(__file__).parent
    return [
        *packages,
        *sorted(set(modules) - set(packages)),
        here / "systolic_array_tb.vlt",
        here / "systolic_array_tb.sv",
    ]


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize(("size", "rows"), CONFIGURATIONS)
def test_array(size: int, rows: int, test: str) -> None:
    run_module(
        "systolic_array_tb",
        array_sources(ROOT / "rtl"),
        "verif.uvm.tests",
        {"Size": size, "AccumulatorRows": rows},
        test_filter=f"{test}$",
        timeout_s=300,
        random_state=True,
    )
