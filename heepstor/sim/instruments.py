"""What a simulation is watched with: waveforms, checkpoints, a profile."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from heepstor.errors import SimulationError
from heepstor.registers import Marker
from heepstor.sim.waves import FST

_WINDOWS = "layer:NAME, layer:INDEX or cycles:FIRST-LAST"


@dataclass(frozen=True)
class Window:
    """A part of a run: from one cycle to another, or from one marker to another; both included."""

    cycles: tuple[int, int] | None = None
    markers: tuple[int, int] | None = None


@dataclass(frozen=True)
class Checkpoint:
    """Save the simulation in `path` when the firmware writes `marker`."""

    path: Path
    marker: int


@dataclass(frozen=True)
class Instruments:
    """What to watch a run with; the defaults are nothing at all. None of it changes a cycle."""

    trace: Path | None = None
    """Waveform to write, in FST format."""
    window: Window | None = None
    """Part of the run that the waveform is of; else all of it."""
    checkpoint: Checkpoint | None = None
    resume: Path | None = None
    """Checkpoint to go on from, of the same image and simulator."""
    profile: Path | None = None
    """File for the cycles of every instruction in every call; `read_profile` reads it."""

    @property
    def need_instrumented(self) -> bool:
        """Whether the simulator must have been built for them."""
        return any((self.trace, self.checkpoint, self.resume))

    def arguments(self) -> Iterator[str]:
        """Of the simulator's command line."""
        if self.trace:
            yield from ("--trace", str(self.trace.resolve()))
        if self.window and self.window.cycles:
            yield from ("--trace-cycles", "{}:{}".format(*self.window.cycles))
        if self.window and self.window.markers:
            yield from ("--trace-markers", "{}:{}".format(*self.window.markers))
        if self.checkpoint:
            yield from ("--checkpoint", str(self.checkpoint.path.resolve()))
            yield from ("--checkpoint-marker", str(self.checkpoint.marker))
        if self.resume:
            yield from ("--resume", str(self.resume.resolve()))
        if self.profile:
            yield from ("--profile", str(self.profile.resolve()))


CHECKPOINT, CALLS = "checkpoint", "calls.json"
"""Files in the folder of a run."""


@dataclass(frozen=True)
class Watch:
    """What a user asks to watch a run with, in words; the files are in the folder of the run."""

    trace: Path | None = None
    """File for the waveform of the whole run."""
    waves: str | None = None
    """Window of a waveform: `layer:NAME`, `layer:INDEX` or `cycles:FIRST-LAST`."""
    checkpoint_at: str | None = None
    """`layer:NAME` or `layer:INDEX`: save the simulation when it begins."""
    resume: bool = False
    """Go on from what was saved so."""
    profile: bool = False

    def instruments(self, folder: Path, layers: Sequence[str]) -> Instruments:
        """The instruments for a run in `folder` of a network with these `layers`.

        Raises:
            SimulationError: a window or a layer is none; there is no checkpoint to go on from.
        """
        checkpoint = folder / CHECKPOINT
        if self.resume and not checkpoint.exists():
            raise SimulationError(
                f"{checkpoint}: is missing; `heepstor sim {folder.name} --checkpoint-at layer:0` "
                "(or another layer) makes it"
            )
        start = None
        if self.checkpoint_at:
            marker = Marker.LAYER_START | layer_index(self.checkpoint_at, layers)
            start = Checkpoint(checkpoint, marker)
        return Instruments(
            trace=folder / FST if self.waves else self.trace,
            window=window(self.waves, layers) if self.waves else None,
            checkpoint=start,
            resume=checkpoint if self.resume else None,
            profile=folder / CALLS if self.profile else None,
        )


def window(text: str, layers: Sequence[str]) -> Window:
    """The window that a user names: `layer:conv2`, `layer:1` or `cycles:10000-12000`.

    Args:
        text: what the user wrote.
        layers: names of the network's layers, in order.

    Raises:
        SimulationError: it is none; says what is accepted.
    """
    if text.startswith("layer:"):
        index = layer_index(text, layers)
        return Window(markers=(Marker.LAYER_START | index, Marker.LAYER_END | index))
    found = re.fullmatch(r"cycles:(\d+)-(\d+)", text)
    if not found:
        raise SimulationError(f"{text!r} is no window; accepted are {_WINDOWS}")
    first, last = map(int, found.groups())
    if not 1 <= first <= last:
        raise SimulationError(f"{text}: cycles count from 1, and the first comes first")
    return Window(cycles=(first, last))


def layer_option(index: int, name: str) -> str:
    """What names a layer for `layer_index`, short."""
    module = name.partition("+")[0]
    return f"layer:{index if module.isdigit() else module}"


def layer_index(text: str, layers: Sequence[str]) -> int:
    """The layer of `layer:NAME`: its index, its name, or that of a module that it covers.

    Raises:
        SimulationError: there is none; names those there are.
    """
    kind, _, name = text.partition(":")
    accepted = ", ".join(f"layer:{i} ({layer})" for i, layer in enumerate(layers))
    if kind != "layer":
        raise SimulationError(f"{text!r} is no layer; accepted are {accepted}")
    names = [
        *((str(index), index) for index in range(len(layers))),
        *((layer, index) for index, layer in enumerate(layers)),
        *((module, index) for index, layer in enumerate(layers) for module in layer.split("+")),
    ]
    for accepted_name, index in names:
        if name == accepted_name:
            return index
    raise SimulationError(f"there is no {text}; accepted are {accepted}")
