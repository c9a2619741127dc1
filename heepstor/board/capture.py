"""Records what a board prints on a serial port, until its run has ended.

Every byte goes to the file as it comes, noise included, before anything looks at it: whatever ends
the recording, the file has all that arrived. `heepstor.board.log` makes sense of it.
"""

from __future__ import annotations

import signal
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, Self

import serial
from serial.tools import list_ports

from heepstor.board.lines import Assembler
from heepstor.errors import PortError

DEFAULT_SILENCE_S = 60.0
_POLL_S = 0.1  # how long a read waits, and the pause between two tries to open a lost port

Ended = Literal["result", "silence", "interrupted"]
"""Why a recording ended: a whole run was seen; nothing came for too long; a signal."""

_ENDINGS: dict[Ended, str] = {
    "result": "a whole run",
    "silence": "ended by silence, no whole run",
    "interrupted": "interrupted, no whole run",
}


@dataclass(frozen=True)
class Captured:
    """A recording that has ended."""

    file: Path
    ended: Ended
    size: int
    """Bytes received."""
    reconnections: int
    """How often the port was lost and found again."""

    def __str__(self) -> str:
        lost = f", port lost {self.reconnections} times" if self.reconnections else ""
        return f"{self.file}: {self.size:,} bytes, {_ENDINGS[self.ended]}{lost}"


def capture(
    port: str,
    baud_rate: int,
    output: Path,
    *,
    silence_s: float = DEFAULT_SILENCE_S,
    on_start: Callable[[], None] | None = None,
    on_line: Callable[[str], None] = lambda line: None,
    on_event: Callable[[str], None] = lambda message: None,
) -> Captured:
    """Record a run of the firmware: from its `@heepstor` record to its `@result` record.

    SIGINT and SIGTERM end the recording in order. A port that disappears is waited for; what had
    begun of a line stays a line of its own.

    Args:
        port: a serial port, as `/dev/ttyUSB1`.
        baud_rate: bits a second.
        output: file to make; it must not exist, so that no recording is lost.
        silence_s: seconds without a byte after which the recording ends.
        on_start: called when all is ready, to start the board; without it, that is up to people.
        on_line: called with every whole line, as printable text.
        on_event: called with what happens to the port.

    Raises:
        PortError: the port cannot be opened, or the file cannot be made.
    """
    with (
        _Source(port, baud_rate, on_event) as source,
        _new_file(output) as file,
        _stop_signals() as stopped,
    ):
        recorder = _Recorder(file, on_line)
        then = "" if on_start else "; reset the board"
        on_event(f"{port} is open at {baud_rate:,} baud{then}")
        if on_start:
            on_start()
        ended = _record(source, recorder, silence_s, stopped)
    return Captured(output, ended, recorder.size, source.reconnections)


def require_port(port: str, baud_rate: int) -> None:
    """Find out now whether a serial port can be used, and not when it is needed.

    Raises:
        PortError: it cannot be opened.
    """
    _open(port, baud_rate).close()


def _record(
    source: _Source, recorder: _Recorder, silence_s: float, stopped: Callable[[], bool]
) -> Ended:
    heard = time.monotonic()
    while not stopped():
        data = source.read()
        if data is None:
            recorder.cut()
        elif data:
            heard = time.monotonic()
            if recorder.take(data):
                return "result"
        elif time.monotonic() - heard > silence_s:
            return "silence"
    return "interrupted"


class _Recorder:
    """The file, and the lines in it."""

    def __init__(self, file: BinaryIO, on_line: Callable[[str], None]) -> None:
        self.size = 0
        self._file = file
        self._on_line = on_line
        self._lines = Assembler()
        self._run_began = False

    def take(self, data: bytes) -> bool:
        """Write `data` down; tells whether a run that was seen from its beginning has ended."""
        self._file.write(data)
        self.size += len(data)
        ended = False
        for line in self._lines.feed(data):
            self._on_line(line)
            self._run_began |= line.startswith("@heepstor ")
            ended |= self._run_began and line.startswith("@result ")
        return ended

    def cut(self) -> None:
        """What comes next is not of the line that has begun."""
        if self._lines.cut():
            self._file.write(b"\n")


class _Source:
    """The port, through its absences."""

    def __init__(self, port: str, baud_rate: int, on_event: Callable[[str], None]) -> None:
        self.reconnections = 0
        self._port = port
        self._baud_rate = baud_rate
        self._on_event = on_event
        self._connection: serial.Serial | None = _open(port, baud_rate)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def read(self) -> bytes | None:
        """What has come, or nothing after a short while; None: the port is lost just now."""
        connection = self._connection or self._reconnected()
        if connection is None:
            time.sleep(_POLL_S)
            return b""
        try:
            data: bytes = connection.read(max(1, connection.in_waiting))
        except OSError as error:
            self._on_event(f"{self._port} is lost ({error}); waiting for it")
            self._close()
            return None
        return data

    def _reconnected(self) -> serial.Serial | None:
        try:
            self._connection = _open(self._port, self._baud_rate)
        except PortError:
            return None
        self.reconnections += 1
        self._on_event(f"{self._port} is back")
        return self._connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _open(port: str, baud_rate: int) -> serial.Serial:
    try:
        return serial.Serial(port, baud_rate, timeout=_POLL_S, exclusive=True)
    except (OSError, termios.error, ValueError, OverflowError) as error:
        # termios.error is no OSError: a port that has just come back may open and then refuse its
        # settings. The last two are of the baud rate.
        there = ", ".join(sorted(found.device for found in list_ports.comports())) or "none"
        raise PortError(f"{port}: cannot be opened ({error}); serial ports here: {there}") from None


def _new_file(path: Path) -> BinaryIO:
    try:
        return path.open("xb", buffering=0)
    except FileExistsError:
        raise PortError(f"{path}: is there already; name another file, or remove it") from None
    except OSError as error:
        raise PortError(f"{path}: cannot be written ({error.strerror})") from None


@contextmanager
def _stop_signals() -> Iterator[Callable[[], bool]]:
    """SIGINT and SIGTERM are remembered, not raised: no byte gets lost between port and file."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop.is_set  # only the main thread is told of signals
        return
    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda *_: stop.set()) for number in signals]
    try:
        yield stop.is_set
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)
