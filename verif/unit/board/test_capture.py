"""`heepstor capture` over pseudo-terminals: every byte is kept, whatever happens on the line."""

from __future__ import annotations

import errno
import os
import pty
import signal
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from heepstor.board.capture import Captured, capture
from heepstor.board.lines import Assembler, clean
from heepstor.errors import PortError
from verif.unit.board import samples

RUN = "".join(f"{line}\n" for line in samples.log()).encode()

BAUD = 3_000_000


class Board:
    """A pseudo-terminal behind a name that stays when the terminal is replaced."""

    def __init__(self, folder: Path) -> None:
        self.port = folder / "ttyUSB0"
        self.reconnected = threading.Event()
        self.ended = threading.Event()
        self._end = -1
        self.plug_in()

    def plug_in(self) -> None:
        self._end, terminal = pty.openpty()
        self.port.symlink_to(os.ttyname(terminal))
        self._terminal = terminal  # held open, so that nothing written before a reader is lost

    def unplug(self) -> None:
        self.port.unlink()
        os.close(self._terminal)
        os.close(self._end)

    def say(self, data: bytes) -> None:
        assert os.write(self._end, data) == len(data)


def wait_for(log: Path, size: int) -> None:
    """Return when so many bytes are in the file."""
    while not log.exists() or log.stat().st_size < size:
        os.sched_yield()


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Board]:
    made = Board(tmp_path)
    yield made
    made.unplug()


def record(
    board: Board, folder: Path, play: Callable[[], None], *, silence_s: float = 60
) -> tuple[Captured, list[str], list[str]]:
    """Capture while `play` plays the board; returns the recording, its lines, its events."""
    lines: list[str] = []
    events: list[str] = []
    player = threading.Thread(target=play)

    def on_event(message: str) -> None:
        events.append(message)
        if len(events) == 1:
            player.start()
        if message.endswith("is back"):
            board.reconnected.set()

    captured = capture(
        str(board.port),
        BAUD,
        folder / "log.txt",
        silence_s=silence_s,
        on_line=lines.append,
        on_event=on_event,
    )
    board.ended.set()
    player.join()
    return captured, lines, events


def test_a_run_is_recorded_up_to_its_result(board: Board, tmp_path: Path) -> None:
    captured, lines, events = record(board, tmp_path, lambda: board.say(RUN))
    assert (captured.ended, captured.size, captured.reconnections) == ("result", len(RUN), 0)
    assert captured.file.read_bytes() == RUN
    assert lines == samples.log()
    assert events == [f"{board.port} is open at 3,000,000 baud; reset the board"]
    assert str(captured) == f"{captured.file}: {len(RUN)} bytes, a whole run"


def test_lines_in_pieces_of_any_size_are_whole_again(board: Board, tmp_path: Path) -> None:
    def play() -> None:
        for i in range(len(RUN)):
            board.say(RUN[i : i + 1])

    captured, lines, _ = record(board, tmp_path, play)
    assert captured.file.read_bytes() == RUN
    assert lines == samples.log()


def test_garbage_is_kept_in_the_file_and_made_printable_on_the_screen(
    board: Board, tmp_path: Path
) -> None:
    garbage = bytes(range(256)).replace(b"\n", b"")
    captured, lines, _ = record(board, tmp_path, lambda: board.say(garbage + b"\n" + RUN))
    assert captured.file.read_bytes() == garbage + b"\n" + RUN
    assert lines[0].isprintable()
    assert "\x1b" not in lines[0]
    assert lines[1:] == samples.log()


def test_the_end_of_an_earlier_run_does_not_end_the_recording(board: Board, tmp_path: Path) -> None:
    end_of_a_run = b"@total cycles=3\n@result status=pass top1=3 exit=0\n"

    def play() -> None:
        board.say(end_of_a_run)
        wait_for(tmp_path / "log.txt", len(end_of_a_run))
        board.say(RUN)

    captured, _, _ = record(board, tmp_path, play)
    assert captured.file.read_bytes() == end_of_a_run + RUN


def test_silence_ends_the_recording_with_what_came(board: Board, tmp_path: Path) -> None:
    captured, _, _ = record(board, tmp_path, lambda: board.say(RUN[:100]), silence_s=0.2)
    assert captured.ended == "silence"
    assert captured.file.read_bytes() == RUN[:100]
    assert "ended by silence, no whole run" in str(captured)


def test_silence_counts_from_the_last_byte(
    board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    looks = 0

    def monotonic() -> float:
        nonlocal looks
        looks += 1
        return now

    def play() -> None:
        nonlocal now
        for count in (1, 2, 3):
            board.say(b"x")
            wait_for(tmp_path / "log.txt", count)
            now += 59
            seen = looks
            while looks < seen + 2 and not board.ended.is_set():  # it finds nothing, at that time
                os.sched_yield()
        board.say(b"\n" + RUN)

    clock = SimpleNamespace(monotonic=monotonic, sleep=time.sleep)
    monkeypatch.setattr("heepstor.board.capture.time", clock)
    captured, _, _ = record(board, tmp_path, play, silence_s=60)
    assert captured.ended == "result"


def test_a_lost_port_is_waited_for_and_its_half_line_stays_alone(
    board: Board, tmp_path: Path
) -> None:
    half = RUN[:30]
    log = tmp_path / "log.txt"

    def play() -> None:
        board.say(half)
        wait_for(log, len(half))
        board.unplug()
        board.plug_in()
        assert board.reconnected.wait(60)
        board.say(RUN)

    captured, lines, events = record(board, tmp_path, play)
    assert (captured.ended, captured.reconnections) == ("result", 1)
    assert captured.file.read_bytes() == half + b"\n" + RUN
    assert captured.size == len(half) + len(RUN)
    assert lines == samples.log()
    assert [message.split(" is ")[1].split()[0] for message in events] == ["open", "lost", "back"]
    assert "port lost 1 times" in str(captured)


def test_a_port_that_comes_back_half_ready_is_tried_again(
    board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    working = termios.tcsetattr

    def half_ready(*_: object) -> None:
        monkeypatch.setattr(termios, "tcsetattr", working)
        raise termios.error(errno.EIO, os.strerror(errno.EIO))

    def play() -> None:
        monkeypatch.setattr(termios, "tcsetattr", half_ready)
        board.unplug()
        board.plug_in()
        assert board.reconnected.wait(60)
        board.say(RUN)

    captured, lines, _ = record(board, tmp_path, play)
    assert termios.tcsetattr is working  # it was refused once
    assert (captured.ended, captured.reconnections) == ("result", 1)
    assert lines == samples.log()


def test_a_port_that_stays_away_ends_in_silence(board: Board, tmp_path: Path) -> None:
    captured, _, events = record(board, tmp_path, board.unplug, silence_s=0.3)
    board.plug_in()
    assert (captured.ended, captured.size) == ("silence", 0)
    assert "waiting for it" in events[-1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_keeps_every_byte(
    board: Board, tmp_path: Path, number: signal.Signals
) -> None:
    log = tmp_path / "log.txt"
    command = [sys.executable, "-m", "heepstor.cli", "capture", "--port", str(board.port)]
    process = subprocess.Popen(
        [*command, "--baud", str(BAUD), "--output", str(log)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert "is open" in process.stderr.readline()
    board.say(RUN[:300])
    for _ in range(RUN[:300].count(b"\n")):  # its whole lines are shown, so it has the rest, too
        process.stderr.readline()
    process.send_signal(number)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert log.read_bytes() == RUN[:300]
    assert "300 bytes, interrupted, no whole run" in output


def test_a_log_that_is_there_is_not_overwritten(board: Board, tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_text("precious")
    with pytest.raises(PortError, match="is there already; name another file, or remove it"):
        capture(str(board.port), BAUD, log)
    assert log.read_text() == "precious"


def test_a_file_that_cannot_be_made_is_one_sentence(board: Board, tmp_path: Path) -> None:
    with pytest.raises(PortError, match=r"cannot be written .No such file"):
        capture(str(board.port), BAUD, tmp_path / "nowhere" / "log.txt")


@pytest.mark.parametrize("port", ["nowhere", "/dev/null"])
def test_a_port_that_is_none_is_refused_before_a_file_is_made(tmp_path: Path, port: str) -> None:
    with pytest.raises(PortError, match=r"cannot be opened .*; serial ports here: "):
        capture(port, BAUD, tmp_path / "log.txt")
    assert not (tmp_path / "log.txt").exists()


def test_an_impossible_baud_rate_is_refused(board: Board, tmp_path: Path) -> None:
    with pytest.raises(PortError, match="cannot be opened"):
        capture(str(board.port), 10**30, tmp_path / "log.txt")


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"@layer index=0\r", "@layer index=0"),
        (b"\x00\xff\x80@layer", "@layer"),
        (b"@la\xa4yer", "@la\\xa4yer"),
        (b"a\tb\x1b[2J", "a\tb\\x1b[2J"),
        (b"\x00\xff", ""),
    ],
)
def test_a_line_is_clean(raw: bytes, text: str) -> None:
    assert clean(raw) == text


def test_a_cut_line_is_forgotten() -> None:
    lines = Assembler()
    assert lines.feed(b"one\ntw") == ["one"]
    assert lines.cut()
    assert not lines.cut()
    assert lines.feed(b"three\n") == ["three"]
