"""Sphinx extension: what the pages of this folder get when the site is built.

A page asks for a generated part by `<!-- generated: NAME -->`, so that nothing generated is
committed; `PARTS` has the names. Links to files that are no page become their path in the
repository: the site is read without it.
"""

from __future__ import annotations

import argparse
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import IntEnum
from pathlib import Path
from typing import Any
from unittest import mock

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx
from sphinx.util import logging

from heepstor import cli, config, registers
from heepstor.emit import tables
from heepstor.report import document

ROOT = Path(__file__).resolve().parents[1]
_PAGES = ROOT / "docs"

_LOGGER = logging.getLogger(__name__)
_HELP_COLUMNS = "88"
_MARKER = re.compile(r"^<!-- generated: (.*?) -->$", re.MULTILINE)
_LINK = re.compile(r"\[([^\]]+)\]\(((?:\.\./)+[^)#]*)(#[^)]*)?\)")


def setup(app: Sphinx) -> dict[str, Any]:
    """Entry point of the extension."""
    app.connect("source-read", _complete)
    app.add_lexer("hjson", TextLexer)  # Pygments has none
    return {"parallel_read_safe": True}


def configuration() -> Iterator[str]:
    """Every key of `heepstor_cfg.hjson`, as the loader knows it."""
    committed = config.flatten(config.load().as_dict(), config.DEFAULT_PATH.name)
    yield from _table(
        ("key", "meaning", "accepted", "committed"),
        ((f"`{r.key}`", r.meaning, r.accepted, f"`{committed[r.key]}`") for r in config.RULES),
    )


def commands() -> Iterator[str]:
    """The `--help` of the command line and of each of its commands."""
    parser = cli.command_line()
    yield from _help(parser)
    for name, command in _subcommands(parser).items():
        yield from ("", f"## heepstor {name}", "")
        yield from _help(command)


def report_schema() -> Iterator[str]:
    """Every property of `report.json`; a dot leads into an object, `[]` into each of a list."""
    schema = document.load_schema()
    yield from _table(("property", "type", "meaning"), _properties(schema, ""))


def array_registers() -> Iterator[str]:
    """Registers and windows of the array."""
    yield tables.register_table(registers.SYSTOLIC_ARRAY)


def descriptor() -> Iterator[str]:
    """A job in memory."""
    yield tables.word_table(registers.DESCRIPTOR)


def soc_control_registers() -> Iterator[str]:
    """Registers of SoC control."""
    yield tables.register_table(registers.SOC_CTRL)


def interrupts() -> Iterator[str]:
    """Bits of the CPU's interrupt input."""
    yield from _enumeration("bit", registers.Interrupt, str)


def markers() -> Iterator[str]:
    """What the firmware writes to MARKER."""
    yield from _enumeration("value", registers.Marker, "0x{:08x}".format)


def exit_codes() -> Iterator[str]:
    """How the firmware ends."""
    yield from _enumeration("code", registers.ExitCode, str)


PARTS: Mapping[str, Callable[[], Iterable[str]]] = {
    "configuration": configuration,
    "commands": commands,
    "report schema": report_schema,
    "registers of the array": array_registers,
    "descriptor": descriptor,
    "registers of SoC control": soc_control_registers,
    "interrupts": interrupts,
    "markers": markers,
    "exit codes": exit_codes,
}
"""What a page can ask for."""


def _complete(app: Sphinx, page: str, source: list[str]) -> None:
    folder = Path(app.env.doc2path(page)).parent
    text = _MARKER.sub(lambda found: _part(page, found[1]), source[0])
    source[0] = _LINK.sub(lambda found: _link(page, folder, *found.groups(default="")), text)


def _part(page: str, name: str) -> str:
    if name not in PARTS:
        _LOGGER.warning(
            "no part is called %r; there are: %s", name, ", ".join(PARTS), location=page
        )
        return ""
    return "\n".join(PARTS[name]())


def _link(page: str, folder: Path, text: str, target: str, anchor: str) -> str:
    path = Path(os.path.normpath(folder / target))
    if path.is_relative_to(_PAGES):
        return f"[{text}]({target}{anchor})"
    if not path.exists():
        _LOGGER.warning("the link to %s leads nowhere", target, location=page)
    if path == ROOT / "README.md":
        return f"[{text}]({os.path.relpath(_PAGES / 'index.md', folder)})"
    shown = f"`{os.path.relpath(path, ROOT)}`"
    return shown if text.strip("`") in shown else f"{text} ({shown})"


def _subcommands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Name to parser; argparse keeps them in the one action that has choices of its own kind."""
    (choice,) = (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    return dict(choice.choices)


def _help(parser: argparse.ArgumentParser) -> Iterator[str]:
    # argparse breaks lines at the width of the terminal that it finds.
    with mock.patch.dict(os.environ, COLUMNS=_HELP_COLUMNS):
        yield from ("```text", parser.format_help().rstrip(), "```")


def _properties(schema: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str, str]]:
    for name, rule in schema.get("properties", {}).items():
        path = f"{prefix}{name}"
        optional = "" if name in schema.get("required", ()) else "; may be missing"
        yield f"`{path}`", _type(rule) + optional, rule.get("description", "")
        yield from _properties(rule, f"{path}.")
        yield from _properties(rule.get("items", {}), f"{path}[].")


def _type(rule: Mapping[str, Any]) -> str:
    if "const" in rule:
        return f"`{json.dumps(rule['const'])}`"
    if "enum" in rule:
        return ", ".join(f"`{json.dumps(value)}`" for value in rule["enum"])
    types = rule.get("type", "any")
    return types if isinstance(types, str) else " or ".join(types)


def _enumeration(head: str, values: type[IntEnum], shown: Callable[[int], str]) -> Iterator[str]:
    yield from _table((head, "name"), ((shown(value.value), value.name) for value in values))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    for cells in (head, ["---"] * len(head), *rows):
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
