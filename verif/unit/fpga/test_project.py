"""Projects for Vivado: whole, movable, checked; and what is said when one cannot be."""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
from pathlib import Path

import pytest

from heepstor import cli
from heepstor import config as configuration
from heepstor.build import rtl
from heepstor.build.rtl import Sources
from heepstor.errors import BuildError, FpgaError, ToolError
from heepstor.fpga import board, check, project, sources
from heepstor.fpga.board import Pin
from verif.system import bare

CONFIG = configuration.load()
ZCU104 = board.find("zcu104")
STAND_IN = Path(__file__).with_name("vivado.tcl")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> project.Project:
    """The project of the default hardware, with an image, after a move to another folder."""
    folder = tmp_path_factory.mktemp("project")
    original = project.write(CONFIG, ZCU104, folder / "here", image=bare.image("boot", CONFIG))
    moved = original.folder.rename(folder / "there")
    return dataclasses.replace(original, folder=moved)


@pytest.fixture
def vivado(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in on PATH, for which everything goes well."""
    tool = tmp_path / "bin" / "vivado"
    tool.parent.mkdir()
    tool.write_text(f'#!/bin/sh\nexec tclsh {STAND_IN} "$@"\n', encoding="utf-8")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("SLACK", "0.25")
    monkeypatch.setenv("PROGRESS", "100%")


@pytest.fixture
def no_vivado(monkeypatch: pytest.MonkeyPatch) -> None:
    found = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "vivado" else found(name))


@pytest.mark.usefixtures("vivado")
def test_the_script_builds_all_that_is_in_the_folder_wherever_that_is(
    written: project.Project,
) -> None:
    assert project.run_vivado(written) == written.bitstream
    assert written.bitstream.name == f"heepstor-zcu104-{CONFIG.hash_hex}.bit"
    assert written.bitstream.exists()
    calls = (written.folder / "calls.txt").read_text().splitlines()
    (created,) = (call for call in calls if call.startswith("create_project"))
    assert created.endswith("-part xczu7ev-ffvc1156-2-e")
    files = " ".join(call for call in calls if call.startswith("add_files"))
    for path in sources.of(CONFIG, ZCU104, with_image=True).files:
        assert f"/{path.name}" in files
    assert f"{written.folder}/ram_15.mem" in files
    assert "set_property top fpga_top {current_fileset }" in calls
    assert "launch_runs impl_1 -to_step write_bitstream" in calls
    # The bitstream says which hardware it is, to a debugger too.
    assert f"set_property BITSTREAM.CONFIG.USERID 0x{CONFIG.hash_hex} {{current_design }}" in calls
    assert any(
        call.startswith(f"set_property BITSTREAM.CONFIG.USR_ACCESS 0x{rtl.version():08x} ")
        for call in calls
    )


def test_nothing_in_a_project_is_of_the_machine_that_wrote_it(written: project.Project) -> None:
    for path in written.folder.rglob("*"):
        if path.is_file() and path.name != "calls.txt":
            assert str(rtl.ROOT) not in path.read_text(encoding="utf-8"), path


def test_an_image_of_the_ram_is_named_only_where_there_is_one() -> None:
    assert 'RamImage = "ram_"' in sources.render_package(CONFIG, ZCU104, with_image=True)
    assert 'RamImage = ""' in sources.render_package(CONFIG, ZCU104, with_image=False)


@pytest.mark.usefixtures("vivado")
def test_a_design_that_is_too_slow_is_a_failure(
    written: project.Project, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SLACK", "-0.01")
    with pytest.raises(ToolError, match=r"Vivado failed \(status 1\); its log: .*vivado\.log"):
        project.run_vivado(written)
    assert "timing is not met: see timing.rpt, and lower clock_hz" in capfd.readouterr().err


@pytest.mark.usefixtures("vivado")
def test_a_run_that_ends_early_is_a_failure(
    written: project.Project, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PROGRESS", "40%")
    with pytest.raises(ToolError, match="Vivado failed"):
        project.run_vivado(written)
    assert "synth_1: it ended early" in capfd.readouterr().err


@pytest.mark.usefixtures("no_vivado")
def test_without_vivado_the_project_is_there_and_what_to_do_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "project"
    assert cli.main(["fpga", "--board", "zcu104", "--output", str(folder)]) == 3
    printed = capsys.readouterr()
    assert printed.out == f"project: {folder}\n"
    assert printed.err == (
        "heepstor: error: Vivado is not on PATH; the project is written and checked: where Vivado "
        f"is, take the folder {folder} and run in it: vivado -mode batch -source build.tcl\n"
    )
    assert (folder / "build.tcl").exists()


@pytest.mark.usefixtures("no_vivado")
def test_the_project_alone_can_be_asked_for(tmp_path: Path) -> None:
    options = ["--set", "cpu.core=ibex", "--set", "clock_hz=50000000"]
    options += ["--set", "uart.baud_rate=2000000", "--output", str(tmp_path)]
    assert cli.main(["fpga", "--project-only", *options]) == 0
    package = (tmp_path / "generated" / "fpga_cfg_pkg.sv").read_text()
    assert "MmcmMultiply = 12.000;" in package
    assert "MmcmOutputDivide = 30.000;" in package
    assert "ibex_core.sv" in (tmp_path / "settings.tcl").read_text()


def test_each_port_has_its_pin_and_its_standard(written: project.Project) -> None:
    text = (written.folder / "pins.xdc").read_text()
    places = re.findall(
        r"^set_property -dict {PACKAGE_PIN (\w+) IOSTANDARD (\w+)} \[get_ports {(.*)}\]$",
        text,
        re.MULTILINE,
    )
    assert len(places) == len(text.splitlines())
    assert {port: Pin(pin, standard) for pin, standard, port in places} == ZCU104.pins


def test_the_clocks_are_constrained_and_know_nothing_of_each_other(
    written: project.Project,
) -> None:
    text = (written.folder / "timing.xdc").read_text()
    assert "create_clock -name board_clk -period 8.000 [get_ports clk_p_i]" in text
    assert "create_clock -name jtag_tck -period 100.000 [get_ports jtag_tck_i]" in text
    assert "set_clock_groups -asynchronous" in text
    # What it names is there.
    named = re.findall(r"\[get_ports (?:{(.+?)}|(\S+))\]", text)
    for port in " ".join(filter(None, (name for pair in named for name in pair))).split():
        assert port.replace("*", "0") in ZCU104.pins
    assert re.findall(r"get_pins (\S+?)\]", text) == ["u_tck/I"]
    top = (rtl.ROOT / "rtl" / "fpga" / "fpga_top.sv").read_text(encoding="utf-8")
    assert "  BUFGCE u_tck (" in top


def test_ports_are_those_of_the_top() -> None:
    assert check.ports(sources.of(CONFIG, ZCU104)) == list(ZCU104.pins)


def own_board(**pins: Pin) -> board.Board:
    return dataclasses.replace(ZCU104, name="own", pins=pins)


def test_a_port_without_a_pin_and_a_pin_without_a_port_are_refused(tmp_path: Path) -> None:
    pins = {port: pin for port, pin in ZCU104.pins.items() if port != "led_o[3]"}
    target = own_board(**pins, led=Pin("B5", "LVCMOS33"))
    message = r"pins of the board own: no pin is given for led_o\[3\]; there is no port led$"
    with pytest.raises(FpgaError, match=message):
        project.write(CONFIG, target, tmp_path)


def test_rtl_that_does_not_elaborate_is_an_error_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "fpga_top.sv"
    path.write_text("module fpga_top; nobody u_nobody (); endmodule\n", encoding="utf-8")
    with pytest.raises(BuildError, match="fpga_top does not elaborate: unknown module 'nobody'"):
        check.ports(Sources((path,), ()))


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="fpga_top cannot be parsed"):
        check.ports(Sources((tmp_path / "none.sv",), ()))


def test_more_ram_than_the_fpga_has_is_refused(tmp_path: Path) -> None:
    large = dataclasses.replace(CONFIG, memory_banks=32, memory_bank_kib=64)
    message = r"memory\.banks is 32, of 64 KiB: 512 blocks of 36 Kb; xczu7ev\S+ has 312$"
    with pytest.raises(FpgaError, match=message):
        project.write(large, ZCU104, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_clock_that_cannot_be_made_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    slow = dataclasses.replace(CONFIG, clock_hz=5_000_000, uart_baud_rate=115_200)
    with pytest.raises(FpgaError, match="the nearest is clock_hz=6250000"):
        project.write(slow, ZCU104, tmp_path)
    assert list(tmp_path.iterdir()) == []
