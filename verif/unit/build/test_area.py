"""The array's RTL can be synthesized, and areas are counted as they should be.

Areas of whole arrays take minutes: `heepstor area` measures them. Here is what takes seconds.
"""

from __future__ import annotations

from importlib import metadata
from typing import NoReturn

import pytest

from heepstor import cli, config
from heepstor.build import area
from heepstor.build.area import Area
from heepstor.errors import BuildError, ToolError

_SMALLEST = (
    "systolic_array.size=4",
    "systolic_array.activation_words=64",
    "systolic_array.weight_rows=16",
    "systolic_array.accumulator_rows=4",
)


def test_a_processing_element_takes_one_multiplier_and_is_of_luts_and_flip_flops() -> None:
    element = Area.of(area.cells("sa_pe", {}))
    assert (element.dsp, element.bram36) == (1, 0)
    assert 300 < element.lut < 1500
    # Two weights, the activation, product, sum and what is between the adder's stages.
    assert 100 < element.ff < 300


@pytest.mark.full
def test_an_accumulator_memory_of_many_rows_goes_into_block_memory() -> None:
    memory = Area.of(area.cells("sa_accumulator", {"Size": 4, "Rows": 1024}))
    assert memory.bram36 == 4


@pytest.mark.full
def test_the_smallest_array_has_the_elements_of_its_size() -> None:
    assert area.array_area(config.load(overrides=_SMALLEST)).dsp >= 16


def test_an_array_is_its_elements_and_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    def cells(top: str, parameters: dict[str, int], *, without: str = "") -> dict[str, int]:
        if top == "sa_pe":
            return {"LUT6": 10, "DSP48E2": 1}
        assert (parameters["Size"], without) == (4, "sa_pe")
        return {"FDRE": 7, "sa_pe": 16}

    monkeypatch.setattr(area, "cells", cells)
    whole = area.array_area(config.load(overrides=_SMALLEST))
    assert whole == Area(lut=160, ff=7, dsp=16, bram36=0)


def test_the_command_prints_a_row_of_the_documented_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = Area(lut=1234, ff=5, dsp=6, bram36=0.5)
    monkeypatch.setattr(area, "array_area", lambda config, on_progress: found)
    assert cli.main(["area", *(f"--set={override}" for override in _SMALLEST)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == (
        "| Size | Ports | ActivationWords | WeightRows | AccumulatorRows "
        "| LUT | FF | DSP | BRAM (36 Kb) |"
    )
    assert lines[2] == "| 4 | 1 | 64 | 16 | 4 | 1,234 | 5 | 6 | 0.5 |"


def test_a_cell_that_is_not_known_is_an_error() -> None:
    with pytest.raises(BuildError, match="URAM288"):
        Area.of({"LUT6": 3, "URAM288": 1})


def test_areas_add_up() -> None:
    element = Area.of({"LUT2": 2, "FDRE": 3, "DSP48E2": 1, "INV": 4})
    rest = Area.of({"RAM64M8": 1, "FDCE": 1, "RAMB18E2": 1, "CARRY4": 2})
    assert rest.plus(element, 16) == Area(lut=8 + 32, ff=1 + 48, dsp=16, bram36=0.5)


def test_a_module_that_there_is_not_is_an_error_with_what_yosys_says() -> None:
    with pytest.raises(BuildError, match=r"Yosys failed on sa_nothing(.|\n)*sa_nothing"):
        area.cells("sa_nothing", {})


def test_without_yosys_the_error_says_where_it_is_from(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> NoReturn:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    with pytest.raises(ToolError, match="pyosys"):
        area.tool()
