"""Charts as SVG that lies in an HTML page: text stays text, and colours are those of the page.

Importing this takes as long as Matplotlib does: import it where a chart is drawn.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from html import escape
from typing import Any
from xml.etree import ElementTree

import matplotlib
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

WIDTH = 420
"""Of every chart, in the units of its view box; 12 of them are the height of its text."""

# Matplotlib wants colours and the page has variables, which differ in light and dark: each colour
# here is only the name of a variable of page.css, until the picture is done.
TEXT, MUTED, LINE = "#fe0001", "#fe0002", "#fe0003"
SERIES = tuple(f"#fe01{number:02x}" for number in range(1, 9))
"""Colours of what is told apart; they differ for the colour-blind, too."""

_VARIABLES = {
    **{TEXT: "text", MUTED: "muted", LINE: "line"},
    **{color: f"series-{number}" for number, color in enumerate(SERIES, start=1)},
}

_FONT = "DejaVu Sans"  # Matplotlib's own, to measure text with; the page shows its own instead

# `Any`: Matplotlib's type of this lists each key that there is.
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.family": _FONT,
    "font.size": 12,
    "axes.titlesize": 12,
    "axes.labelsize": 11,
    "xtick.labelsize": 10.5,
    "ytick.labelsize": 10.5,
    "legend.fontsize": 10.5,
    "text.color": TEXT,
    "axes.labelcolor": MUTED,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "axes.edgecolor": LINE,
    "grid.color": LINE,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
}

_NO_METADATA = dict.fromkeys(("Date", "Creator", "Format", "Type"))


def draw(
    plot: Callable[[Axes], None], *, name: str, title: str, description: str, height: float
) -> str:
    """A chart as an `<svg>` element that scales with the page; the same input, the same bytes.

    Args:
        plot: draws into the axes that it gets, with the colours above.
        name: unlike that of any other chart of the page; letters, digits and `-`.
        title: what a screen reader says first.
        description: what the chart shows; the numbers belong into a table beside it.
        height: in the units of the view box, which is `WIDTH` wide.
    """
    picture = io.StringIO()
    with matplotlib.rc_context(_STYLE | {"svg.hashsalt": name}), warnings.catch_warnings():
        # The page's font has the letters that Matplotlib's has not.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure = Figure(figsize=(WIDTH / 72, height / 72), dpi=72, layout="constrained")
        plot(figure.add_subplot())
        # Not `savefig`, which draws twice; Matplotlib has no types of this.
        FigureCanvasSVG(figure).print_svg(picture, metadata=_NO_METADATA)  # type: ignore[no-untyped-call]
    return _inline(picture.getvalue(), name, title, description, height)


def plain_numbers(axis: Axis) -> None:
    """Write an axis' numbers out: `10,000`, not a power of ten."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axis.set_minor_formatter(NullFormatter())


def printable(text: str) -> str:
    """Text without what no SVG can hold, such as control characters."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _inline(svg: str, name: str, title: str, description: str, height: float) -> str:
    """Matplotlib's picture as an element of a page, which has more of them."""
    root = ElementTree.fromstring(svg)
    references = " ".join(value for element in root.iter() for value in element.attrib.values())
    for element in root.iter():
        _simplify(element, references)
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in ("metadata", "style"):
                parent.remove(child)
    content = "".join(ElementTree.tostring(child, encoding="unicode") for child in root)
    return (
        f'<svg role="img" viewBox="0 0 {WIDTH} {height:g}" '
        f'aria-labelledby="{name}-title {name}-desc">'
        f'<title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-desc">{escape(description)}</desc>{content}</svg>'
    )


def _simplify(element: ElementTree.Element, references: str) -> None:
    """Drop namespaces, white space and idle ids; take colours and the font from the page."""
    element.tag = _local(element.tag)
    element.text = (element.text or "").strip()
    element.tail = ""
    attributes = {_local(key): value for key, value in element.attrib.items()}
    # Matplotlib gives every group an id, the same in every picture; the others are hashes.
    if f"#{attributes.get('id')}" not in references:
        attributes.pop("id", None)
    style = attributes.get("style", "").replace(f"'{_FONT}'", "system-ui, sans-serif")
    for color, variable in _VARIABLES.items():
        style = style.replace(color, f"var(--{variable})")
    element.attrib.clear()
    element.attrib.update(attributes | ({"style": style} if style else {}))


def _local(name: str) -> str:
    return name.rpartition("}")[2]
