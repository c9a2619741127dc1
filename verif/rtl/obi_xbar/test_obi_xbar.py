"""The crossbar: random traffic, order, round robin, throughput."""

from __future__ import annotations

import pytest

from verif.harness.cocotb_runner import ROOT, run_module
from verif.rtl import soc

ASSERTIONS = (
    ROOT / "rtl" / "common" / "obi_assertions.sv",
    ROOT / "verif" / "assertions" / "obi_xbar_assertions.sv",
)
"""The rules of OBI at every port of the crossbar, and its own; the second file binds them to it."""


@pytest.mark.parametrize(
    ("managers", "subordinates"),
    [
        (1, 1),
        (5, 3),
        pytest.param(2, 22, marks=pytest.mark.full),
        pytest.param(3, 4, marks=pytest.mark.full),
    ],
)
def test_obi_xbar(managers: int, subordinates: int) -> None:
    run_module(
        "obi_xbar",
        [*soc.sources("obi_xbar"), *ASSERTIONS],
        "verif.rtl.obi_xbar.cocotb_obi_xbar",
        {"Managers": managers, "Subordinates": subordinates},
    )
