"""What lies where in RAM, from the sections and symbols of an image and the plan's buffers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from heepstor.ir import Buffer, Plan
from heepstor.sim import Span

_KINDS = {
    ".vectors": "code",
    ".boot": "code",
    ".heepstor.hash": "code",
    ".text": "code",
    ".rodata": "constants",
    ".data": "data",
    ".bss": "data",
    ".arena": "arena",
    ".stack": "stack",
    ".fault_stack": "data",
}


def regions(sections: Sequence[Span], weights: Sequence[Span]) -> list[dict[str, Any]]:
    """The image from its lowest address on: `kind`, `address` and `size` (bytes) of each region.

    Args:
        sections: those that take memory, in order.
        weights: the constants among the read-only data that are weights, scales and biases.
    """
    pieces = [piece for section in sections for piece in _pieces(section, weights)]
    merged = []
    for kind, group in groupby(pieces, key=lambda piece: piece[0]):
        spans = [span for _, span in group]
        first, last = spans[0], spans[-1]
        size = last.address + last.size - first.address
        merged.append({"kind": kind, "address": first.address, "size": size})
    return merged


def _pieces(section: Span, weights: Sequence[Span]) -> Iterator[tuple[str, Span]]:
    """A section, cut where weights begin and end."""
    kind, address = _KINDS[section.name], section.address
    end = section.address + section.size
    inside = [span for span in weights if section.address <= span.address < end]
    for span in sorted(inside, key=lambda span: span.address):
        if address < span.address:
            yield kind, Span(section.name, address, span.address - address)
        yield "weights", span
        address = span.address + span.size
    if address < end:
        yield kind, Span(section.name, address, end - address)


def buffers(plan: Plan) -> list[dict[str, Any]]:
    """The arena over time: `offset` and `size` (bytes) of each buffer, first and last layer."""
    users: dict[Buffer, list[int]] = {}
    for layer in plan.layers:
        for buffer in (layer.input.buffer, layer.output.buffer, layer.scratch):
            if buffer:
                users.setdefault(buffer, []).append(layer.index)
    scratches = {layer.scratch for layer in plan.layers}
    return [
        {
            "name": plan.layers[min(indices)].name,
            "use": "scratch" if buffer in scratches else "output",
            "offset": buffer.offset,
            "size": buffer.size,
            "first_layer": min(indices),
            "last_layer": max(indices),
        }
        for buffer, indices in users.items()
    ]
