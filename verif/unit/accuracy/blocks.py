"""A project and a data set of its own, in MNIST's files: small enough to be run whole in a test."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn

from heepstor import project
from heepstor.datasets import Split

MODEL = """
from torch import nn

INPUT_SHAPE = (1, 6, 6)
APPEND_FINAL_SOFTMAX = True
DATASET = "MNIST"
CROP = 24


def model():
    return nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(32, 10)
    )
"""


def images(count: int, seed: int) -> Split:
    """Noise, with labels that are as often one as the other."""
    pixels = np.random.default_rng(seed).integers(0, 256, (count, 1, 28, 28)).astype(np.uint8)
    return Split(pixels, (np.arange(count) % 10).astype(np.uint8))


def write_data(root: Path, test: Split, train: Split) -> Path:
    """MNIST's files below `root`; returns their folder."""
    folder = root / "MNIST" / "raw"
    folder.mkdir(parents=True)
    for prefix, split in (("train", train), ("t10k", test)):
        count = len(split)
        header = struct.pack(">IIII", 2051, count, 28, 28)
        (folder / f"{prefix}-images-idx3-ubyte").write_bytes(header + split.images.tobytes())
        header = struct.pack(">II", 2049, count)
        (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(header + split.labels.tobytes())
    return folder


def write_project(root: Path, name: str = "blocks", model: str = MODEL) -> project.Project:
    """A project whose weights suffer from quantization, above all from one scale a tensor."""
    (root / name).mkdir()
    (root / name / "model.py").write_text(model, encoding="utf-8")
    target = project.find(name, root)
    network = target.define().model
    project.seed_weights(network, name)
    first, last = network[0], network[-1]
    assert isinstance(first, nn.Conv2d)
    assert isinstance(last, nn.Linear)
    with torch.no_grad():
        # A large weight of a channel that is always 0: it makes the others' codes coarse, those of
        # its own output if there is a scale for each, or else of all.
        assert first.bias is not None
        first.bias[0] = -100.0
        last.weight[0, 0] = 20.0
    save_file(network.state_dict(), target.weights_file)
    return target
