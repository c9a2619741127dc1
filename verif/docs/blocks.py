"""Blocks of code of the project's pages, and what they ask to be done with them.

What a block is, its language says, and marks in braces behind it:

    ```sh {slow}

| language | what the test does | marks |
| --- | --- | --- |
| `sh` | runs it by bash, in a copy of the repository | `slow`, `skip`, `tested-by`, `exit` |
| `python` | runs it in a process of its own, there | `slow`, `skip`, `tested-by`, `file` |
| `diff` | applies it to the copy | |
| `hjson`, `json` | reads it | `config`, `file` |
| `cpp` | looks for each of its lines in a file | `in` |
| `text` | nothing | `output`, `tested-by` |

`slow`: with --full alone. `skip="why"`: never; the reason is shown. `tested-by="FILE::TEST"`: that
test does it. `exit="1"`: it ends with this status and not with 0. `file="PATH"`: the block is
written to the file. `config`: the loader of `heepstor_cfg.hjson` takes it. `in="PATH"`: where it is
from. `output`: the block before has printed it, `...` standing for anything.
"""

from __future__ import annotations

import ast
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parents[2]

PAGES = (
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md")),
    *(path for name in ("docs", "rtl", "verif") for path in sorted((ROOT / name).rglob("*.md"))),
)
"""All pages, in the order in which they are tested."""

RUN = {"sh", "python"}
"""Languages of blocks that are programs."""

_RUN_MARKS = {"slow", "skip", "tested-by"}
MARKS: Mapping[str, set[str]] = {
    "sh": _RUN_MARKS | {"exit"},
    "python": _RUN_MARKS | {"file"},
    "diff": set(),
    "hjson": {"config", "file"},
    "json": {"config", "file"},
    "cpp": {"in"},
    "text": {"output", "tested-by"},
}
"""Each language, with the marks that a block of it may have."""

_WITH_VALUE = {"skip", "tested-by", "exit", "file", "in"}
_OF_THE_SITE = "{toctree}"


@dataclass(frozen=True)
class Block:
    """A fenced block of code; `where` is its page and line."""

    where: str
    language: str
    marks: Mapping[str, str]
    text: str

    @property
    def is_done(self) -> bool:
        """Whether it can change what lies in the folder that it is run in."""
        left_out = {"skip", "tested-by"} & self.marks.keys()
        return "file" in self.marks or (self.language in {*RUN, "diff"} and not left_out)


def blocks(page: Path) -> list[Block]:
    """The blocks of a page in their order; those that only tell the site what is where are none."""
    name = page.relative_to(ROOT).as_posix() if page.is_relative_to(ROOT) else page.name
    tokens = MarkdownIt("commonmark").parse(page.read_text(encoding="utf-8"))
    found = []
    for token in tokens:
        if token.type not in ("fence", "code_block") or token.info.startswith(_OF_THE_SITE):
            continue
        assert token.map is not None
        language, _, marks = token.info.strip().partition(" ")
        where = f"{name}:{token.map[0] + 1}"
        found.append(Block(where, language, _marks(marks), token.content))
    return found


def faults(page: Path) -> Iterator[str]:
    """What is wrong with the blocks of a page, one sentence each."""
    before: Block | None = None
    for block in blocks(page):
        for fault in (*_faults(block), *_faults_of_output(block, before)):
            yield f"{block.where}: {fault}"
        before = block


def _marks(text: str) -> dict[str, str]:
    """`{slow skip="why"}` as a mapping; what has another form becomes a mark that nobody knows."""
    if not text:
        return {}
    if not (text.startswith("{") and text.endswith("}")):
        return {f"{text} without braces": ""}
    pairs = (word.partition("=") for word in shlex.split(text[1:-1]))
    return {name: value for name, _, value in pairs}


def _faults(block: Block) -> Iterator[str]:
    if block.language not in MARKS:
        yield f"the language is {block.language!r}; it must be one of {', '.join(MARKS)}"
        return
    accepted = MARKS[block.language]
    for name, value in block.marks.items():
        if name not in accepted:
            known = ", ".join(sorted(accepted)) or "none"
            yield f"the mark is {name!r}; for {block.language} there are: {known}"
        elif bool(value) != (name in _WITH_VALUE):
            yield f"{name} must have {'a' if name in _WITH_VALUE else 'no'} value"
    if block.language == "cpp" and "in" not in block.marks:
        yield "cpp must have the mark in: code that no file has is never compiled"
    if "tested-by" in block.marks and not _exists(block.marks["tested-by"]):
        yield f"there is no test {block.marks['tested-by']}"


def _faults_of_output(block: Block, before: Block | None) -> Iterator[str]:
    if "output" not in block.marks:
        return
    if before is None or before.language not in RUN or not before.is_done:
        yield "output follows no block that is run"


def _exists(test: str) -> bool:
    """Whether the file has a function of that name; what its parameters are does not matter."""
    file, _, name = test.partition("::")
    path = ROOT / file
    if not path.is_file():
        return False
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return any(isinstance(node, ast.FunctionDef) and node.name == name for node in tree.body)
