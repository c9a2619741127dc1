"""One lane of the epilogue."""

from __future__ import annotations

import pytest

from heepstor.build import rtl
from verif.harness.cocotb_runner import run_module
from verif.rtl import sa

_FILES = [path for path in rtl.array() if path.stem in sa.EPILOGUE_MODULES]


def test_sa_epilogue() -> None:
    run_module("sa_epilogue", _FILES, "verif.rtl.sa_epilogue.cocotb_sa_epilogue")


def test_relu_that_changes_before_the_result_is_caught() -> None:
    with pytest.raises(AssertionError, match="ReluIsConstantWhileOperationsAreOnTheirWay"):
        run_module("sa_epilogue", _FILES, "verif.rtl.sa_epilogue.cocotb_rule_breakers")
