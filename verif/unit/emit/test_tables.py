"""`heepstor.emit.tables`: what the documentation says of registers is what the tables say."""

from __future__ import annotations

from pathlib import Path

import pytest

from heepstor.emit import tables
from heepstor.registers import Block, Field, Register, Window

_WORDS = (
    Register("NEXT", 0x00, "RO", "what follows"),
    Register("CONTROL", 0x04, "RO", "", (Field("KIND", 0, 8, "kind"), Field("LAST", 8, 1, "end"))),
)


@pytest.mark.parametrize("page", tables.PAGES, ids=lambda page: str(page.name))
def test_the_tables_of_a_page_are_those_of_the_registers(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert tables.updated(text) == text, "run: python -m heepstor.emit.tables"


def test_the_pages_together_have_each_table_once() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in tables.PAGES)
    for name in ("registers", "descriptor"):
        assert text.count(f"<!-- table: {name} -->") == 1


def test_a_table_replaces_the_one_before_and_nothing_else() -> None:
    page = "before\n<!-- table: descriptor -->\nold\n<!-- end -->\nafter\n<!-- end -->\n"
    once = tables.updated(page)
    assert once.startswith("before\n<!-- table: descriptor -->\n| offset |")
    assert once.endswith("|\n<!-- end -->\nafter\n<!-- end -->\n")
    assert "old" not in once
    assert tables.updated(once) == once


def test_a_table_that_there_is_not_is_refused() -> None:
    with pytest.raises(KeyError, match="interrupts"):
        tables.updated("<!-- table: interrupts -->\n<!-- end -->\n")


def test_a_register_is_followed_by_its_fields_and_windows_come_last() -> None:
    fields = (Field("BUSY", 0, 1, "works"), Field("ROW", 16, 8, "row"))
    block = Block(
        "block",
        0,
        0x1_0000,
        (Register("STATUS", 0x10, "RW1C", "state", fields),),
        (Window("SUMS", 0x8000, 0x100, "RW", "sums"),),
    )
    assert tables.register_table(block).splitlines()[2:] == [
        "| 0x010 | STATUS |  | RW1C | state |",
        "|  | BUSY | 0 |  | works |",
        "|  | ROW | 23:16 |  | row |",
        "| 0x8000..0x80FF | SUMS |  | RW | sums |",
    ]


def test_a_word_with_fields_is_described_by_them() -> None:
    assert tables.word_table(_WORDS).splitlines()[2:] == [
        "| 0x00 | NEXT |  | what follows |",
        "| 0x04 | KIND | 7:0 | kind |",
        "|  | LAST | 8 | end |",
    ]
