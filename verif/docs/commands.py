"""Whether the commands of a block exist, which nobody runs."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from heepstor import cli
from verif.docs.blocks import ROOT, Block

_MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
_TARGETS = set(re.findall(r"^([a-z][a-z-]*):", _MAKEFILE, re.MULTILINE))
_VARIABLES = set(re.findall(r"^#\? ([A-Z_]+)=", _MAKEFILE, re.MULTILINE))
_BUILTINS = {"source", ".", "cd", "export"}
# As in the activated environment.
_PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
_ASSIGNMENT = re.compile(r"[A-Z_]+=")


def faults(block: Block) -> Iterator[str]:
    """What is wrong with each line of a block of `sh`, one sentence each."""
    for line in block.text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        while words and _ASSIGNMENT.match(words[0]):
            words.pop(0)
        if words:
            yield from (f"{block.where}: {fault}" for fault in _faults(*words))


def _faults(program: str, *arguments: str) -> Iterator[str]:
    match program, arguments:
        case "heepstor", _:
            yield from _heepstor(arguments)
        case "make", _:
            yield from _make(arguments)
        case "python", ("-m", module, *_):
            if importlib.util.find_spec(module) is None:
                yield f"there is no module {module}"
        case _ if program not in _BUILTINS and shutil.which(program, path=_PATH) is None:
            yield f"there is no program {program}"


def _heepstor(arguments: tuple[str, ...]) -> Iterator[str]:
    message = io.StringIO()
    with contextlib.redirect_stderr(message), contextlib.redirect_stdout(io.StringIO()):
        try:
            cli.command_line().parse_args(arguments)
        except SystemExit as end:
            if end.code:
                yield message.getvalue().splitlines()[-1]


def _make(arguments: tuple[str, ...]) -> Iterator[str]:
    for word in arguments:
        name, is_variable, _ = word.partition("=")
        if name not in (_VARIABLES if is_variable else _TARGETS):
            yield f"make has no {'variable' if is_variable else 'target'} {name}"
