"""Finds the concurrent assertions in SystemVerilog sources, and the forms that they use."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_ASSERTION = re.compile(r"(?:(?P<name>\w+)\s*:\s*)?assert\s+property\s*(?=\()")
_COMMENT = re.compile(r"//.*")
_FORM = re.compile(
    r"\|->|\|=>|disable\s+iff|\$\w+|##\s*\[|##|\[\*|\[->|\[="
    r"|\b(?:first_match|throughout|within|intersect|until|until_with|or|and|not|if|nexttime"
    r"|always|s_\w+|strong|weak)\b"
)
_INVARIANT = "invariant"
# Functions that turn or measure values, as in any other expression.
_PLAIN_FUNCTIONS = {"$bits", "$clog2", "$signed", "$unsigned"}


@dataclass(frozen=True)
class Assertion:
    """One `assert property`.

    Attributes:
        name: its label; empty if it has none.
        file: where it is.
        text: the property, without the parentheses around it.
    """

    name: str
    file: Path
    text: str

    @property
    def forms(self) -> frozenset[str]:
        """Operators and functions of the property; `invariant` if it has none."""
        found = {re.sub(r"\s+", " ", form) for form in _FORM.findall(self.text)}
        return frozenset(found - _PLAIN_FUNCTIONS) or frozenset({_INVARIANT})


def assertions(file: Path) -> list[Assertion]:
    """All concurrent assertions of a file, in its order."""
    source = _COMMENT.sub("", file.read_text(encoding="utf-8"))
    return [
        Assertion(match["name"] or "", file, _parenthesized(source[match.end() :]))
        for match in _ASSERTION.finditer(source)
    ]


def of_ours() -> Iterator[Assertion]:
    """Those of our RTL, and those that tests bind to it."""
    for folder in ("rtl", "verif/assertions"):
        for file in sorted((ROOT / folder).rglob("*.sv")):
            if file.name != "forms.sv":
                yield from assertions(file)


def _parenthesized(text: str) -> str:
    """What is inside the parenthesis that `text` starts with.

    Raises:
        ValueError: it never ends.
    """
    depth = 0
    for at, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return text[1:at]
    raise ValueError(f"a parenthesis that never ends: {text[:60]!r}")
