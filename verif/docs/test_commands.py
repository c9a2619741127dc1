"""Each command that the documentation or a `--help` shows exists, whether it is run or not."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from heepstor import cli
from verif.docs import commands
from verif.docs.blocks import PAGES, ROOT, Block, blocks


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_command_that_is_shown_exists(page: Path) -> None:
    shown = [block for block in blocks(page) if block.language == "sh"]
    assert [fault for block in shown for fault in commands.faults(block)] == []


def helps(parser: argparse.ArgumentParser) -> Iterator[str]:
    """The explanations of a command line and of each of its commands."""
    yield parser.description or ""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from helps(command)


def test_every_command_that_a_help_shows_exists() -> None:
    shown = re.findall(r"^  (heepstor .*?)(?:  .*)?$", "\n".join(helps(cli.command_line())), re.M)
    assert len(shown) >= 12
    assert list(commands.faults(Block("--help", "sh", {}, "\n".join(shown)))) == []


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        ("heepstor simulate x", "invalid choice: 'simulate'"),
        ("heepstor sim", "the following arguments are required: project"),
        ("make simulate", "make has no target simulate"),
        ("make sim PROJEKT=x", "make has no variable PROJEKT"),
        ("python -m verif.nothing", "there is no module verif.nothing"),
        ("heepster sim x", "there is no program heepster"),
        ("A=1 make sim \\\n  PROJEKT=x  # of several lines", "make has no variable PROJEKT"),
    ],
)
def test_a_command_that_is_not_there_is_named(command: str, fault: str) -> None:
    (found,) = commands.faults(Block("page.md:1", "sh", {}, command))
    assert found.startswith("page.md:1: ")
    assert fault in found


def test_commands_that_are_there_are_taken() -> None:
    text = "make sim PROJECT=x  # comment\nsource .venv/bin/activate\nheepstor --help\n"
    assert list(commands.faults(Block("page.md:1", "sh", {}, text))) == []
