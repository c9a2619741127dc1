"""What a report says, as tables that the page and the Markdown share, and the charts' numbers."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from heepstor.aligned import NOTHING, count
from heepstor.config import flatten
from heepstor.report.document import Report, predicted
from heepstor.report.page import Table

STALLS = {
    "compute": "computing",
    "wait_weights": "waiting for weights",
    "wait_activations": "waiting for activations",
    "wait_write_back": "waiting for write-back",
    "fill_drain": "filling and draining",
    "firmware": "firmware",
}
"""What the cycles of a streamed layer are, by the key of `cycle_parts`."""


def cycle_parts(layer: Report) -> dict[str, int]:
    """A layer's cycles by what they went into: keys of `STALLS`, or the name of its back-end.

    Empty if the layer was not reached.
    """
    if layer["cycles"] is None:
        return {}
    if "stream" not in layer:
        return {layer["backend"]: layer["cycles"]}
    counters = layer["stream"]
    parts = {name: counters[name] for name in STALLS if name in counters}
    return parts | {"firmware": layer["cycles"] - counters["stream_cycles"]}


def cycles(report: Report) -> Table:
    """Cycles of each layer, split by stall reason where the array counts them."""
    stalls = STALLS if any("stream" in layer for layer in report["layers"]) else {}
    headings = ["layer", "back-end", "cycles", "share", *stalls.values()]
    rows = [
        [
            layer["name"],
            layer["backend"],
            count(layer["cycles"]),
            percent(layer["share"]),
            *(count(layer.get("stream") and cycle_parts(layer)[part]) for part in stalls),
        ]
        for layer in report["layers"]
    ]
    total = ["total", report["backend"], count(report["total_cycles"])]
    return Table(headings, [*rows, [*total, *[""] * (len(headings) - len(total))]], 2)


def predictions(report: Report) -> Table:
    """Predicted against simulated cycles."""
    rows = [
        [layer["name"], *_difference(predicted(layer), layer["cycles"])]
        for layer in report["layers"]
    ]
    return Table(["layer", "predicted", "simulated", "difference", "in percent"], rows)


def _difference(expected: int | None, got: int | None) -> list[str]:
    if not expected or got is None:
        return [count(expected), count(got), NOTHING, NOTHING]
    off = got - expected
    return [count(expected), count(got), f"{off:+,}", f"{off / expected:+.2%}"]


def bounded_layers(report: Report) -> list[Report]:
    """The layers with a matrix product whose bounds the report knows."""
    return [layer for layer in report["layers"] if layer.get("bounds")]


def bounds(report: Report) -> Table:
    """What limits each matrix product, and how near it came."""
    headings = [
        *("layer", "bound by", "MACs", "words", "MAC/word", "array bound", "port bound"),
        *("cycles", "MAC/cycle", "of the bound", "words moved"),
    ]
    rows = [_bounds_row(layer) for layer in bounded_layers(report)]
    return Table(headings, rows, 2)


def least_cycles(layer: Report) -> int:
    """Cycles that a bounded layer cannot beat: the larger of its two bounds."""
    cycles: int = max(layer["bounds"]["array_cycles"], layer["bounds"]["port_cycles"])
    return cycles


def _bounds_row(layer: Report) -> list[str]:
    limits, moved = layer["bounds"], layer.get("stream")
    is_array = limits["array_cycles"] >= limits["port_cycles"]
    return [
        layer["name"],
        "array" if is_array else "port",
        count(layer["macs"]),
        count(limits["words"]),
        f"{layer['macs'] / limits['words']:.2f}",
        count(limits["array_cycles"]),
        count(limits["port_cycles"]),
        count(layer["cycles"]),
        NOTHING if layer["macs_per_cycle"] is None else f"{layer['macs_per_cycle']:.2f}",
        percent(least_cycles(layer) / layer["cycles"] if layer["cycles"] else None),
        count(moved["words_read"] + moved["words_written"] if moved else None),
    ]


def regions(report: Report) -> list[dict[str, Any]]:
    """The regions of the image, the stack cut where its high-water mark is; it grows downwards."""
    found: list[dict[str, Any]] = []
    used = report["memory"]["stack_used"]
    for region in report["memory"].get("regions", []):
        if region["kind"] == "stack" and used is not None:
            unused = region["size"] - used
            found.append({**region, "kind": "stack, unused", "size": unused})
            top = region["address"] + unused
            found.append({"kind": "stack, used", "address": top, "size": used})
        else:
            found.append(region)
    return found


def memory(report: Report) -> Table:
    """The regions of the image with their addresses and banks, and what is free."""
    size = report["memory"]["available"]
    found = regions(report)
    used = max((region["address"] + region["size"] for region in found), default=0)
    free = [{"kind": "free", "address": used, "size": size - used}] if used < size else []
    rows = [
        [
            region["kind"],
            f"0x{region['address']:05x}",
            f"0x{region['address'] + region['size'] - 1:05x}",
            count(region["size"]),
            _banks(region, report["config"]["memory"]),
        ]
        for region in [*found, *free]
        if region["size"]
    ]
    return Table(["region", "from", "to", "bytes", "banks"], rows)


def _banks(region: Report, memory: Mapping[str, int]) -> str:
    """The banks that a region lies in; one that is interleaved lies in all that are."""
    size = memory["bank_kib"] * 1024
    first, last = region["address"] // size, (region["address"] + region["size"] - 1) // size
    interleaved = memory["banks"] - memory["interleaved_banks"]
    if last >= interleaved:
        first, last = min(first, interleaved), memory["banks"] - 1
    return str(first) if first == last else f"{first}-{last}"


def buffers(report: Report) -> Table:
    """The arena over time: each buffer and the layers that need it."""
    names = [layer["name"] for layer in report["layers"]]
    rows = [
        [
            buffer["name"],
            buffer["use"],
            names[buffer["first_layer"]],
            names[buffer["last_layer"]],
            count(buffer["offset"]),
            count(buffer["size"]),
        ]
        for buffer in report["memory"].get("buffers", [])
    ]
    return Table(["buffer of", "use", "first layer", "last layer", "offset", "bytes"], rows, 4)


def configuration(report: Report) -> Table:
    """Every key of the hardware description, and what was asked of the software."""
    asked = {
        "back-end": report["backend"],
        "quantization": report["quantization"].replace("_", " "),
        "weights": report["weights"],
        "firmware assertions": "on" if report["assertions"] else "off",
    }
    rows = [*asked.items(), *flatten(report["config"], "config").items()]
    return Table(["key", "value"], [[key, str(value)] for key, value in rows], 2)


def origin(report: Report) -> Table:
    """What the run was made from and with: commit, identity, versions."""
    revision = report["revision"]
    commit = revision["commit"] or "not known"
    facts = {"commit": f"{commit}, with changes" if revision["dirty"] else commit}
    facts |= {f"identity: {key}": value for key, value in (report.get("identity") or {}).items()}
    facts |= report.get("tools", {})
    return Table(["what", "version"], [[key, str(value)] for key, value in facts.items()], 2)


def percent(value: float | None) -> str:
    """A share of 1, or a dash."""
    return NOTHING if value is None else f"{value:.1%}"


def waves(report: Report) -> Table:
    """What to type for the waveform of each layer; no rows if the report does not know."""
    rows = [[layer["name"], layer["waves"]] for layer in report["layers"] if "waves" in layer]
    return Table(["layer", "command"], rows, 2)


def open_waves(report: Report) -> str:
    """The command that shows the last waveform."""
    return shlex.join(["heepstor", "waves", report["project"]])


def short(name: str, most: int) -> str:
    """A name in at most so many characters; what is missing is in the table."""
    return name if len(name) <= most else f"{name[: most - 1]}…"


def commands(report: Report) -> list[str]:
    """What to type to get this result again; nothing if the report does not know."""
    if "reproduce" not in report:
        return []
    revision = report["revision"]
    changes = "  # and the changes that it had" if revision["dirty"] else ""
    checkout = [f"git checkout {revision['commit']}{changes}"] if revision["commit"] else []
    again = report["reproduce"]
    if not again.startswith("heepstor sim "):
        again = f"# in Python, with your model: {again}"
    return [*checkout, "make setup", "source .venv/bin/activate", again]
