"""Where the figures come from: HEEPstor's are committed, ours are baselines or batched runs.

A baseline is of one image. HEEPstor ran some networks on several at once; our runs of as many are
in `batched.json`, which `python -m verif.reference --run` makes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from heepstor import config, flow, project
from heepstor.ir import Backend
from verif.baselines.baseline import baseline_of

FOLDER = Path(__file__).parent
BATCHED = FOLDER / "batched.json"
BACKENDS = (Backend.DIRECT, Backend.STREAM)
"""Ours: the CPU feeds the array, as in HEEPstor; the array works alone."""

Cycles = Mapping[str, int]


@dataclass(frozen=True)
class Theirs:
    """A network in HEEPstor; layers are named as `conv1 (Conv2d)`."""

    images: int
    total_cycles: int
    layers: Cycles


def source() -> str:
    """What HEEPstor's figures are, in a sentence."""
    return str(_theirs_file()["source"])


def theirs() -> dict[str, Theirs]:
    """HEEPstor's cycles by our name of the network."""
    networks = _theirs_file()["networks"]
    return {name: Theirs(**network) for name, network in sorted(networks.items())}


def batched() -> list[str]:
    """The networks that HEEPstor ran on several images at once."""
    return [name for name, network in theirs().items() if network.images > 1]


def ours(name: str) -> dict[Backend, Cycles]:
    """Our committed cycles of each layer, on as many images as HEEPstor's.

    Raises:
        BaselineError: a network has no baseline.
    """
    if name not in batched():
        return {backend: baseline_of(name, backend.value).cycles for backend in BACKENDS}
    content = json.loads(BATCHED.read_text(encoding="utf-8"))
    return {backend: content[name][backend.value] for backend in BACKENDS}


def simulated(name: str, backend: Backend) -> Cycles:
    """The same of a run now, in a folder of its own."""
    loaded = project.find(name).load(batch=theirs()[name].images)
    folder = flow.ROOT / "build" / f"reference-{name}-{backend.value}"
    report = flow.simulate(loaded, flow.Options(config.load(), backend=backend, folder=folder))
    assert report["passed"], f"{name}, {backend.value}: the run failed; see {folder}"
    return {layer["name"]: layer["cycles"] for layer in report["layers"]}


def update() -> None:
    """Simulate what is batched and write it down."""
    content = {
        name: {backend.value: simulated(name, backend) for backend in BACKENDS}
        for name in batched()
    }
    BATCHED.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _theirs_file() -> dict[str, object]:
    content: dict[str, object] = json.loads((FOLDER / "heepstor.json").read_text(encoding="utf-8"))
    return content
