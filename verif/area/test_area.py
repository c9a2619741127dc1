"""The array's RTL can be synthesized, and areas are counted as they should be.

Whole sweeps are a command, `python -m verif.area`; here is what takes seconds.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from verif.area.__main__ import sweep, table
from verif.area.synthesis import PARAMETERS, Area, SynthesisError, array_area, cells

_SMALLEST = {
    "Size": 4,
    "Ports": 1,
    "ActivationWords": 64,
    "WeightRows": 16,
    "AccumulatorRows": 4,
}


def test_a_processing_element_takes_one_multiplier_and_is_of_luts_and_flip_flops(
    tmp_path: Path,
) -> None:
    area = Area.of(cells("sa_pe", {}, tmp_path))
    assert (area.dsp, area.bram36) == (1, 0)
    assert 300 < area.lut < 1500
    # Two weights, the activation, product, sum and what is between the adder's stages.
    assert 100 < area.ff < 300


def test_an_accumulator_memory_of_many_rows_goes_into_block_memory(tmp_path: Path) -> None:
    area = Area.of(cells("sa_accumulator", {"Size": 4, "Rows": 1024}, tmp_path))
    assert area.bram36 == 4


@pytest.mark.full
def test_the_smallest_array_has_the_elements_of_its_size(tmp_path: Path) -> None:
    assert array_area(_SMALLEST, tmp_path).dsp >= 16


def test_a_cell_that_is_not_known_is_an_error() -> None:
    with pytest.raises(SynthesisError, match="URAM288"):
        Area.of({"LUT6": 3, "URAM288": 1})


def test_areas_add_up() -> None:
    element = Area.of({"LUT2": 2, "FDRE": 3, "DSP48E2": 1, "INV": 4})
    rest = Area.of({"RAM64M8": 1, "FDCE": 1, "RAMB18E2": 1, "CARRY4": 2})
    assert rest.plus(element, 16) == Area(lut=8 + 32, ff=1 + 48, dsp=16, bram36=0.5)


def test_a_module_that_there_is_not_is_an_error_with_what_yosys_says(tmp_path: Path) -> None:
    with pytest.raises(SynthesisError, match="sa_nothing"):
        cells("sa_nothing", {}, tmp_path)


def test_the_sweep_varies_one_parameter_at_a_time() -> None:
    configurations = list(sweep())
    assert configurations[0] == PARAMETERS
    for parameters in configurations[1:]:
        assert sum(parameters[name] != PARAMETERS[name] for name in PARAMETERS) == 1


def test_the_table_has_a_row_for_each_configuration() -> None:
    area = Area(lut=1234, ff=5, dsp=6, bram36=0.5)
    lines = table([(_SMALLEST, area), (PARAMETERS, area)]).splitlines()
    assert lines[2] == "| 4 | 1 | 64 | 16 | 4 | 1,234 | 5 | 6 | 0.5 |"
    assert len(lines) == 4
