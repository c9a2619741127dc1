"""The firmware's console: what is typed reaches the firmware, and the terminal survives it."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import stat
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
import serial
import torch
from torch import nn

import heepstor
from heepstor import build, config, flow, sim
from heepstor.board import picocom
from heepstor.errors import PortError, SimulationError, ToolError
from heepstor.sim import console as consoles
from verif.firmware.test_faults import PROGRAMS
from verif.harness.project_folder import alone_in_folder_of

CONFIG = config.load()
PROMPT = "Enter runs it again, q ends."
PATIENCE_S = 600.0  # only a test that has failed waits as long


def network(name: str, **options: object) -> heepstor.Compiled:
    """A small network, whose firmware asks whether to run again."""
    torch.manual_seed(0)
    compiled = heepstor.compile(nn.Sequential(nn.Linear(12, 4)), input_shape=(12,), name=name)
    return replace(compiled, options=replace(compiled.options, **options))  # type: ignore[arg-type]


@contextmanager
def typed(text: bytes, *, ends: bool = True) -> Iterator[tuple[sim.Console, list[bytes]]]:
    """A console on which `text` is typed, and what it has heard."""
    reader, writer = os.pipe()
    heard: list[bytes] = []
    os.write(writer, text)
    if ends:
        os.close(writer)
    try:
        yield sim.Console("test", reader, heard.append), heard
    finally:
        os.close(reader)
        if not ends:
            os.close(writer)


def test_every_byte_that_is_typed_reaches_the_firmware_bit_by_bit() -> None:
    image = build.build_firmware([PROGRAMS / "echo.cpp"], CONFIG)
    every_byte = bytes(range(256))
    with typed(every_byte, ends=False) as (console, heard):
        result = sim.run(build.build_soc(CONFIG), image.elf, cycle_limit=500_000, console=console)
    assert result.exit_code == 0, result
    assert b"".join(heard) == b"ready\n" + bytes(255 - byte for byte in every_byte)


def test_enter_runs_the_network_again_and_the_end_of_the_input_ends_it() -> None:
    with typed(b"x\n") as (console, heard):
        report = network("test-again", talk=lambda _: nullcontext(console)).simulate()
    assert report["passed"]
    assert [row["cycles"] for row in report["layers"]] == [report["total_cycles"]]
    said = b"".join(heard).decode().splitlines()
    assert [line.split()[0] for line in said if line.startswith(("@heepstor", "@result"))] == [
        *("@heepstor", "@heepstor", "@result")
    ]
    assert said.count(PROMPT) == 2


def test_a_firmware_that_waits_for_input_is_stopped_by_the_cycle_limit() -> None:
    with typed(b"", ends=False) as (console, heard):
        talk = network("test-waits", talk=lambda _: nullcontext(console), cycle_limit=600_000)
        report = talk.simulate()
    assert PROMPT in b"".join(heard).decode()
    assert not report["passed"]
    assert (report["sim"]["reason"], report["sim"]["cycles"]) == ("cycle_limit", 600_000)


def test_a_pseudo_terminal_is_a_serial_port_for_other_programs() -> None:
    port = flow.ROOT / "build" / "test-port" / "uart"
    heard: list[bytes] = []
    is_open = threading.Event()

    def visitor() -> None:
        """As picocom: opens the port by its name, reads, types."""
        assert is_open.wait(PATIENCE_S)
        with serial.Serial(str(port), CONFIG.uart_baud_rate, timeout=PATIENCE_S) as line:
            heard.append(line.read_until(PROMPT.encode()))
            line.write(b"\r")
            heard.append(line.read_until(PROMPT.encode()))
            line.write(b"q")

    def on_event(event: flow.Event) -> None:
        if f"console: {port} (/dev/" in event.message:
            is_open.set()

    thread = threading.Thread(target=visitor)
    thread.start()
    talk = {"talk": lambda folder: sim.pseudo_terminal(folder / "uart"), "listener": on_event}
    report = network("test-port", **talk).simulate()
    thread.join()
    assert report["passed"]
    assert [text.count(b"@heepstor ") for text in heard] == [1, 1]
    assert not port.is_symlink()


def test_a_link_that_a_killed_run_has_left_is_replaced_and_a_file_is_not(tmp_path: Path) -> None:
    link = tmp_path / "uart"
    link.symlink_to("/nowhere")
    with sim.pseudo_terminal(link):
        assert stat.S_ISCHR(link.stat().st_mode)
    link.write_text("somebody's")
    with (
        pytest.raises(PortError, match=r"uart: cannot be made \(File exists\)"),
        sim.pseudo_terminal(link),
    ):
        pass
    assert link.read_text() == "somebody's"


def test_what_nobody_reads_does_not_stop_the_firmware(tmp_path: Path) -> None:
    with sim.pseudo_terminal(tmp_path / "uart") as console:
        for _ in range(100):
            console.output(b"x" * 1000)


@pytest.fixture
def project() -> Iterator[str]:
    name = "mnist-single_layer"
    with alone_in_folder_of(name):
        yield name


def test_the_terminal_is_restored_after_ctrl_c(project: str) -> None:
    """A person at a terminal: runs, presses Enter, then Ctrl-C."""
    ours, terminal = pty.openpty()
    before = termios.tcgetattr(terminal)
    command = [sys.executable, "-m", "heepstor.cli", "run", project]
    process = subprocess.Popen(
        command,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    try:
        said = read_until(ours, PROMPT)
        assert termios.tcgetattr(terminal) != before
        os.write(ours, b"\n")
        said += read_until(ours, PROMPT)
        assert said.count("@heepstor ") == 2
        os.write(ours, b"\x03")
        assert "interrupted" in read_until(ours, "interrupted")
        assert process.wait(PATIENCE_S) == 130
        assert termios.tcgetattr(terminal) == before
    finally:
        process.kill()
        process.wait()
        os.close(ours)
        os.close(terminal)


def test_the_terminal_is_restored_after_a_crash_and_after_sigterm(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours, terminal = pty.openpty()
    before = termios.tcgetattr(terminal)
    handlers = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)]
    with os.fdopen(terminal) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        with pytest.raises(SimulationError), consoles.standard():
            crash_unless(termios.tcgetattr(terminal) == before)
        assert termios.tcgetattr(terminal) == before
        with pytest.raises(SystemExit) as ended, consoles.standard():
            signal.raise_signal(signal.SIGTERM)
        assert ended.value.code == 128 + signal.SIGTERM
        assert termios.tcgetattr(terminal) == before
    os.close(ours)
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)] == handlers


def test_picocom_is_given_port_and_rate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picocom, "BUILD", tmp_path)
    with pytest.raises(PortError, match="start one: heepstor run own --uart-pty"):
        picocom.port_of_simulation("own")
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "uart").touch()
    port = picocom.port_of_simulation("own")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ToolError, match="picocom is not found; install the Debian package picocom"):
        picocom.talk(port, 3_000_000)
    tool = tmp_path / "picocom"
    tool.write_text('#!/bin/sh\necho "$@" > "$0.called"\nexit 3\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    assert picocom.talk(port, 3_000_000) == 3
    called = (tmp_path / "picocom.called").read_text().split()
    assert called[-1] == port
    assert called[called.index("--baud") + 1] == "3000000"
    with pytest.raises(PortError, match="/dev/nowhere: is not there"):
        picocom.talk("/dev/nowhere", 3_000_000)


def crash_unless(condition: bool) -> None:
    if not condition:
        raise SimulationError("it died")


def read_until(descriptor: int, text: str) -> str:
    """What arrives, up to `text`."""
    said = ""
    while text not in said:
        ready, _, _ = select.select([descriptor], [], [], PATIENCE_S)
        assert ready, f"{text!r} did not come after {said!r}"
        said += os.read(descriptor, 4096).decode(errors="replace")
    return said
