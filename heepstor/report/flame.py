"""Flame graphs: who called whom, each as wide as it took cycles; as SVG for a page of ours."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import escape

from heepstor.report.tables import short

_WIDTH = 1000.0
_ROW = 18
_LETTER = 6.3  # width of one, as high as a row allows
_NARROWEST = 0.4  # what is narrower nobody sees
_COLORS = 8  # --series-1 and so on, of the page

STYLE = """
.flame { overflow-x: auto; }
.flame svg { display: block; width: 100%; min-width: 50rem; max-width: none; }
.flame rect { stroke: var(--card); fill-opacity: .45; }
.flame g:hover rect { fill-opacity: .8; }
.flame text { font: 11px system-ui, sans-serif; fill: var(--text); pointer-events: none; }
"""
"""To be put into the page."""


@dataclass
class _Frame:
    """A function at one place of the graph, with what it called in the order it was met."""

    cycles: int = 0
    callees: dict[str, _Frame] = field(default_factory=dict)


def graph(stacks: Mapping[tuple[str, ...], int], title: str) -> str:
    """The graph of stacks with their cycles, outermost functions at the top.

    A function's cycles and whole name show where the pointer rests on it.
    """
    root = _tree(stacks)
    boxes = list(_boxes(root, 0.0, 0, root.cycles))
    height = _ROW * (1 + max((depth for _, depth, _, _ in boxes), default=0))
    shapes = "".join(_shape(*box, root.cycles) for box in boxes)
    return (
        f'<div class="flame" tabindex="0"><svg role="img" viewBox="0 0 {_WIDTH:g} {height}" '
        f'aria-label="{escape(title)}">{shapes}</svg></div>'
    )


def brief(name: str) -> str:
    """A C++ function's name without namespaces, template arguments and parameters.

    >>> brief("a::Printer<b::Uart<c::Mmio> >::field(char const*) const")
    'Printer::field'
    """
    found = name.replace("(anonymous namespace)::", "")
    while (less := re.sub(r"<[^<>]*>", "", found)) != found:
        found = less
    parts = found.partition("(")[0].split("::")
    return "::".join(parts[-2:] if len(parts) > 1 and parts[-2][:1].isupper() else parts[-1:])


def _tree(stacks: Mapping[tuple[str, ...], int]) -> _Frame:
    root = _Frame()
    for stack, cycles in stacks.items():
        frame = root
        frame.cycles += cycles
        for name in stack:
            frame = frame.callees.setdefault(name, _Frame())
            frame.cycles += cycles
    return root


def _boxes(
    frame: _Frame, left: float, depth: int, whole: int
) -> Iterator[tuple[float, int, str, int]]:
    """(left edge, row, name, cycles) of what a frame called, and of what that called."""
    for name, callee in frame.callees.items():
        width = _WIDTH * callee.cycles / whole
        if width >= _NARROWEST:
            yield left, depth, name, callee.cycles
            yield from _boxes(callee, left, depth + 1, whole)
        left += width


def _shape(left: float, row: int, name: str, cycles: int, whole: int) -> str:
    width = _WIDTH * cycles / whole
    color = zlib.crc32(name.encode()) % _COLORS + 1
    letters = int((width - 4) / _LETTER)
    label = short(brief(name), letters) if letters >= 3 else ""
    y = row * _ROW
    return (
        f"<g><title>{escape(name)}: {cycles:,} cycles, {cycles / whole:.1%}</title>"
        f'<rect x="{left:.2f}" y="{y}" width="{width:.2f}" height="{_ROW}" '
        f'style="fill: var(--series-{color})"/>'
        f'<text x="{left + 3:.2f}" y="{y + 13}">{escape(label)}</text></g>'
    )
