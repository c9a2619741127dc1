"""What a bitstream takes is added up right and shown as it is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from heepstor import cli
from heepstor import config as configuration
from heepstor.build import area
from heepstor.build.area import Area
from heepstor.build.rtl import Sources
from heepstor.fpga import board, utilisation

CONFIG = configuration.load(overrides=["systolic_array.size=4"])
ZCU104 = board.find("zcu104")


@pytest.fixture
def yosys(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Yosys that knows what it will find."""

    def cells(
        top: str,
        parameters: dict[str, int],
        *,
        without: str = "",
        library: Sequence[str] = (),
        sources: Sources | None = None,
    ) -> dict[str, int]:
        if top == "sa_pe":
            return {"LUT6": 100, "DSP48E2": 1}
        assert (top, without) == ("fpga_top", "sa_pe")
        assert sources is not None
        # No real parameters at its border: Yosys cannot have these.
        assert "fpga_clock" in library
        rest = {"LUT2": 7, "FDRE": 4608, "RAMB36E2": 78, "BUFGCE": 3}
        return {**rest, "fpga_clock": 1, "sa_pe": 16}

    monkeypatch.setattr(area, "cells", cells)


@pytest.mark.usefixtures("yosys")
def test_a_bitstream_is_its_processing_elements_and_the_rest() -> None:
    found = utilisation.measure(CONFIG, ZCU104)
    assert found.elements == Area(lut=1600, ff=0, dsp=16, bram36=0)
    assert found.rest == Area(lut=7, ff=4608, dsp=0, bram36=78)
    assert found.total == Area(lut=1607, ff=4608, dsp=16, bram36=78)
    assert found.available == ZCU104.resources
    assert found.as_dict()["percent"] == {"lut": 0.7, "ff": 1.0, "dsp": 0.9, "bram36": 25.0}


@pytest.mark.usefixtures("yosys")
def test_the_command_prints_the_table_and_leaves_it_for_scripts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--set", "systolic_array.size=4", "--output", str(tmp_path)]
    assert cli.main(["fpga", "--utilisation", *options]) == 0
    table = capsys.readouterr().out.split("\n\n")[1].splitlines()
    assert table[0] == "|  | LUT | FF | DSP | BRAM (36 Kb) |"
    assert table[2:] == [
        "| processing elements | 1,600 | 0 | 16 | 0 |",
        "| the rest | 7 | 4,608 | 0 | 78 |",
        "| total | 1,607 | 4,608 | 16 | 78 |",
        "| xczu7ev-ffvc1156-2-e has | 230,400 | 460,800 | 1,728 | 312 |",
        "| taken | 0.7 % | 1.0 % | 0.9 % | 25.0 % |",
    ]
    values = json.loads((tmp_path / "utilisation.json").read_text(encoding="utf-8"))
    assert values["config"] == f"0x{CONFIG.hash_hex}"
    assert values["total"]["lut"] == 1607
