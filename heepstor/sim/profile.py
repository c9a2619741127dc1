"""A profile of the firmware: which function, called by which, took the cycles of a run."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from heepstor.registers import Marker
from heepstor.sim import elf as elf_file

BEFORE, BETWEEN, AFTER = "before the inference", "between layers", "after the inference"
"""Parts of a run besides its layers."""

Stack = tuple[str, ...]
"""A part of the run, then functions from the outermost to the innermost."""


@dataclass(frozen=True)
class Cost:
    """Cycles, and how many of them the CPU was asleep, waiting for the array."""

    cycles: int = 0
    asleep: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.cycles + other.cycles, self.asleep + other.asleep)


@dataclass(frozen=True)
class FunctionCost:
    """What a function took: by itself, and with all that it called."""

    name: str
    own: Cost
    inclusive: Cost


@dataclass(frozen=True)
class Profile:
    """The cost of every stack of a run; each cycle is in exactly one."""

    stacks: Mapping[Stack, Cost]

    @property
    def cycles(self) -> int:
        """Of the whole run."""
        return sum(cost.cycles for cost in self.stacks.values())

    def parts(self) -> dict[str, Cost]:
        """The parts of the run in their order: before, each layer, what lies between, after."""
        return _sums((stack[0], cost) for stack, cost in self.stacks.items())

    def part(self, name: str) -> Profile:
        """The profile of one part alone."""
        return Profile({stack: cost for stack, cost in self.stacks.items() if stack[0] == name})

    def functions(self) -> list[FunctionCost]:
        """Every function, the one with the most cycles of its own first."""
        own = _sums((stack[-1], cost) for stack, cost in self.stacks.items())
        inclusive = _sums(
            (name, cost) for stack, cost in self.stacks.items() for name in dict.fromkeys(stack[1:])
        )
        found = [FunctionCost(name, own.get(name, Cost()), inclusive[name]) for name in inclusive]
        return sorted(found, key=lambda function: (-function.own.cycles, function.name))

    def folded(self) -> Iterator[str]:
        """A line a stack, `part;outer;inner cycles`, as tools for flame graphs read it."""
        for stack, cost in self.stacks.items():
            yield f"{';'.join(name.replace(';', ',') for name in stack)} {cost.cycles}"


def read_profile(path: Path, elf: Path, layers: Sequence[str]) -> Profile:
    """Read what a simulator has written for `Instruments.profile`.

    Args:
        path: the file.
        elf: the image that ran, for the names of its functions.
        layers: names of the network's layers, in order.
    """
    nodes: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    names = _Names(elf_file.functions(elf))
    stacks: defaultdict[Stack, Cost] = defaultdict(Cost)
    callers: list[Stack] = []
    for node in nodes:
        # A parent is always before its children. What it was doing when it called may be what a
        # tail call left in its place: the call's address tells.
        root = node["parent"] < 0
        outer = () if root else (*callers[node["parent"]], names.at(node["call"]))
        callers.append(outer)
        for pc, cycles, asleep in node["pcs"]:
            stack = (part_name(node["marker"], layers), *outer, names.at(pc))
            stacks[stack] += Cost(cycles, asleep)
    return Profile({stack: cost for stack, cost in stacks.items() if cost.cycles})


def part_name(marker: int, layers: Sequence[str]) -> str:
    """What the firmware does after it has written `marker`, 0 being none."""
    kind, index = marker & 0xF000_0000, marker & 0x0FFF_FFFF
    if kind == Marker.LAYER_START and index < len(layers):
        return f"layer {layers[index]}"
    if kind in (Marker.INFERENCE_START, Marker.LAYER_END):
        return BETWEEN
    return AFTER if kind == Marker.INFERENCE_END else BEFORE


class _Names:
    """Functions by address."""

    def __init__(self, functions: Sequence[elf_file.Span]) -> None:
        self._functions = sorted(functions, key=lambda span: span.address)
        self._starts = [span.address for span in self._functions]

    def at(self, pc: int) -> str:
        """The function that an address lies in, or the address."""
        place = bisect_right(self._starts, pc) - 1
        if place >= 0:
            span = self._functions[place]
            if pc < span.address + span.size:
                return span.name
        return f"0x{pc:08x}"


def _sums(costs: Iterator[tuple[str, Cost]]) -> dict[str, Cost]:
    sums: defaultdict[str, Cost] = defaultdict(Cost)
    for name, cost in costs:
        sums[name] += cost
    return dict(sums)
