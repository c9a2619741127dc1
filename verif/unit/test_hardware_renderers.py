"""`heepstor.emit.hardware`: what SystemVerilog, C++ and scripts read is what the tables say."""

from __future__ import annotations

import json
import re
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from heepstor import config, registers
from heepstor.emit import hardware

CONFIG = config.load(overrides=["systolic_array.size=12", "memory.banks=3"])


def sv_constants(text: str) -> dict[str, int]:
    found = re.findall(r"localparam .*? (\w+) = (?:\d+'h([0-9A-F]+)|(\d+));", text)
    return {name: int(hexa, 16) if hexa else int(decimal) for name, hexa, decimal in found}


def test_the_sv_package_carries_configuration_and_hash() -> None:
    constants = sv_constants(hardware.sv_config_package(CONFIG))
    assert constants["Size"] == 12
    assert constants["MemoryBanks"] == 3
    assert constants["ConfigHash"] == CONFIG.hash


def test_the_sv_package_carries_the_version_of_the_rtl() -> None:
    assert sv_constants(hardware.sv_version_package(0x0123_ABCD)) == {"RtlVersion": 0x0123_ABCD}


@pytest.mark.parametrize("block", registers.BLOCKS, ids=lambda block: str(block.name))
def test_every_register_and_field_is_in_the_sv_package(block: registers.Block) -> None:
    constants = sv_constants(hardware.sv_register_package("p", block))
    for register in block.registers:
        name = "".join(part.capitalize() for part in register.name.lower().split("_"))
        assert constants[f"{name}Offset"] == register.offset
        for field in register.fields:
            stem = name + "".join(part.capitalize() for part in field.name.lower().split("_"))
            assert constants[f"{stem}Lsb"] == field.lsb
            assert constants[f"{stem}Width"] == field.width


def test_the_cpp_header_compiles_and_says_the_same(tmp_path: Path) -> None:
    hardware.write_if_changed(tmp_path / "heepstor_cfg.h", hardware.cpp_header(CONFIG))
    program = tmp_path / "main.cpp"
    program.write_text(
        '#include "heepstor_cfg.h"\n'
        "namespace c = heepstor::cfg;\n"
        f"static_assert(c::kSize == 12 && c::kConfigHash == {CONFIG.hash}u);\n"
        "static_assert(c::systolic_array::kTileOffset == 0x18);\n"
        "static_assert(c::systolic_array::kTileFirstLsb == 17);\n"
        "static_assert(c::soc_ctrl::kMarkerOffset == 0x8);\n"
        "static_assert(static_cast<unsigned>(c::ExitCode::kBusError) == 5);\n"
    )
    subprocess.run(["g++", "-std=c++17", "-fsyntax-only", str(program)], check=True)


@pytest.mark.parametrize("block", registers.BLOCKS, ids=lambda block: str(block.name))
def test_no_two_registers_or_windows_overlap(block: registers.Block) -> None:
    spans = [(r.offset, r.offset + 4) for r in block.registers]
    spans += [(w.offset, w.offset + w.size) for w in block.windows]
    spans.sort()
    for (_, end), (begin, _) in pairwise(spans):
        assert end <= begin
    assert spans[-1][1] <= block.size


def test_no_two_fields_of_a_register_overlap() -> None:
    for block in registers.BLOCKS:
        for register in block.registers:
            bits = [b for f in register.fields for b in range(f.lsb, f.lsb + f.width)]
            assert len(bits) == len(set(bits))
            assert all(bit < 32 for bit in bits)


def test_the_largest_array_fits_its_windows() -> None:
    windows = {window.name: window for window in registers.SYSTOLIC_ARRAY.windows}
    assert windows["WEIGHTS0"].size >= 32 * 32
    assert windows["STAGE"].size >= 32 * 4
    assert windows["ACCUMULATORS"].size >= 256 * 32 * 4


def test_the_json_summary_is_the_configuration() -> None:
    summary = json.loads(hardware.json_summary(CONFIG))
    assert summary.pop("hash") == f"0x{CONFIG.hash_hex}"
    assert summary == CONFIG.as_dict()


def test_an_unchanged_file_is_not_written_again(tmp_path: Path) -> None:
    path = tmp_path / "x"
    assert hardware.write_if_changed(path, "one")
    stamp = path.stat().st_mtime_ns
    assert not hardware.write_if_changed(path, "one")
    assert path.stat().st_mtime_ns == stamp
    assert hardware.write_if_changed(path, "two")
    assert path.read_text() == "two"


def test_no_generated_file_carries_a_time_stamp_or_a_path() -> None:
    for text in hardware.render_all(CONFIG).values():
        assert str(hardware.ROOT) not in text
        assert not re.search(r"\b20\d\d-\d\d-\d\d\b", text)
