"""Runs the UVM tests of tests.py on arrays of several sizes, one simulator process each."""

from __future__ import annotations

import pytest

from heepstor import config
from heepstor.emit import hardware
from verif.harness.cocotb_runner import ROOT, run_module

CONFIGURATIONS = {(4, 4), (8, 4), (12, 8), (16, 16)}
"""(size, accumulator rows); few rows, so that M is cut in chunks."""

TESTS = (
    "RegistersReadAndWriteAsTheirTableSays",
    "CornerShapesGiveGoldenBits",
    "SpecialValuesGiveGoldenBits",
    "RandomGemmsGiveGoldenBits",
    "HazardsOnlyMakeTheBusWait",
    "RandomAccessesInAnyOrderGiveWhatTheModelSays",
    "IllegalAccessesAreRefusedAndChangeNothing",
    "AbortDropsWhatIsInFlightAndNothingElse",
)


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize(("size", "rows"), sorted(CONFIGURATIONS))
def test_array(size: int, rows: int, test: str) -> None:
    packages = hardware.write_all(config.load())
    sources = [
        packages / "sa_reg_pkg.sv",
        ROOT / "rtl/systolic_array/sa_pkg.sv",
        *sorted(ROOT.glob("rtl/common/*.sv")),
        *sorted(
            set(ROOT.glob("rtl/systolic_array/*.sv")) - {ROOT / "rtl/systolic_array/sa_pkg.sv"}
        ),
        ROOT / "verif/uvm/systolic_array_tb.vlt",
        ROOT / "verif/uvm/systolic_array_tb.sv",
    ]
    run_module(
        "systolic_array_tb",
        sources,
        "verif.uvm.tests",
        {"Size": size, "AccumulatorRows": rows},
        test_filter=f"{test}$",
        timeout_s=300,
    )
