"""The charts of a run; the tables of `heepstor.report.tables` have their numbers.

Charts of layers have a row for each, from top to bottom as they run: its name and its number above,
what is drawn of it below.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from math import ceil, floor, log10

from matplotlib.axes import Axes
from matplotlib.patches import Patch

from heepstor.report import charts, tables
from heepstor.report.charts import SERIES
from heepstor.report.document import Report, predicted
from heepstor.report.tables import STALLS

_ROW = 36
_BANK_ROW = 15
_AROUND = 76
"""Units of height: of a layer's row, of a bank's, and of a chart's axis and legend."""

_LONGEST_NAME = 38
_BAR = 0.46
_NOT_REACHED = "not reached"

_PARTS = dict(zip(STALLS, SERIES, strict=False)) | {"software": SERIES[6], "direct": SERIES[7]}
_PART_NAMES = STALLS | {"software": "on the CPU", "direct": "fed by the CPU"}
_REGIONS = {
    "code": SERIES[0],
    "constants": SERIES[5],
    "weights": SERIES[1],
    "data": SERIES[6],
    "arena": SERIES[2],
    "stack": SERIES[4],
    "stack, unused": SERIES[4],
    "stack, used": SERIES[3],
}


def cycles(report: Report) -> str:
    """Bars of each layer's cycles, stacked by what they went into."""
    layers = report["layers"]
    parts = [tables.cycle_parts(layer) for layer in layers]

    def plot(axes: Axes) -> None:
        _layer_rows(axes, layers, [_cycles_and_share(layer) for layer in layers])
        for y, row in enumerate(parts):
            starts = accumulate(row.values(), initial=0)
            for (part, width), start in zip(row.items(), starts, strict=False):
                axes.barh(y, width, left=start, height=_BAR, color=_PARTS[part])
        axes.set_xlim(0, max([*(sum(row.values()) for row in parts), 1]))
        axes.set_xlabel("cycles")
        charts.plain_numbers(axes.xaxis)
        axes.locator_params(axis="x", nbins=6)
        found = [part for part in _PARTS if any(row.get(part) for row in parts)]
        _legend(axes, {_PART_NAMES[part]: _PARTS[part] for part in found})

    return charts.draw(
        plot,
        name="cycles",
        title="Cycles of each layer by what they went into",
        description="A bar a layer. The table below has the numbers.",
        height=_AROUND + 18 + _ROW * len(layers),
    )


def predictions(report: Report) -> str:
    """Predicted and simulated cycles of each layer, as two marks on a line."""
    layers = [layer for layer in report["layers"] if predicted(layer)]
    wanted = [layer["predicted_cycles"] for layer in layers]
    got = [(y, layer["cycles"]) for y, layer in enumerate(layers) if layer["cycles"]]

    def plot(axes: Axes) -> None:
        off = [_percent_off(layer) for layer in layers]
        _layer_rows(axes, layers, off)
        axes.set_xscale("log")
        axes.hlines(
            [y for y, _ in got], [wanted[y] for y, _ in got], [x for _, x in got], SERIES[7]
        )
        axes.plot(
            wanted,
            range(len(layers)),
            "o",
            markersize=11,
            markerfacecolor="none",
            markeredgecolor=SERIES[0],
            markeredgewidth=2,
            label="predicted",
        )
        axes.plot([x for _, x in got], [y for y, _ in got], "o", color=SERIES[3], label="simulated")
        # Whole decades, so that at least two numbers are on the axis.
        marked = [*wanted, *(x for _, x in got)]
        axes.set_xlim(10 ** floor(log10(min(marked) * 0.9)), 10 ** ceil(log10(max(marked) * 1.1)))
        axes.set_xlabel("cycles, logarithmic")
        charts.plain_numbers(axes.xaxis)
        axes.grid(axis="x")
        axes.figure.legend(loc="outside lower center", ncols=2)

    return charts.draw(
        plot,
        name="predictions",
        title="Predicted and simulated cycles of each layer",
        description="A ring where the cycle model expected it, a dot where the simulation was.",
        height=_AROUND + 18 + _ROW * len(layers),
    )


def roofline(report: Report) -> str:
    """What array and ports allow, what each layer's shape allows, and what it achieved."""
    layers = tables.bounded_layers(report)
    array = report["config"]["systolic_array"]

    def plot(axes: Axes) -> None:
        for number, layer in enumerate(layers):
            _achieved(axes, layer, number)
        _roof(axes, layers, array["size"] ** 2, array["ports"])
        axes.set(xscale="log", xlabel="MAC per word that crosses the port")
        axes.set(yscale="log", ylabel="MAC per cycle")
        charts.plain_numbers(axes.xaxis)
        charts.plain_numbers(axes.yaxis)
        axes.grid()
        axes.figure.legend(loc="outside lower left", ncols=1)

    return charts.draw(
        plot,
        name="roofline",
        title="Roofline",
        description="A dot for each matrix product: what it achieved. The line above it: what its "
        "shape allows on this array. The roof: what array and ports allow.",
        height=300 + 16 * len(layers),
    )


def _achieved(axes: Axes, layer: Report, number: int) -> None:
    """A layer's dot, and the line that marks its own bound."""
    x, color = layer["macs"] / layer["bounds"]["words"], SERIES[number % len(SERIES)]
    least = layer["macs"] / tables.least_cycles(layer)
    axes.plot([x], [least], "_", markersize=13, markeredgewidth=2, color=color)
    achieved = layer["macs_per_cycle"] or float("nan")
    axes.vlines(x, achieved, least, color=color, linestyle="dotted")
    name = tables.short(charts.printable(layer["name"]), _LONGEST_NAME)
    axes.plot([x], [achieved], "o", color=color, label=f"{number + 1}  {name}")
    if layer["cycles"]:
        axes.annotate(str(number + 1), (x, achieved), (6, -4), textcoords="offset points")


def _roof(axes: Axes, layers: Sequence[Report], peak: int, ports: int) -> None:
    """What the ports allow, up to where the array binds; `peak` is in MAC a cycle."""
    ridge = peak / ports
    marked = [ridge, *(layer["macs"] / layer["bounds"]["words"] for layer in layers)]
    left, right = min(marked) / 2, max(marked) * 2
    axes.plot([left, ridge, right], [left * ports, peak, peak], color=charts.TEXT)
    axes.set_xlim(left, right)
    words = "1 port: 1 word" if ports == 1 else f"{ports} ports: {ports} words"
    middle = (left * ridge) ** 0.5
    axes.annotate(
        f"{words} a cycle",
        (middle, middle * ports),
        (-8, 4),
        textcoords="offset points",
        ha="right",
    )
    axes.annotate(
        f"array: {peak} MAC a cycle", (right, peak), (0, 4), textcoords="offset points", ha="right"
    )


def memory(report: Report) -> str:
    """The regions of the image, one row for each bank of RAM."""
    memory = report["config"]["memory"]
    banks, size = memory["banks"], memory["bank_kib"] * 1024
    interleaved = banks - memory["interleaved_banks"]
    regions = tables.regions(report)

    def plot(axes: Axes) -> None:
        axes.barh(range(banks), [size] * banks, height=0.8, color=charts.LINE)
        for region in regions:
            end = region["address"] + region["size"]
            for bank in range(region["address"] // size, -(-end // size)):
                start = max(region["address"], bank * size)
                width = min(end, (bank + 1) * size) - start
                color = _REGIONS[region["kind"]]
                axes.barh(bank, width, left=start - bank * size, height=0.8, color=color)
        names = [
            f"{bank}" if bank < interleaved else f"{interleaved}-{banks - 1}"
            for bank in range(banks)
        ]
        axes.set_yticks(range(banks), names)
        axes.set_ylim(banks - 0.4, -0.6)
        axes.set_xlim(0, size)
        axes.set(xlabel="bytes of the bank", ylabel="bank")
        charts.plain_numbers(axes.xaxis)
        axes.locator_params(axis="x", nbins=6)
        _legend(axes, {kind: _REGIONS[kind] for kind in _REGIONS if _has(regions, kind)})

    return charts.draw(
        plot,
        name="memory",
        title="Memory map",
        description="A bar a bank of RAM: what of the image lies in it, and in grey what is free.",
        height=_AROUND + 24 + _BANK_ROW * banks,
    )


def arena(report: Report) -> str:
    """Which bytes of the arena each layer needs, and whether it fills them."""
    layers, buffers = report["layers"], report["memory"]["buffers"]
    colors = {"filled by it": SERIES[2], "from before": SERIES[5], "scratch": SERIES[1]}

    def plot(axes: Axes) -> None:
        needed = [0] * len(layers)
        for buffer in buffers:
            for y in range(buffer["first_layer"], buffer["last_layer"] + 1):
                fills = "scratch" if buffer["use"] == "scratch" else "filled by it"
                color = colors[fills if y == buffer["first_layer"] else "from before"]
                # An outline, so that a buffer of a few bytes is seen.
                axes.barh(
                    y,
                    buffer["size"],
                    left=buffer["offset"],
                    height=_BAR,
                    color=color,
                    edgecolor=color,
                )
                needed[y] += buffer["size"]
        _layer_rows(axes, layers, [f"{bytes_:,} bytes" for bytes_ in needed])
        axes.set_xlim(0, max(report["memory"]["arena"], 1))
        axes.set_xlabel("offset in the arena, bytes")
        charts.plain_numbers(axes.xaxis)
        axes.locator_params(axis="x", nbins=6)
        is_gathered = any(buffer["use"] == "scratch" for buffer in buffers)
        _legend(axes, {use: colors[use] for use in colors if is_gathered or use != "scratch"})

    return charts.draw(
        plot,
        name="arena",
        title="The arena over time",
        description="A row a layer: which bytes of the arena it needs while it runs.",
        height=_AROUND + _ROW * len(layers),
    )


def _layer_rows(axes: Axes, layers: Sequence[Report], numbers: Sequence[str]) -> None:
    """A row for each layer, with its name at the left and a number at the right."""
    across = axes.get_yaxis_transform()
    for y, (layer, number) in enumerate(zip(layers, numbers, strict=True)):
        name = tables.short(charts.printable(layer["name"]), _LONGEST_NAME)
        axes.text(0, y - _BAR / 2 - 0.08, name, transform=across, va="bottom")
        axes.text(1, y - _BAR / 2 - 0.08, number, transform=across, va="bottom", ha="right")
    axes.set_ylim(len(layers) - 0.6, -0.75)
    axes.yaxis.set_visible(False)
    axes.spines["left"].set_visible(False)


def _cycles_and_share(layer: Report) -> str:
    if layer["cycles"] is None:
        return _NOT_REACHED
    return f"{layer['cycles']:,} ({layer['share']:.1%})"


def _percent_off(layer: Report) -> str:
    if layer["cycles"] is None:
        return _NOT_REACHED
    return f"{layer['cycles'] / layer['predicted_cycles'] - 1:+.2%}"


def _legend(axes: Axes, colors: Mapping[str, str]) -> None:
    patches = [Patch(color=color, label=name) for name, color in colors.items()]
    axes.figure.legend(
        handles=patches, loc="outside lower left", ncols=3, handlelength=1, columnspacing=1.2
    )


def _has(regions: Sequence[Report], kind: str) -> bool:
    return any(region["kind"] == kind and region["size"] for region in regions)
