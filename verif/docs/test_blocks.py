"""Each block of code of the documentation says what is to be done with it; each link leads on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from verif.docs import blocks
from verif.docs.blocks import PAGES, ROOT

GOOD = "verif/docs/test_blocks.py::test_a_wrong_block_is_named"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_block_has_a_known_language_and_known_marks(page: Path) -> None:
    assert list(blocks.faults(page)) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("```\nmake sim\n```", "page.md:1: the language is ''; it must be one of sh, python"),
        ("\n    make sim\n", "page.md:2: the language is ''"),
        ("```bash\nls\n```", "the language is 'bash'"),
        ("```sh {quick}\nls\n```", "the mark is 'quick'; for sh there are: exit, skip, slow"),
        (
            "```sh slow\nls\n```",
            "the mark is 'slow without braces'; for sh there are: exit, skip, slow",
        ),
        ("```diff {slow}\n```", "the mark is 'slow'; for diff there are: none"),
        ("```sh {skip}\nls\n```", "skip must have a value"),
        ('```sh {skip=""}\nls\n```', "skip must have a value"),
        ('```sh {slow="1"}\nls\n```', "slow must have no value"),
        ('```sh {tested-by="verif/x.py::test_y"}\nls\n```', "there is no test verif/x.py::test_y"),
        (f'```sh {{tested-by="{GOOD}s"}}\nls\n```', f"there is no test {GOOD}s"),
        ("```cpp\nint x;\n```", "cpp must have the mark in"),
        ("```text {output}\nx\n```", "output follows no block that is run"),
        ("```json\n```\n```text {output}\n```", "page.md:3: output follows no block that is run"),
        ('```sh {skip="x"}\n```\n```text {output}\n```', "page.md:3: output follows no block that"),
    ],
)
def test_a_wrong_block_is_named(tmp_path: Path, text: str, fault: str) -> None:
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    (found,) = blocks.faults(page)
    assert fault in found


def test_a_block_that_another_test_runs_names_it(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f'```sh {{tested-by="{GOOD}"}}\nls\n```', encoding="utf-8")
    assert list(blocks.faults(page)) == []
