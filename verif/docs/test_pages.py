"""Each page of the documentation does what it shows, in a copy of the repository."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import hjson
import pytest

from heepstor.errors import ConfigError
from verif.docs.blocks import PAGES, ROOT, Block, blocks
from verif.docs.checkout import checkout, environment
from verif.docs.execute import has_output, run
from verif.harness import session


@pytest.mark.parametrize(
    "page", [p for p in PAGES if blocks(p)], ids=lambda page: page.relative_to(ROOT).as_posix()
)
def test_a_page_does_what_it_shows(
    page: Path, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    shown = blocks(page)
    folder = checkout(tmp_path) if any(block.is_done for block in shown) else ROOT
    left_out = list(run(shown, folder, environment(folder)))
    if left_out:
        record_property("note", "\n".join(left_out))


def block(language: str, text: str, **marks: str) -> Block:
    return Block("page.md:1", language, marks, text)


def done(folder: Path, *shown: Block) -> list[str]:
    return list(run(shown, folder, os.environ))


@pytest.mark.parametrize(
    ("shown", "message"),
    [
        ([block("sh", "false\ntrue\n")], "page.md:1: ended with 1, not 0"),
        ([block("sh", "false | true\n")], "page.md:1: ended with 1, not 0"),
        ([block("sh", "true\n", exit="2")], "page.md:1: ended with 0, not 2"),
        ([block("python", "nothing\n")], "NameError: name 'nothing' is not defined"),
        ([block("python", "a = 1\n"), block("python", "a\n")], "NameError: name 'a'"),
        ([block("sh", "echo a\n"), block("text", "b\n", output="")], "printed instead:\na\n"),
        ([block("diff", "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n")], "does not fit the sources"),
        ([block("cpp", "int a;\n", **{"in": "x.h"})], "not in x.h: int a;"),
    ],
)
def test_a_block_that_is_not_true_is_named(
    tmp_path: Path, shown: list[Block], message: str
) -> None:
    (tmp_path / "x").write_text("c\n", encoding="utf-8")
    (tmp_path / "x.h").write_text("int b;\n", encoding="utf-8")
    with pytest.raises(AssertionError, match=r"page\.md:1") as error:
        done(tmp_path, *shown)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("shown", "error"),
    [
        (block("hjson", "{ a: [ }"), hjson.HjsonDecodeError),
        (block("json", "{ a: 1 }"), json.JSONDecodeError),
        (block("hjson", "{ clock_hz: 1 }", config=""), ConfigError),
    ],
)
def test_data_that_is_not_right_is_an_error(
    tmp_path: Path, shown: Block, error: type[Exception]
) -> None:
    with pytest.raises(error):
        done(tmp_path, shown)


def test_blocks_follow_each_other_and_what_is_left_out_has_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(session.EFFORT_VARIABLE, session.QUICK)
    shown = [
        block("python", "print(6 * 7)\n", file="six/program.py"),
        block("sh", "python six/program.py\n"),
        block("text", "42\n", output=""),
        block(
            "diff",
            "--- a/six/program.py\n+++ b/six/program.py\n@@ -1 +1 @@\n-print(6 * 7)\n+1 / 0\n",
        ),
        block("sh", "python six/program.py\n", exit="1"),
        block("sh", "false\n", skip="a board is needed"),
        block("sh", "false\n", slow=""),
        block("text", "of a block that was left out\n", output=""),
        block("sh", "false\n", **{"tested-by": "verif/x.py::test_y"}),
    ]
    assert done(tmp_path, *shown) == [
        "page.md:1 is not run: a board is needed",
        "page.md:1 is not run: with --full alone",
    ]


@pytest.mark.parametrize(
    ("shown", "fits"),
    [
        ("a\nb\n", True),
        ("b\nc\n", True),
        ("a\nc\n", False),
        ("a\n...\nc\n", True),
        ("... 1 of ...\n", True),
        ("... 2 of ...\n", False),
        ("step 1 of 3", True),
        ("step 1", False),
        ("tep 1 of 3", False),
    ],
)
def test_output_is_compared_line_by_line(shown: str, fits: bool) -> None:
    assert has_output("a\nb\nc  \nstep 1 of 3\n", shown) is fits


def test_a_copy_has_its_own_sources_and_an_environment_that_is_whole(tmp_path: Path) -> None:
    copy = checkout(tmp_path)
    sources = (
        "import heepstor.build, verif, golden\nprint(*heepstor.build.__path__, *verif.__path__)\n"
    )
    shown = [
        block("sh", "make setup\n"),
        block("python", sources),
        block("text", f"{copy}/heepstor/build {copy}/verif\n", output=""),
    ]
    assert list(run(shown, copy, environment(copy))) == []
