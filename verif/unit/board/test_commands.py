"""Every command that docs/compare.md shows is one that the command line takes."""

from __future__ import annotations

import re
import shlex

import pytest

from heepstor import cli
from heepstor.board.files import BUILD

DOCUMENT = (BUILD.parent / "docs" / "compare.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^heepstor (.*?)(?: +#.*)?$", DOCUMENT, re.MULTILINE)


@pytest.mark.parametrize("command", [*COMMANDS, *re.findall("  heepstor (.*)", cli._COMPARE)])
def test_a_documented_command_is_taken(command: str) -> None:
    options = cli.command_line().parse_args(shlex.split(command))
    assert options.command in ("sim", "capture", "compare")


def test_there_are_commands_to_try() -> None:
    assert {command.split()[0] for command in COMMANDS} == {"sim", "capture", "compare"}
