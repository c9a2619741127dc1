"""The models that are held against each other, and the class that each gives an image."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

import golden.network
from heepstor.errors import ModelError
from heepstor.project import LoadedProject
from heepstor.quantize import quantize

Classes = npt.NDArray[np.int16]
Scorer = Callable[[Tensor], Tensor]
"""Inputs float32 [B, *input_shape] to the network's outputs float32 [B, classes]."""

NO_CLASS = -1
"""Of an output that holds a NaN."""


class Arithmetic(Enum):
    """How a model computes."""

    FLOAT32 = "float32"
    """PyTorch, weights as trained."""
    QUANTIZED = "quantized"
    """PyTorch, weights `fl(code * scale)`."""
    GOLDEN = "golden"
    """docs/numerics.md, bit for bit what the hardware computes."""


@dataclass(frozen=True)
class Model:
    """An arithmetic and how the weights are quantized; `per_channel` is None where they are not."""

    arithmetic: Arithmetic
    per_channel: bool | None

    @property
    def name(self) -> str:
        """As in `training.json`: `golden_per_channel`."""
        if self.per_channel is None:
            return self.arithmetic.value
        return f"{self.arithmetic.value}_per_{'channel' if self.per_channel else 'tensor'}"


FLOAT32 = Model(Arithmetic.FLOAT32, None)
MODELS = (
    FLOAT32,
    Model(Arithmetic.QUANTIZED, per_channel=False),
    Model(Arithmetic.QUANTIZED, per_channel=True),
    Model(Arithmetic.GOLDEN, per_channel=False),
    Model(Arithmetic.GOLDEN, per_channel=True),
)


def scorer(model: Model, project: LoadedProject, device: torch.device) -> Scorer:
    """The function that computes a project's network, its appended softmax included.

    The golden model runs on the CPU, the others on `device`.
    """
    if model.arithmetic is Arithmetic.GOLDEN:
        return _golden(project, per_channel=bool(model.per_channel))
    network: nn.Module = copy.deepcopy(project.model)
    if model.per_channel is not None:
        network = quantize(project.model, per_channel=model.per_channel)
    if project.append_final_softmax:
        network = nn.Sequential(network, nn.Softmax(dim=1))
    network.eval().to(device)

    def score(x: Tensor) -> Tensor:
        # A GPU would otherwise round the factors of convolutions to TF32, which is no float32.
        # `flags` would turn cuDNN off altogether, unless told otherwise.
        cudnn = torch.backends.cudnn.flags(enabled=True, allow_tf32=False)
        with torch.inference_mode(), cudnn:
            y: Tensor = network(x.to(device))
            return y.cpu()

    return score


@contextmanager
def threads(model: Model) -> Iterator[None]:
    """As many threads of PyTorch as are good for a model, until the end of the block.

    For the golden model that is one: sharing out operations as small as its own costs more than it
    gains. With cifar10 on two cores that others used, too, one thread was three times as fast.
    """
    before = torch.get_num_threads()
    if model.arithmetic is Arithmetic.GOLDEN:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def top1(scores: Tensor) -> Classes:
    """The class with the highest score of each row; the lowest of equals.

    A row with a NaN has none (`NO_CLASS`), so it is never right: no program could use its output.

    Raises:
        ModelError: `scores` is not [B, classes].
    """
    if scores.ndim != 2:
        raise ModelError(
            f"the network's output is {list(scores.shape)}; for an accuracy it must be "
            "[batch, classes]"
        )
    values = scores.numpy()
    classes: Classes = values.argmax(axis=1).astype(np.int16)  # NumPy's is the first of equals
    classes[np.isnan(values).any(axis=1)] = NO_CLASS
    return classes


def _golden(project: LoadedProject, *, per_channel: bool) -> Scorer:
    def score(x: Tensor) -> Tensor:
        outputs = golden.network.run(
            project.model,
            x,
            per_channel=per_channel,
            append_final_softmax=project.append_final_softmax,
        )
        return outputs[max(outputs)]

    return score
