"""Tables for terminals."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

NOTHING = "-"
"""A cell for what is not known or does not exist."""

Rows = Sequence[Sequence[str]]
"""The headings, then what is below them, all of one length."""


def lines(rows: Rows, left: Collection[str]) -> list[str]:
    """Headings, a rule, the rows, a rule, the last row, which is a total.

    Args:
        rows: with at least the headings and the total.
        left: headings of the columns that are words; numbers stand at the right.
    """
    words = {column for column, heading in enumerate(rows[0]) if heading in left}
    headings, *below, total = columns(rows, words)
    dashes = rule(rows)
    return [headings, dashes, *below, dashes, total]


def columns(rows: Rows, left: Collection[int]) -> list[str]:
    """A line for each row; the columns `left` are words, the others numbers."""
    widths = _widths(rows)
    return [
        "  ".join(
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def rule(rows: Rows) -> str:
    """Dashes as wide as each column."""
    return "  ".join("-" * width for width in _widths(rows))


def count(value: int | None) -> str:
    """A number of something, or a dash."""
    return NOTHING if value is None else f"{value:,}"


def total(values: Iterable[int | None]) -> int | None:
    """Their sum; None if one of them is not known."""
    known = list(values)
    return None if None in known else sum(value or 0 for value in known)


def _widths(rows: Rows) -> list[int]:
    return [max(map(len, column)) for column in zip(*rows, strict=True)]
