"""On a terminal, progress overwrites itself; in a file every message is a line."""

from __future__ import annotations

import io

import pytest

from heepstor.flow import Event
from heepstor.terminal import Terminal

CLEAR = "\r\x1b[2K"


class Screen(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


def show(stream: io.StringIO) -> str:
    terminal = Terminal(stream)
    terminal.on_progress("a third")
    terminal.on_progress("two thirds")
    terminal.on_message("something happened")
    terminal.on_event(Event("import", 1, "begins"))
    terminal.on_event(Event("import", 1, "ends", 2.0))
    return stream.getvalue()


def test_on_a_terminal_progress_is_replaced_and_messages_stay() -> None:
    lines = show(Screen()).split("\n")
    assert lines == [
        f"{CLEAR}a third{CLEAR}two thirds{CLEAR}something happened",
        f"{CLEAR}[1/8] import    begins{CLEAR}[1/8] import       2.0 s",
        "",
    ]


def test_in_a_file_every_message_is_a_line() -> None:
    assert show(io.StringIO()).splitlines() == [
        "a third",
        "two thirds",
        "something happened",
        "[1/8] import       2.0 s",
    ]


def test_what_it_shows_goes_to_the_errors_of_the_moment(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Terminal().on_message("here")
    assert capsys.readouterr() == ("", "here\n")
