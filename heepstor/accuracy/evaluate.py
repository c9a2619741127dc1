"""Runs a model over a whole test split, a batch at a time, and goes on where it was interrupted."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from heepstor.accuracy.models import Arithmetic, Classes, Model, Scorer, top1
from heepstor.accuracy.partial import Partial
from heepstor.datasets import Split
from heepstor.errors import ToolError
from heepstor.train import Inputs

_SAVE_INTERVAL_S = 1.0
"""What an interruption costs at most; progress is told as often."""

_BATCHES = {"cpu": 500, "cuda": 8192}
_GOLDEN_BATCH = 50
"""The columns of a convolution's input stay in the cache; a larger batch is slower."""

Clock = Callable[[], float]
Listener = Callable[[str], None]


@dataclass(frozen=True)
class Evaluation:
    """The classes [images] that a model gave.

    `images_per_s` is by the wall clock, None if all classes were found by an earlier evaluation.
    """

    classes: Classes
    images_per_s: float | None


def first_batch(model: Model, device: torch.device) -> int:
    """How many images to try at once."""
    if model.arithmetic is Arithmetic.GOLDEN:
        return _GOLDEN_BATCH
    return _BATCHES.get(device.type, _BATCHES["cpu"])


def evaluate(
    scorer: Scorer,
    split: Split,
    inputs: Inputs,
    partial: Partial,
    *,
    batch: int,
    on_progress: Listener,
    on_message: Listener,
    clock: Clock = time.monotonic,
) -> Evaluation:
    """Classify every image of a split.

    Args:
        scorer: the model.
        split: the images.
        inputs: makes inputs of them.
        partial: what an earlier evaluation found; gets what this one finds.
        batch: images to try at once; halved as often as the device has not enough memory.
        on_progress: how far it is, about once a second, when it has been saved.
        on_message: what else there is to say.
        clock: seconds.

    Raises:
        ToolError: the device has not enough memory for one image.
        ModelError: the network's output has no class scores.
    """
    classes = partial.load(on_message)
    before = len(classes)
    started = saved = clock()
    while len(classes) < len(split):
        images = torch.tensor(split.images[len(classes) : len(classes) + batch])
        try:
            found = top1(scorer(inputs(images)))
        except torch.OutOfMemoryError as error:
            batch = _smaller(batch, error)
            on_message(f"not enough memory on the device; going on with {batch} images at once")
            continue
        classes = np.concatenate([classes, found])
        now = clock()
        if now - saved >= _SAVE_INTERVAL_S or len(classes) == len(split):
            saved = now
            partial.save(classes)
            on_progress(_progress(len(classes), len(split), len(classes) - before, now - started))
    new = len(classes) - before
    seconds = clock() - started
    return Evaluation(classes, new / seconds if new and seconds > 0 else None)


def _smaller(batch: int, error: torch.OutOfMemoryError) -> int:
    if batch == 1:
        raise ToolError(
            "the device has not enough memory for one image; use --device cpu"
        ) from error
    return batch // 2


def _progress(done: int, total: int, new: int, seconds: float) -> str:
    """How far, how fast, how long yet; `new` images were classified in `seconds`."""
    rate = new / seconds if seconds > 0 else float("inf")
    left = (total - done) / rate
    return f"{done:,} of {total:,} images, {rate:,.0f} a second, {left:,.0f} s left"
