"""Does what the blocks of a page show, in a folder."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import hjson

from heepstor import config
from verif.docs.blocks import RUN, Block
from verif.harness import session


def run(blocks: Iterable[Block], folder: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """Do what they show, one after the other; yields what nobody runs in this session, and why.

    Raises:
        AssertionError: a block is not true; says which one, and what happened.
    """
    printed: str | None = None
    for block in blocks:
        reason = _why_not(block)
        if reason:
            yield f"{block.where} is not run: {reason}"
        if reason or "tested-by" in block.marks:
            printed = None
        elif "file" in block.marks:
            path = folder / block.marks["file"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
        elif block.language in RUN:
            printed = _output(block, folder, environment)
        elif "output" in block.marks:
            # A slow block before it was left out.
            assert printed is None or has_output(printed, block.text), (
                f"{block.where}: this was printed instead:\n{printed}"
            )
        else:
            _check(block, folder)


def has_output(printed: str, shown: str) -> bool:
    """Whether the lines `shown` follow each other in what was printed; `...` is anything."""
    lines = [r"(?:.*\n)*?" if line.strip() == "..." else _line(line) for line in shown.splitlines()]
    return re.search(f"^{''.join(lines)}", printed, re.MULTILINE) is not None


def _line(shown: str) -> str:
    return ".*".join(re.escape(part) for part in shown.rstrip().split("...")) + r" *\n"


def _why_not(block: Block) -> str:
    if "skip" in block.marks:
        return block.marks["skip"]
    if "slow" in block.marks and session.effort() != session.FULL:
        return "with --full alone"
    return ""


def _output(block: Block, folder: Path, environment: Mapping[str, str]) -> str:
    programs = {
        "sh": ["bash", "-euo", "pipefail", "-c", block.text],
        "python": [sys.executable, "-c", block.text],
    }
    done = subprocess.run(
        programs[block.language],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    expected = int(block.marks.get("exit", 0))
    assert done.returncode == expected, (
        f"{block.where}: ended with {done.returncode}, not {expected}:\n{done.stdout}"
    )
    return done.stdout


def _check(block: Block, folder: Path) -> None:
    """What can be said of a block without running it."""
    match block.language:
        case "hjson" | "json":
            _read(block)
        case "diff":
            _apply(block, folder)
        case "cpp" if "in" in block.marks:
            source = (folder / block.marks["in"]).read_text(encoding="utf-8")
            absent = [line for line in block.text.splitlines() if line.strip() not in source]
            assert not absent, f"{block.where}: not in {block.marks['in']}: {absent[0]}"


def _read(block: Block) -> None:
    values = (json if block.language == "json" else hjson).loads(block.text)
    if "config" in block.marks:
        config.from_values(config.flatten(values, block.where), block.where)


def _apply(block: Block, folder: Path) -> None:
    done = subprocess.run(
        ["git", "apply", "--whitespace=error", "-"],
        cwd=folder,
        # In a folder of somebody's repository git would apply nothing, and say nothing.
        env=os.environ | {"GIT_CEILING_DIRECTORIES": str(folder.parent)},
        input=block.text,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{block.where}: does not fit the sources:\n{done.stderr}"
