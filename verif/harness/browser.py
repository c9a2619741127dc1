"""What a real browser shows of a page: headless Chromium."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from html import escape, unescape
from pathlib import Path
from typing import Any

import pytest

WIDTHS = {"desktop": 1280, "phone": 390}
"""In CSS pixels."""

_READABLE = 4.5
"""Contrast of text and what is behind it that WCAG 2 asks for at its level AA."""

# The page lies in a frame of the wanted width, too high for a scroll bar.
_FRAME = """
<iframe style="border: 0" width="{width}" height="30000" {source}></iframe>
<script>
onload = () => setTimeout(() => {{
  const frame = document.querySelector("iframe");
  const page = frame.contentDocument;
  const seen = (selector) =>
    [...page.querySelectorAll(selector)].map((found) => found.innerText ?? found.textContent);
  const behind = (element) => {{
    const color = frame.contentWindow.getComputedStyle(element).backgroundColor;
    return color === "rgba(0, 0, 0, 0)" ? behind(element.parentElement) : color;
  }};
  const colors = () => {{
    const pairs = new Set();
    const walker = page.createTreeWalker(page.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {{
      const parent = walker.currentNode.parentElement;
      if (!walker.currentNode.data.trim() || parent.closest("title, desc")) continue;
      const style = frame.contentWindow.getComputedStyle(parent);
      pairs.add(JSON.stringify([parent.closest("svg") ? style.fill : style.color, behind(parent)]));
    }}
    return [...pairs].map(JSON.parse);
  }};
  const result = {{
    title: page.title,
    width: page.documentElement.clientWidth,
    needed: page.documentElement.scrollWidth,
    text: page.body.innerText,
    loaded: frame.contentWindow.performance.getEntriesByType("resource").map((it) => it.name),
    colors: colors(),
    {questions}
  }};
  document.body.innerHTML = "";
  document.body.append(JSON.stringify(result));
}}, {patience_ms});
</script>
"""


def chromium() -> str:
    """The browser, which `make test` installs; where it is missing, CI fails and others skip."""
    found = shutil.which("chromium")
    if found:
        return found
    message = "chromium is not installed: scripts/setup --tests (which `make test` does) brings it"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def look(
    html: str, width: int, folder: Path, questions: Mapping[str, str], *, dark: bool = False
) -> dict[str, Any]:
    """What is seen of a page in a window of `width` CSS pixels; `needed` is what it takes.

    Args:
        html: the page, without a script of its own.
        width: of the window.
        folder: for temporary files.
        questions: name to JavaScript expression, of `page` (the document) and `seen(selector)`, the
            texts of the elements that fit; the answers are in the result by these names.
        dark: whether the reader prefers dark pages.
    """
    return _shown(f'srcdoc="{escape(html)}"', width, folder, questions, dark=dark)


def visit(
    url: str, width: int, folder: Path, questions: Mapping[str, str], *, patience_ms: int
) -> dict[str, Any]:
    """What is seen of a `file:` URL some time after it was loaded, with scripts; as `look`.

    The time is the page's: the browser does not wait, it only lets the scripts have it.
    """
    return _shown(f'src="{escape(url)}"', width, folder, questions, patience_ms=patience_ms)


def _shown(
    source: str,
    width: int,
    folder: Path,
    questions: Mapping[str, str],
    *,
    dark: bool = False,
    patience_ms: int = 0,
) -> dict[str, Any]:
    asked = "".join(f"{name}: {expression},\n" for name, expression in questions.items())
    frame = folder / "frame.html"
    text = _FRAME.format(width=width, source=source, questions=asked, patience_ms=patience_ms)
    frame.write_text(text, encoding="utf-8")
    command = [
        chromium(),
        *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
        # The frame may look into a page of another file.
        "--allow-file-access-from-files",
        f"--blink-settings=preferredColorScheme={0 if dark else 1}",
        *(f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=5000", "--dump-dom"),
        frame.as_uri(),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    body = re.search(r"<body>(.*)</body>", done.stdout, re.DOTALL)
    assert body is not None, done.stdout + done.stderr
    return dict(json.loads(unescape(body[1])))


def unreadable(shown: Mapping[str, Any]) -> Iterator[tuple[str, str, float]]:
    """Colours of text and background, as `look` found them, that are too near each other."""
    for text, background in shown["colors"]:
        contrast = _contrast(_channels(text), _channels(background))
        if contrast < _READABLE:
            yield text, background, contrast


def _channels(color: str) -> list[int]:
    """Red, green and blue, 0 to 255, of `rgb(r, g, b)`."""
    assert color.startswith("rgb("), color
    return [int(number) for number in re.findall(r"\d+", color)]


def _contrast(one: list[int], other: list[int]) -> float:
    """WCAG 2, "contrast ratio": 1 for equal colours, 21 for black and white."""
    dark, light = sorted([_luminance(one), _luminance(other)])
    return (light + 0.05) / (dark + 0.05)


def _luminance(channels: list[int]) -> float:
    """WCAG 2, "relative luminance"."""
    linear = [
        level / 12.92 if level <= 0.04045 else ((level + 0.055) / 1.055) ** 2.4
        for level in (channel / 255 for channel in channels)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
