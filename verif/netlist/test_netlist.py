"""What Yosys makes of the RTL for an FPGA does what the RTL does: same bits, same cycles.

The benches of the RTL drive both. There is no board here: this is the nearest to one that there is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from verif.harness.cocotb_runner import RunError
from verif.netlist.netlist import netlists, simulate_beside

# What Yosys and a netlist take is too long for each session.
pytestmark = pytest.mark.full

_CORNERS = "verif.netlist.cocotb_corners"
_ARRAY = {
    "Size": 4,
    "Ports": 1,
    "ActivationWords": 64,
    "WeightRows": 16,
    "AccumulatorRows": 8,
    "ConfigHash": 0x1234_5678,
}


@pytest.mark.parametrize("bench", ["verif.rtl.sa_pe.cocotb_sa_pe", _CORNERS])
def test_processing_element_of_cells_does_what_the_rtl_does(bench: str) -> None:
    simulate_beside(netlists("sa_pe", {}), "sa_pe", {}, bench)


@pytest.mark.parametrize("bench", ["cocotb_systolic_array", "cocotb_jobs"])
def test_array_of_cells_does_what_the_rtl_does(bench: str) -> None:
    files = netlists("systolic_array", _ARRAY)
    simulate_beside(files, "systolic_array", _ARRAY, f"verif.rtl.systolic_array.{bench}")


def test_one_look_up_table_that_is_wrong_is_seen(tmp_path: Path) -> None:
    def inverted(table: re.Match[str]) -> str:
        return f"{~int(table[0], 16) & 0xFFFF:04x}"

    wrong = _altered_element(r"(?<=LUT4 #\(\n    \.INIT\(16'h)\w{4}", inverted, tmp_path)
    with pytest.raises(RunError, match="NetlistHasTheBitsOf_"):
        simulate_beside([wrong], "sa_pe", {}, _CORNERS)


@pytest.mark.parametrize(
    ("pattern", "replacement", "message"),
    [
        (r"\bINV\b", "URAM288", "Cannot find.* 'URAM288'"),
        (r"\bINV\b", "EMPTY", "Signal is not driven: 'O'"),
        (r"PREG\(32'sd0", "PREG(32'sd1", "DSP48E2 that does more"),
        (r"OPMODE\(9'h005", "OPMODE(9'h035", "DSP48E2 that does not multiply"),
    ],
    ids=["unknown", "empty", "pipelined DSP", "DSP that adds"],
)
def test_cell_without_a_model_is_refused(
    pattern: str, replacement: str, message: str, tmp_path: Path
) -> None:
    boxed = _altered_element(pattern, replacement, tmp_path)
    with boxed.open("a", encoding="utf-8") as file:
        file.write("module EMPTY(output O, input I); endmodule\n")
    with pytest.raises(RunError, match=message):
        simulate_beside([boxed], "sa_pe", {}, _CORNERS)


def _altered_element(
    pattern: str, replacement: str | Callable[[re.Match[str]], str], folder: Path
) -> Path:
    """The netlist of a processing element, changed where the pattern is found first."""
    [element] = netlists("sa_pe", {})
    text, count = re.subn(pattern, replacement, element.read_text(encoding="utf-8"), count=1)
    assert count == 1, f"nothing in the netlist fits {pattern}"
    altered = folder / element.name
    altered.write_text(text, encoding="utf-8")
    return altered
