"""Runs the UVM tests of stream_tests.py on arrays of several sizes and numbers of ports."""

from __future__ import annotations

import pytest

from verif.uvm import runner

TESTS = "verif.uvm.stream_tests"


@pytest.mark.parametrize("test", runner.names_of_tests(TESTS))
@runner.on_every_configuration
def test_stream(configuration: runner.Configuration, test: str) -> None:
    runner.run(configuration, TESTS, test)
