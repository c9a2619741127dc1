"""Runs UVM tests on arrays of several parameters; tests of all kinds share their simulators."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from heepstor.build import rtl
from verif.harness import session
from verif.harness.cocotb_runner import ROOT, run_module
from verif.rtl import sa

HERE = Path(__file__).parent


class Configuration(NamedTuple):
    """Parameters of an array, small, so that all in it wraps and M is cut in chunks."""

    size: int
    rows: int
    """Of the accumulators."""
    ports: int
    words: int
    """Of activations."""
    weight_rows: int = 16

    @property
    def is_quick(self) -> bool:
        return self in QUICK

    def __str__(self) -> str:
        return "-".join(map(str, self[:4]))


QUICK = (
    Configuration(4, 32, 4, 64),  # 3 x 3 windows fit in half the rows
    Configuration(8, 8, 1, 128),
)
CONFIGURATIONS = (
    *QUICK,
    Configuration(4, 8, 2, 64),
    Configuration(4, 16, 1, 64),
    Configuration(12, 32, 4, 256),  # 12 is no power of two
    Configuration(16, 16, 2, 256),
)
"""Those that are not quick run with `--full`."""

on_every_configuration = pytest.mark.parametrize(
    "configuration",
    [
        pytest.param(c, id=str(c), marks=() if c.is_quick else pytest.mark.full)
        for c in CONFIGURATIONS
    ],
)


def names_of_tests(module: str) -> list[str]:
    """Names of the UVM tests of a module, given by its dotted name.

    Read, not imported: the module is for simulator processes.
    """
    path = ROOT.joinpath(*module.split(".")).with_suffix(".py")
    text = path.read_text(encoding="utf-8")
    return re.findall(r"^@pyuvm\.test\(\)\nclass (\w+)", text, re.MULTILINE)


def array_sources() -> list[Path]:
    """The array's files, packages first, and its test top."""
    top = (HERE / f"{name}.sv" for name in ("obi_probe", "memory_port", "systolic_array_tb"))
    return [sa.ONE_PE, *rtl.array(), *top]


def run(
    configuration: Configuration, module: str, test: str, *, plusargs: Sequence[str] = ()
) -> None:
    """Run one test of a module, given by its dotted name, on the array of `configuration`.

    Raises:
        RunError: it did not pass.
    """
    run_module(
        "systolic_array_tb",
        array_sources(),
        module,
        {
            "Size": configuration.size,
            "AccumulatorRows": configuration.rows,
            "Ports": configuration.ports,
            "ActivationWords": configuration.words,
            "WeightRows": configuration.weight_rows,
        },
        test_filter=f"{test}$",
        timeout_s=session.of(quick=300, full=840),
        random_state=True,
        public=("memory_port",),
        plusargs=plusargs,
    )
