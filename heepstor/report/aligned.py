"""Tables for terminals."""

from __future__ import annotations

from collections.abc import Collection, Sequence


def lines(rows: Sequence[Sequence[str]], left: Collection[str]) -> list[str]:
    """Headings, a rule, the rows, a rule, the last row, which is a total.

    Args:
        rows: the headings, then what is below them.
        left: headings of the columns that are words; numbers stand at the right.
    """
    headings = rows[0]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rule = "  ".join("-" * width for width in widths)
    shown = [
        "  ".join(
            cell.ljust(width) if heading in left else cell.rjust(width)
            for cell, width, heading in zip(row, widths, headings, strict=True)
        ).rstrip()
        for row in rows
    ]
    return [shown[0], rule, *shown[1:-1], rule, shown[-1]]
