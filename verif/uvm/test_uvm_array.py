"""Runs the UVM tests of tests.py on arrays of several sizes, one simulator process each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from verif.harness import session
from verif.uvm import runner

TESTS = "verif.uvm.tests"
SAME_BITS = "verif.uvm.same_bits"


@pytest.mark.parametrize("test", runner.names_of_tests(TESTS))
@runner.on_every_configuration
def test_array(configuration: runner.Configuration, test: str) -> None:
    runner.run(configuration, TESTS, test)


@pytest.mark.early
def test_arrays_of_all_sizes_give_the_same_bits(tmp_path: Path) -> None:
    words = {}
    for configuration in session.of(quick=runner.QUICK, full=runner.CONFIGURATIONS):
        results = tmp_path / f"{configuration}.npy"
        plusargs = [f"+results={results}"]
        runner.run(configuration, SAME_BITS, "SameProductsOnEverySize", plusargs=plusargs)
        words[configuration] = np.load(results)
    first, *others = words
    for other in others:
        different = np.flatnonzero(words[first] != words[other])
        assert not different.size, (
            f"{different.size} of {words[other].size} results differ, the first at index "
            f"{different[0]}: 0x{words[first][different[0]]:08x} on {first}, "
            f"0x{words[other][different[0]]:08x} on {other}"
        )
