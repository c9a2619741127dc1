"""What happens between JTAG and console, with a board that is a pseudo-terminal and a thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from heepstor import config, deploy, flow, openocd
from heepstor.errors import DebugError, PortError, ToolError
from heepstor.project import LoadedProject
from verif.unit.board import samples
from verif.unit.board.test_capture import BAUD, RUN
from verif.unit.board.test_capture import Board as Line


class Debugger:
    """Takes an image, and starts a board that says `text`."""

    def __init__(self, line: Line, text: bytes) -> None:
        self.calls: list[str] = []
        self._line = line
        self._text = text

    def load(self, elf: Path) -> None:
        self.calls.append(f"load {elf.name}")

    def resume(self) -> None:
        self.calls.append("resume")
        threading.Thread(target=self._line.say, args=(self._text,)).start()


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    made = Line(tmp_path)
    yield made
    made.unplug()


def board(port: Path | str, silence_s: float = 60) -> deploy.Board:
    return deploy.Board(openocd.simulation(1), str(port), silence_s)


def test_the_console_is_open_before_the_cpu_begins(line: Line, tmp_path: Path) -> None:
    log = tmp_path / "fpga.log"
    log.write_text("of an earlier run")
    debugger = Debugger(line, RUN)
    events: list[str] = []
    lines: list[str] = []
    listener = deploy.Listener(lines.append, lambda event: events.append(event))
    deploy.run_image(Path("x.elf"), debugger, board(line.port), BAUD, log, listener)
    assert debugger.calls == ["load x.elf", "resume"]
    assert events == ["loading x.elf", f"{line.port} is open at 3,000,000 baud"]
    assert log.read_bytes() == RUN
    assert lines == samples.log()


def test_a_board_that_falls_silent_is_an_error_that_names_port_rate_and_log(
    line: Line, tmp_path: Path
) -> None:
    log = tmp_path / "fpga.log"
    debugger = Debugger(line, RUN[:40])
    told = rf"{line.port}: 40 bytes, then nothing for 0.05 s; is it .* at 3,000,000 baud\? .*{log}"
    with pytest.raises(PortError, match=told):
        deploy.run_image(
            Path("x.elf"), debugger, board(line.port, 0.05), BAUD, log, deploy.Listener()
        )
    assert log.read_bytes() == RUN[:40]


@pytest.fixture
def nothing_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    def build(*_: object) -> None:
        raise AssertionError("the board is looked for first")

    monkeypatch.setattr(flow, "make_application", build)


@pytest.mark.usefixtures("nothing_is_built")
def test_a_board_that_is_not_there_is_noticed_before_anything_is_built(
    line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow, "ROOT", tmp_path)
    options = flow.Options(config=config.load())
    project = _Named("own")
    with pytest.raises(PortError, match="/dev/nowhere: cannot be opened"):
        deploy.run(project, options, board("/dev/nowhere"))
    # Nobody listens at the first port of all.
    with pytest.raises(DebugError, match="OpenOCD does not reach the SoC"):
        deploy.run(project, options, board(line.port))
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ToolError, match="openocd is not on PATH"):
        deploy.run(project, options, board(line.port))


class _Named(LoadedProject):
    """A project of which nothing but the name is asked."""

    def __init__(self, name: str) -> None:
        object.__setattr__(self, "name", name)
