"""The documentation site is built without a warning, holds what is generated, and works offline."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from heepstor import cli, config, registers
from heepstor.build import cache
from heepstor.report import document
from verif.docs.blocks import ROOT
from verif.harness import browser

DOCS = ROOT / "docs"
_MAKE_THE_PAGES = ("cli", "config", "registers", "emit/tables", "report/schema")


def build(docs: Path, output: Path) -> subprocess.CompletedProcess[str]:
    """What `make docs` does, in other folders."""
    options = ("-E", "-W", "--keep-going", "-q", "-d", output.with_name("doctrees"))
    return subprocess.run(
        [sys.executable, "-m", "sphinx", *options, docs, output],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def site() -> Path:
    """The site; it is built once for all workers, and again when anything that it shows changes."""
    sources = [path for path in sorted(DOCS.rglob("*")) if path.suffix in (".md", ".py", ".hjson")]
    sources += [path for name in _MAKE_THE_PAGES for path in (ROOT / "heepstor").glob(f"{name}.*")]

    def make(folder: Path) -> None:
        done = build(DOCS, folder / "site")
        assert done.returncode == 0, done.stderr

    return cache.cached("docs", {"sources": cache.file_digests(sources)}, make) / "site"


def page(site: Path, name: str) -> str:
    """The words of a page."""
    text = (site / f"{name}.html").read_text(encoding="utf-8")
    return unescape(re.sub(r"<[^>]*>", "", text))


def test_generated_pages_hold_all_that_there_is(site: Path) -> None:
    configuration = page(site, "configuration")
    for rule in config.RULES:
        assert rule.key in configuration
        assert rule.accepted in configuration
    commands = page(site, "commands")
    (choice,) = (a for a in cli.command_line()._actions if a.dest == "command")
    assert choice.choices
    for name, parser in dict(choice.choices).items():
        assert f"usage: heepstor {name} " in commands
        for option in (o for action in parser._actions for o in action.option_strings):
            assert option in commands
    shown = page(site, "registers")
    for block in registers.BLOCKS:
        for register in (*block.registers, *block.windows):
            assert f"{register.name}\n" in shown
    for code in registers.ExitCode:
        assert code.name in shown
    schema = page(site, "report-schema")
    assert [name for name in properties(document.load_schema()) if f"{name}\n" not in schema] == []


def properties(schema: Any) -> Iterator[str]:
    """The names of all properties, at every depth."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for rule in schema.values():
            yield from properties(rule)


def test_nothing_is_loaded_from_anywhere_else(site: Path) -> None:
    texts = [
        p.read_text(encoding="utf-8") for p in site.rglob("*") if p.suffix in (".html", ".css")
    ]
    assert len(texts) > 20
    outside = re.compile(
        r"<(?:script|img|iframe)[^>]*src=\"(?:https?:)?//|<link[^>]*href=\"(?:https?:)?//|url\(['\"]?(?:https?:)?//|@import"
    )
    assert [found[0] for text in texts if (found := outside.search(text))] == []


def test_dead_links_and_parts_that_there_are_not_are_errors(tmp_path: Path) -> None:
    faults = {
        "[there](nowhere.md)": "'nowhere.md'",
        "[there](index.md#nowhere)": "local id not found in doc 'index': 'nowhere'",
        "[there](#neither)": "cross-reference target not found: 'neither'",
        "[there](../nowhere.txt)": "the link to ../nowhere.txt leads nowhere",
        "<!-- generated: nothing -->": "no part is called 'nothing'; there are: configuration,",
    }
    docs = tmp_path / "docs"
    docs.mkdir()
    for name in ("conf.py", "site_pages.py"):
        shutil.copy(DOCS / name, docs)
    (docs / "index.md").write_text("# Index\n\n" + "\n\n".join(faults), encoding="utf-8")
    done = build(docs, tmp_path / "site")
    assert done.returncode != 0
    assert [message for message in faults.values() if message not in done.stderr] == []


QUESTIONS = {
    "results": 'seen("#search-results li a")',
    "navigation": 'seen(".sidebar-tree a")',
    "headings": 'seen("h1, h2")',
}


@pytest.mark.parametrize("width", browser.WIDTHS)
def test_the_site_is_read_and_searched_in_a_browser_without_a_server(
    site: Path, tmp_path: Path, width: str
) -> None:
    def visit(path: str) -> dict[str, Any]:
        url = f"{site.as_uri()}/{path}"
        shown = browser.visit(url, browser.WIDTHS[width], tmp_path, QUESTIONS, patience_ms=3000)
        assert shown["needed"] <= shown["width"]
        assert list(browser.unreadable(shown)) == []
        return shown

    start = visit("getting-started.html")
    assert {"What one sees", "Reading the report"} <= {h.rstrip("¶#") for h in start["headings"]}
    assert {"Configuration", "Commands", "Verification"} <= set(start["navigation"])
    assert "PASS: firmware PASS" in start["text"]
    found = visit("search.html?q=interleaved")
    assert "Configuration" in found["results"]
