"""Writes the tables of registers into the documentation: `python -m heepstor.emit.tables`.

A page has a table between `<!-- table: NAME -->` and `<!-- end -->`; what is between them is
replaced. A test fails when a page is not what this would write.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from heepstor.emit.hardware import ROOT, write_if_changed
from heepstor.registers import DESCRIPTOR, SYSTOLIC_ARRAY, Block, Field, Register

PAGES = (ROOT / "docs" / "accelerator.md",)

_TABLE = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def register_table(block: Block) -> str:
    """Registers, each with its fields below it, and windows, in the order of their offsets."""
    rows: list[tuple[str, ...]] = []
    for register in block.registers:
        offset = f"0x{register.offset:03X}"
        rows.append((offset, register.name, "", register.access, register.doc))
        rows += [("", field.name, _bits(field), "", field.doc) for field in register.fields]
    for window in block.windows:
        span = f"0x{window.offset:04X}..0x{window.offset + window.size - 1:04X}"
        rows.append((span, window.name, "", window.access, window.doc))
    return _table(("offset", "name", "bits", "access", "meaning"), rows)


def word_table(words: Sequence[Register]) -> str:
    """Words of a structure in memory: those with fields are described by them alone."""
    rows = []
    for word in words:
        offset = f"0x{word.offset:02X}"
        if not word.fields:
            rows.append((offset, word.name, "", word.doc))
        for field in word.fields:
            rows.append((offset, field.name, _bits(field), field.doc))
            offset = ""
    return _table(("offset", "word or field", "bits", "meaning"), rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = (head, ["---"] * len(head), *rows)
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _bits(field: Field) -> str:
    last = field.lsb + field.width - 1
    return f"{field.lsb}" if last == field.lsb else f"{last}:{field.lsb}"


def updated(page: str) -> str:
    """The text of a page with its tables as they are now.

    Raises:
        KeyError: the page asks for a table that there is not.
    """
    tables = {"registers": register_table(SYSTOLIC_ARRAY), "descriptor": word_table(DESCRIPTOR)}
    return _TABLE.sub(lambda found: found[1] + tables[found[2]] + found[3], page)


if __name__ == "__main__":
    for path in PAGES:
        if write_if_changed(path, updated(path.read_text(encoding="utf-8"))):
            print(f"{path.relative_to(ROOT)}: tables renewed")
