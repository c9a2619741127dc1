"""The SoC on a board: what a bitstream would be made of runs a network from power-up on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from heepstor import config as configuration
from heepstor import flow, project, sim
from heepstor.build import build_soc
from heepstor.fpga import board
from verif.fpga import simulator

_RESET = re.compile(r"\n# reset ([01]) at \d+ ps\n")


@pytest.mark.full
def test_a_network_runs_on_the_board_as_on_the_soc_alone(tmp_path: Path) -> None:
    """Each character on the line is the same, and so are bits and cycles of every layer.

    The RAM comes with its content, the clock from the MMCM, and somebody presses the button.
    """
    config = configuration.load()
    options = flow.Options(config=config, folder=tmp_path / "run")
    loaded = project.find("mnist-single_layer").load()
    elf = flow.make_application(loaded, options).image.elf
    alone = sim.run(build_soc(config), elf)
    assert alone.exit_code == 0

    said = simulator.run(config, board.find("zcu104"), elf, tmp_path)
    # High at first, so that it falls after power-up, too; then the button, whose bounce is no
    # press of its own.
    assert _RESET.findall(said) == ["1", "0", "1", "0", "1"]
    *_, interrupted, pressed, whole = _RESET.split(said)[::2]
    assert len(interrupted) > 100
    assert alone.uart.startswith(interrupted)
    assert len(pressed) <= 1  # the character that was cut
    console, ending = whole.split("\n# ended: ")
    print(console)
    assert console == alone.uart
    assert ending.startswith("led 111")  # success, the end, and a CPU that sleeps
