"""What a log says of a run, whichever format it has, in the terms of the report beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from heepstor.report.document import Report

CONFIGURATION = "configuration"
RTL = "RTL"
IMAGE = "image"
PRODUCTS = "matrix products"
BATCH = "images at once"


@dataclass(frozen=True)
class MeasuredLayer:
    """The time of one layer; `counters` are those of `stream` mode."""

    cycles: int
    resolution: int = 0
    """Cycles that the log's format cannot tell apart."""
    counters: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Log:
    """A run as a log tells it."""

    format: str
    identity: Mapping[str, str | None]
    """What ran, by fact; None where the log should name it and does not."""
    layers: tuple[MeasuredLayer | None, ...]
    """One for each layer of the report; None where the log has none, or two."""
    faults: tuple[str, ...] = ()
    """What is wrong with the log or the run, a sentence each; then no verdict is a pass."""
    notes: tuple[str, ...] = ()
    """What a reader should know and need not worry about."""
    chatter: int = 0
    """Characters that were printed while the layers ran."""


def identity_of(report: Report) -> dict[str, str]:
    """The facts of a report that a log may name, too."""
    size = report["config"]["systolic_array"]["size"]
    layers = report["layers"]
    on_array = any(row["macs"] and row["backend"] != "software" for row in layers)
    return {
        CONFIGURATION: report["identity"]["config"],
        RTL: report["identity"]["rtl"],
        IMAGE: report["identity"]["image"],
        PRODUCTS: f"array {size}x{size}" if on_array else "software",
        BATCH: str(layers[0]["input_shape"][0]),
    }
