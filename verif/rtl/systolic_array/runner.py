"""Runs the tests of the whole array; those of both modes share their simulators."""

from __future__ import annotations

from typing import Any

import pytest

from heepstor.build import rtl
from verif.harness.cocotb_runner import run_module
from verif.rtl import sa

CONFIG_HASH = 0x89AB_CDEF

on_every_configuration = pytest.mark.parametrize(
    ("size", "rows", "ports"),
    [
        (4, 64, 2),
        pytest.param(8, 4, 1, marks=pytest.mark.full),
        pytest.param(12, 16, 4, marks=pytest.mark.full),
        pytest.param(16, 256, 2, marks=pytest.mark.full),
    ],
)


def run(tests: str, *, size: int, rows: int, ports: int, **settings: Any) -> None:
    """Run cocotb tests, given by the name of their module; `settings` are those of `run_module`."""
    run_module(
        "systolic_array",
        [sa.ONE_PE, *rtl.array()],
        tests,
        {
            "Size": size,
            "AccumulatorRows": rows,
            "Ports": ports,
            "ActivationWords": 256,
            "WeightRows": 64,
            "ConfigHash": CONFIG_HASH,
        },
        public=["sa_core"],
        timeout_s=300,
        **settings,
    )
