"""Where every buffer lies: an exact arena plan for a chain of layers.

While a layer runs, its input, its output and its scratch live at once, so no plan is smaller than
the largest such sum. This one is as small: outputs lie at the bottom and at the top of the arena by
turns, so a layer's input and output are at opposite ends, and its scratch lies between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from heepstor.ir import Buffer

ALIGNMENT = 16


@dataclass(frozen=True)
class Need:
    """What a layer wants, in bytes. `in_place`: its output may take the place of its input."""

    name: str
    output: int
    scratch: int
    in_place: bool


@dataclass(frozen=True)
class Arena:
    """`outputs` and `scratches` have one entry for each layer."""

    size: int
    outputs: tuple[Buffer, ...]
    scratches: tuple[Buffer | None, ...]


def allocate(needs: Sequence[Need]) -> Arena:
    """Place the outputs and scratch buffers of a chain of layers; its input lies elsewhere."""
    size = _peak(needs)
    outputs: list[Buffer] = []
    scratches: list[Buffer | None] = []
    at_bottom = True
    for need in needs:
        before = outputs[-1] if outputs else None
        if need.in_place and before:
            output = before
        else:
            offset = 0 if at_bottom else size - _aligned(need.output)
            output = Buffer(need.name, offset, need.output)
            at_bottom = not at_bottom
        scratches.append(_scratch(need, before, output))
        outputs.append(output)
    return Arena(size, tuple(outputs), tuple(scratches))


def _scratch(need: Need, before: Buffer | None, output: Buffer) -> Buffer | None:
    if not need.scratch:
        return None
    # Just above what lies at the bottom; nothing does when the layer's only buffer is at the top.
    bottom = [buffer for buffer in (before, output) if buffer and buffer.offset == 0]
    offset = max((_aligned(buffer.size) for buffer in bottom), default=0)
    return Buffer(f"{need.name} scratch", offset, need.scratch)


def _peak(needs: Sequence[Need]) -> int:
    peak = before = 0
    for need in needs:
        output = 0 if need.in_place and before else _aligned(need.output)
        peak = max(peak, before + output + _aligned(need.scratch))
        before = output or before
    return peak


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT
