"""The other end of the firmware's serial line: this terminal, or a pseudo-terminal."""

from __future__ import annotations

import os
import pty
import signal
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from heepstor.errors import PortError


@dataclass(frozen=True)
class Console:
    """Who talks with the firmware."""

    name: str
    input: int
    """File descriptor that delivers what is typed."""
    output: Callable[[bytes], None]
    """Called with what the firmware says, as it comes."""


@contextmanager
def standard() -> Iterator[Console]:
    """Standard input and output. A terminal delivers single keys while the block runs.

    Ctrl-C stays an interruption. The terminal is as before when the block ends, however that is:
    SIGTERM and SIGHUP, which would end the process at once, raise SystemExit meanwhile.
    """
    with _keys(sys.stdin.fileno()), _orderly_ends():
        yield Console("standard input and output", sys.stdin.fileno(), _write_to_standard_output)


@contextmanager
def pseudo_terminal(link: Path) -> Iterator[Console]:
    """A new serial port of this machine, under the name `link` while the block runs.

    It is as raw as a real one. What is said while nobody listens waits in it, as far as it fits.

    Raises:
        PortError: `link` cannot be made.
    """
    ours, theirs = pty.openpty()
    try:
        # With our own hand on it, it stays open from one visitor to the next.
        tty.setraw(theirs)
        os.set_blocking(ours, False)
        device = os.ttyname(theirs)
        _make_link(link, device)
        try:
            yield Console(f"{link} ({device})", ours, lambda data: _offer(ours, data))
        finally:
            link.unlink(missing_ok=True)
    finally:
        os.close(theirs)
        os.close(ours)


def _write_to_standard_output(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _offer(descriptor: int, data: bytes) -> None:
    # Full: nobody has listened for long. A serial line loses it, too.
    with suppress(BlockingIOError):
        os.write(descriptor, data)


def _make_link(link: Path, target: str) -> None:
    """What a killed run has left is replaced."""
    try:
        link.parent.mkdir(parents=True, exist_ok=True)
        if link.is_symlink():
            link.unlink()
        link.symlink_to(target)
    except OSError as error:
        raise PortError(f"{link}: cannot be made ({error.strerror})") from error


@contextmanager
def _keys(descriptor: int) -> Iterator[None]:
    if not os.isatty(descriptor):
        yield
        return
    before = termios.tcgetattr(descriptor)
    try:
        # Neither echo nor lines: the firmware hears every key at once.
        tty.setcbreak(descriptor)
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


@contextmanager
def _orderly_ends() -> Iterator[None]:
    def leave(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    signals = (signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, leave) for number in signals]
    try:
        yield
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)
