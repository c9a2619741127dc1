"""Runs some of the images through the whole SoC and compares every layer with golden."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
import torch

from heepstor import build, flow
from heepstor.datasets import Split
from heepstor.project import LoadedProject
from heepstor.train import Inputs


@dataclass(frozen=True)
class Spot:
    """An image of the test split, and why it was chosen."""

    index: int
    reason: Literal["disagreement", "spread"]


@dataclass(frozen=True)
class SpotCheck:
    """How the simulated SoC did on an image.

    `compared` and `mismatches` count FP32 elements of all layers' outputs; `top1` is the class by
    the output in memory, None if the firmware did not get so far; `cycles` are those of the layers.
    """

    index: int
    reason: str
    passed: bool
    compared: int
    mismatches: int
    first_mismatch: dict[str, Any] | None
    exit_name: str
    top1: int | None
    cycles: int | None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def choose(disagreeing: Sequence[int], images: int, count: int) -> list[Spot]:
    """`count` of `images`: first those on which the models disagree, then others evenly spread."""
    first = list(disagreeing[:count])
    others = sorted(set(range(images)) - set(disagreeing))
    wanted = min(count - len(first), len(others))
    # From the middle of each of as many equal parts.
    spread = [others[(2 * part + 1) * len(others) // (2 * wanted)] for part in range(wanted)]
    return [
        *(Spot(index, "disagreement") for index in first),
        *(Spot(index, "spread") for index in spread),
    ]


def run(
    project: LoadedProject,
    spots: Sequence[Spot],
    split: Split,
    inputs: Inputs,
    options: flow.Options,
    on_progress: Callable[[str], None],
) -> list[SpotCheck]:
    """Simulate the images one by one; a mismatch does not end it.

    Raises:
        HeepstorError: firmware or simulator could not be built or started.
    """
    options = replace(
        options, listener=_builds_of_simulator(on_progress), console=lambda text: None
    )
    images = [_with_image(project, spot.index, split, inputs) for spot in spots]
    checks: list[SpotCheck] = []
    for spot, application in zip(spots, _applications(images, options), strict=True):
        on_progress(f"{len(checks) + 1} of {len(spots)}: image {spot.index} ({spot.reason})")
        checks.append(_check(spot, flow.simulate_application(application, options)))
    return checks


def _builds_of_simulator(on_progress: Callable[[str], None]) -> flow.Listener:
    """Of all the steps of many runs, only what may take a minute."""

    def listen(event: flow.Event) -> None:
        if event.step == "simulator" and event.seconds is None and event.message != "begins":
            on_progress(event.message)

    return listen


def _with_image(project: LoadedProject, index: int, split: Split, inputs: Inputs) -> LoadedProject:
    """The project with an image as its sample, and a build folder of its own."""
    name = f"accuracy/{project.name}"
    return replace(
        project,
        name=name,
        gen_dir=flow.ROOT / "build" / name / "gen",
        sample=inputs(torch.tensor(split.images[index : index + 1])).numpy(),
        sample_labels=(int(split.labels[index]),),
    )


def _applications(
    images: Sequence[LoadedProject], options: flow.Options
) -> Iterator[flow.Application]:
    """The firmware for each image: that of the first is compiled, the others are made of it."""
    first = flow.make_application(images[0], options)
    yield first
    others = images[1:]
    if others and _holds_sample_as_data(first, options):
        yield from (flow.with_sample(first, image, options) for image in others)
    else:
        yield from (flow.make_application(image, options) for image in others)


def _holds_sample_as_data(application: flow.Application, options: flow.Options) -> bool:
    """Whether an application can be given another sample without a compiler."""
    noise = np.random.default_rng(0).standard_normal(application.project.sample.shape, np.float32)
    other = replace(application.project, sample=noise, sample_labels=None)
    compiled = flow.make_application(other, options)
    return build.holds_sample_as_data(application.image, compiled.image)


def _check(spot: Spot, report: dict[str, Any]) -> SpotCheck:
    golden, prediction = report["golden"], report["prediction"]
    return SpotCheck(
        index=spot.index,
        reason=spot.reason,
        passed=report["passed"],
        compared=golden["compared"],
        mismatches=golden["mismatches"],
        first_mismatch=golden["first_mismatch"],
        exit_name=report["exit_name"],
        top1=prediction["top1"] if prediction else None,
        cycles=report["total_cycles"],
    )
