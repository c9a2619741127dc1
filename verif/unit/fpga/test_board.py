"""Descriptions of boards: what is accepted, and what each mistake is told."""

from __future__ import annotations

import re
from pathlib import Path

import hjson
import pytest

from heepstor import cli
from heepstor.errors import FpgaError
from heepstor.fpga import board

ZCU104 = hjson.loads((board.FOLDER / "zcu104.hjson").read_text(encoding="utf-8"))


def described(tmp_path: Path, **changes: object) -> Path:
    """A description like the ZCU104's with other values; a key with None is left out."""
    tree = {key: value for key, value in (ZCU104 | changes).items() if value is not None}
    path = tmp_path / "own.hjson"
    path.write_text(hjson.dumpsJSON(tree), encoding="utf-8")
    return path


def refusal(path: Path) -> str:
    with pytest.raises(FpgaError) as error:
        board.load(path)
    return str(error.value)


def test_the_boards_that_there_are_have_acceptable_descriptions() -> None:
    assert "zcu104" in board.names()
    for name in board.names():
        assert board.find(name).name == name


def test_a_board_is_what_its_description_says(tmp_path: Path) -> None:
    path = described(tmp_path, part="xcku5p-ffvb676-1-e", reset_active="low", clock_hz=300_000_000)
    own = board.find(str(path))
    assert (own.name, own.speed_grade, own.reset_pressed) == ("own", 1, 0)
    assert own.clock_hz == 300_000_000
    assert own.pins["led_o[3]"] == board.Pin("B5", "LVCMOS33")
    assert own.resources.bram36 == 312


def test_a_board_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(FpgaError, match=r"board 'zcu' is not there; there are: .*zcu104.*FILE"):
        board.find("zcu")


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FpgaError, match=r"none\.hjson: cannot be read"):
        board.find(str(tmp_path / "none.hjson"))


@pytest.mark.parametrize(
    "part", ["xczu7ev-ffvc1156-2-e", "xcku5p-ffvb676-1-e", "xcau25p-ffvb676-2"]
)
def test_parts_of_the_family_are_accepted(tmp_path: Path, part: str) -> None:
    assert board.load(described(tmp_path, part=part)).part == part


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"colour": "red"}, "colour is unknown; accepted: part, clock_hz"),
        ({"pins": None}, "own.hjson: pins is missing"),
        ({"part": "xc7z020clg484-1"}, "part is 'xc7z020clg484-1'; it must be an UltraScale+ part"),
        ({"part": "xcku040-ffva1156-2-e"}, "it must be an UltraScale+ part"),
        ({"part": 7}, "part is 7; it must be"),
        ({"clock_hz": "fast"}, "clock_hz is 'fast'; it must be a number of Hz"),
        ({"reset_active": "up"}, "reset_active is 'up'; it must be high or low"),
        ({"pins": []}, "pins must be an object"),
        ({"pins": {"clk_p_i": "F23"}}, "pins.clk_p_i must be [package pin, I/O standard]"),
        ({"pins": {"clk_p_i": ["F23]", "LVDS"]}}, "pins.clk_p_i must be [package pin,"),
        ({"pins": {"a": ["F23", "X"], "b": ["F23", "X"]}}, "pins: F23 is given 2 times"),
        ({"resources": 5}, "resources must be an object with lut, ff, bram36, dsp"),
        ({"resources": {"lut": 1, "ff": 1, "dsp": 1}}, "resources.bram36 is missing"),
        (
            {"resources": {"lut": 1, "ff": 1, "dsp": 1, "bram36": -1}},
            "resources.bram36 is -1; it must be a whole number",
        ),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    assert message in refusal(described(tmp_path, **changes))


def test_a_name_that_no_script_can_have_is_refused(tmp_path: Path) -> None:
    path = described(tmp_path).rename(tmp_path / "my board.hjson")
    assert refusal(path) == "my board.hjson: the name must be of letters, digits, _ and -"


def test_all_mistakes_are_in_one_message(tmp_path: Path) -> None:
    said = refusal(described(tmp_path, clock_hz=0, reset_active="up"))
    assert re.search(r"clock_hz is 0;.*; reset_active is", said)


def test_the_command_tells_of_a_mistake_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["fpga", "--board", "none"]) == 2
    assert capsys.readouterr().err.startswith("heepstor: error: board 'none' is not there")
