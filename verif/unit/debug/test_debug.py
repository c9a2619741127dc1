"""What stands between a user and a debugging session, and what GDB is told."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from heepstor import cli, debug, flow, openocd, project, registers, report
from heepstor.debug import Session, gdb, session
from heepstor.errors import DebugError, ToolError
from heepstor.ir import Backend


@pytest.fixture
def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unused_port: int) -> Session:
    """A session of the project `net`, whose OpenOCD has died."""
    monkeypatch.setattr(flow, "ROOT", tmp_path)
    folder = tmp_path / "build" / "net"
    folder.mkdir(parents=True)
    found = Session("net", "sim", unused_port, "net.elf", str(folder), ("conv", "fc"))
    session.write(found)
    return found


@pytest.fixture
def listening(opened: Session) -> Iterator[Session]:
    """A session whose OpenOCD can be reached."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield replace(opened, gdb_port=server.getsockname()[1])


def test_openocd_that_is_not_installed_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match=r"^openocd is not on PATH; apt-get install openocd"):
        openocd.OpenOcd(openocd.simulation(1), log=tmp_path / "log")


def test_port_without_a_simulation_is_refused(tmp_path: Path, unused_port: int) -> None:
    log = tmp_path / "log"
    with pytest.raises(DebugError, match=rf"does not reach the SoC \(sim\): .*connect.*{log}"):
        openocd.OpenOcd(openocd.simulation(unused_port), log=log)


def test_board_that_is_not_connected_is_refused(tmp_path: Path) -> None:
    """With this the board's configuration has been read as well."""
    with pytest.raises(DebugError, match=r"SoC \(zcu104\): .*unable to open ftdi device"):
        openocd.OpenOcd(openocd.board("zcu104"), log=tmp_path / "log")


def test_board_that_nobody_knows_is_refused() -> None:
    with pytest.raises(DebugError, match=r"^zcu is no target; accepted are sim, zcu104$"):
        openocd.board("zcu")


def test_project_that_nobody_debugs_is_refused_with_the_way_to_do_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(flow, "ROOT", tmp_path)
    assert cli.main(["gdb", "net", "--target", "zcu104"]) == 2
    assert capsys.readouterr().err == (
        "heepstor: error: net: nobody debugs it; in another terminal: "
        "make openocd PROJECT=net TARGET=zcu104\n"
    )


def test_session_of_another_target_is_refused(opened: Session) -> None:
    assert session.find("net") == opened
    assert session.find("net", "sim") == opened
    with pytest.raises(
        DebugError, match=r"^net: sim is debugged, not zcu104; end that, then: make"
    ):
        session.find("net", "zcu104")


def test_session_whose_openocd_has_died_is_refused(opened: Session) -> None:
    with pytest.raises(DebugError, match=f"^net: no OpenOCD at port {opened.gdb_port}"):
        gdb.command(opened)


def test_gdb_that_is_not_installed_is_one_line(
    opened: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match=r"^gdb-multiarch is not on PATH; apt-get install gdb"):
        gdb.command(opened)


def test_gdb_is_for_a_person_unless_a_script_is_given(listening: Session) -> None:
    start = str(Path(listening.folder) / "start.gdb")
    for_a_person, for_a_script = gdb.command(listening), gdb.command(listening, Path("s.gdb"))
    assert for_a_person[1:] == ["-q", "-nx", "net.elf", "-x", start]
    assert for_a_script[1:] == ["-q", "-nx", "net.elf", "-batch", "-x", start, "-x", "s.gdb"]
    assert f"target extended-remote localhost:{listening.gdb_port}\n" in Path(start).read_text()


def test_gdb_takes_the_place_of_the_command(
    listening: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.write(listening)
    executed: list[list[str]] = []

    def execv(path: str, command: list[str]) -> None:
        assert path == command[0]
        executed.append(command)
        raise KeyboardInterrupt  # it does not return

    monkeypatch.setattr(os, "execv", execv)
    assert cli.main(["gdb", "net", "--target", "sim"]) == cli.EXIT_INTERRUPTED
    assert executed == [gdb.command(listening)]


@pytest.mark.parametrize(("passed", "status"), [(True, 0), (False, 1)])
def test_session_ends_with_the_verdict_on_its_run(
    passed: bool,
    status: int,
    opened: Session,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def simulate(
        loaded: project.LoadedProject,
        options: flow.Options,
        *,
        gdb_port: int,
        on_ready: Callable[[Session], None],
    ) -> dict[str, bool]:
        assert (loaded.name, gdb_port) == ("mnist-single_layer", 1234)
        assert options.backend is Backend.DIRECT
        assert options.talk is not None
        on_ready(opened)
        return {"passed": passed}

    monkeypatch.setattr(debug, "debug_simulation", simulate)
    monkeypatch.setattr(report, "render", lambda found: f"the report of {found}")
    arguments = ["--backend", "direct", "--gdb-port", "1234", "--uart-pty"]
    assert cli.main(["openocd", "mnist-single_layer", *arguments]) == status
    said = capsys.readouterr()
    assert said.err == f"GDB may come to port {opened.gdb_port}: make gdb PROJECT=net\n"
    assert said.out == f"\nthe report of {{'passed': {passed}}}\n"


def test_gdb_reads_every_register_of_the_array_that_can_be_read(opened: Session) -> None:
    text = gdb.render(opened)
    for register in registers.SYSTOLIC_ARRAY.registers:
        line = f"*(unsigned *){registers.SYSTOLIC_ARRAY.base + register.offset:#x}\n"
        assert (line in text) == (register.access != "WO"), register.name
