"""Shows a run while it goes on: steps, progress and the firmware's console, on stderr."""

from __future__ import annotations

import sys
from typing import TextIO

from heepstor.flow import STEPS, Event

_CLEAR_LINE = "\r\x1b[2K"


class Terminal:
    """Progress overwrites itself on a terminal; in a file or a pipe each message is a line."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty()
        self._console_line = ""

    def on_event(self, event: Event) -> None:
        """Show the beginning, the progress or the end of a step."""
        head = f"[{event.number}/{len(STEPS)}] {event.step:<9}"
        if event.seconds is not None:
            self._line(f"{head} {event.seconds:6.1f} s")
        elif event.lasting:
            self._line(f"{head} {event.message}")
        elif self._live or event.message != "begins":
            self.on_progress(f"{head} {event.message}")

    def on_progress(self, message: str) -> None:
        """Show how far something is, in place of what this said before."""
        if self._live:
            self._stream.write(f"{_CLEAR_LINE}{message}")
            self._stream.flush()
        else:
            self._line(message)

    def on_message(self, message: str) -> None:
        """Show a line that stays."""
        self._line(message)

    def on_console(self, text: str) -> None:
        """Show what the firmware prints, a line at a time."""
        *lines, self._console_line = (self._console_line + text).split("\n")
        for line in lines:
            self._line(f"    | {line.rstrip()}")

    def _line(self, text: str) -> None:
        self._stream.write(f"{_CLEAR_LINE if self._live else ''}{text}\n")
        self._stream.flush()
