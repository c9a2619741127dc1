"""Lines of text out of what a serial line delivers, noise included."""

from __future__ import annotations

import re

_NOISE = re.compile(r"^[^ -~]+")


def clean(raw: bytes) -> str:
    """A line as printable text, without its end and without noise in front of it.

    A line that is switched on, or a cable that is plugged in, makes a few bytes that nobody sent.
    Noise elsewhere shows as `\\x..`, so that it damages the record that it lies in.
    """
    text = _NOISE.sub("", raw.rstrip(b"\r\n").decode("latin-1"))
    return "".join(c if " " <= c <= "~" or c == "\t" else f"\\x{ord(c):02x}" for c in text)


class Assembler:
    """Makes whole lines of pieces of any size."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[str]:
        """The lines that `data` completes."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [clean(line) for line in lines]

    def cut(self) -> bool:
        """End the line that has begun, if one has; tells whether."""
        had_begun = bool(self._rest)
        self._rest = b""
        return had_begun
