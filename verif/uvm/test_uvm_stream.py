"""Runs the UVM tests of stream_tests.py on arrays of several sizes and numbers of ports."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from verif.harness import session
from verif.harness.cocotb_runner import ROOT, run_module
from verif.uvm.test_uvm_array import array_sources

CONFIGURATIONS = ((4, 16, 1, 64), (8, 8, 1, 128), (4, 8, 2, 64), (12, 32, 4, 256))
"""(size, accumulator rows, ports, activation words): small, so that all of it wraps."""
FULL_CONFIGURATIONS = ((16, 16, 2, 256),)
"""Those that `--full` adds."""
WEIGHT_ROWS = 16

# Not imported: it is for simulator processes.
TESTS = re.findall(
    r"^@pyuvm\.test\(\)\nclass (\w+)",
    Path(__file__).with_name("stream_tests.py").read_text(encoding="utf-8"),
    re.MULTILINE,
)


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize(
    ("size", "rows", "ports", "words"),
    [*CONFIGURATIONS, *(pytest.param(*c, marks=pytest.mark.full) for c in FULL_CONFIGURATIONS)],
)
def test_stream(size: int, rows: int, ports: int, words: int, test: str) -> None:
    run_module(
        "systolic_array_tb",
        array_sources(ROOT / "rtl"),
        "verif.uvm.stream_tests",
        {
            "Size": size,
            "AccumulatorRows": rows,
            "Ports": ports,
            "ActivationWords": words,
            "WeightRows": WEIGHT_ROWS,
        },
        test_filter=f"{test}$",
        timeout_s=session.of(quick=300, full=840),
        random_state=True,
        public=("memory_port",),
    )
