"""Draws the sample inputs of the projects: pictures of our own, so that they are free to ship.

    python sw/apps/draw_samples.py

Writes `sample.npy` (float32, ready for the network) and `sample.json` of every project with a data
set. A label is written only where the trained float32 network agrees with what was drawn. The files
are committed, so that a run does not depend on the NumPy or PyTorch that drew them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import torch

from heepstor import project
from heepstor.train import Inputs

Image = npt.NDArray[np.uint8]
Point = tuple[float, float]
Colour = tuple[int, ...]
Drawing = tuple[Image, str]

_OVERSAMPLING = 8


class Canvas:
    """An image of `size` x `size` pixels; points are (column, row) in pixels."""

    def __init__(self, size: int, background: Colour) -> None:
        fine = size * _OVERSAMPLING
        self._size = size
        self._pixels = np.ones((fine, fine, 1)) * np.array(background, float)
        rows, columns = np.mgrid[0:fine, 0:fine]
        self._x = (columns + 0.5) / _OVERSAMPLING
        self._y = (rows + 0.5) / _OVERSAMPLING

    def line(self, points: Sequence[Point], width: float, colour: Colour) -> None:
        """A stroke through the points, with round ends."""
        for (x0, y0), (x1, y1) in pairwise(points):
            length = (x1 - x0) ** 2 + (y1 - y0) ** 2
            along = ((self._x - x0) * (x1 - x0) + (self._y - y0) * (y1 - y0)) / length
            along = along.clip(0, 1)
            distance = np.hypot(self._x - x0 - along * (x1 - x0), self._y - y0 - along * (y1 - y0))
            self._pixels[distance < width / 2] = colour

    def polygon(self, points: Sequence[Point], colour: Colour) -> None:
        """A filled polygon (even-odd rule)."""
        inside = np.zeros(self._x.shape, bool)
        for (x0, y0), (x1, y1) in zip(points, [*points[1:], points[0]], strict=True):
            if y0 != y1:
                crosses = (self._y < y0) != (self._y < y1)
                inside ^= crosses & (self._x < x0 + (self._y - y0) * (x1 - x0) / (y1 - y0))
        self._pixels[inside] = colour

    def image(self) -> Image:
        """The picture as uint8 [C, H, W]."""
        blocks = self._pixels.reshape(self._size, _OVERSAMPLING, self._size, _OVERSAMPLING, -1)
        return blocks.mean(axis=(1, 3)).round().astype(np.uint8).transpose(2, 0, 1)


def ellipse(centre: Point, radii: Point, start: float, end: float) -> list[Point]:
    """Points of an arc; angles in degrees, clockwise from the right."""
    angles = (math.radians(start + (end - start) * i / 24) for i in range(25))
    return [
        (centre[0] + radii[0] * math.cos(a), centre[1] + radii[1] * math.sin(a)) for a in angles
    ]


def digits() -> list[Drawing]:
    """Five digits, written with a pen."""
    strokes: dict[str, list[list[Point]]] = {
        "7": [[(8, 7.5), (19.5, 7.5), (16, 14), (13, 22.5)]],
        "2": [
            [
                *ellipse((13.5, 9.5), (5, 4.5), 190, 390),
                (9, 20.5),
                (12, 20),
                (20, 21.5),
            ]
        ],
        "1": [[(15.5, 5), (13, 23)]],
        "0": [ellipse((14, 14), (6, 8.5), -80, 280)],
        "4": [[(9, 6.5), (8.5, 14), (18, 13.5)], [(19, 6), (17.5, 23)]],
    }
    drawings = []
    for name, lines in strokes.items():
        canvas = Canvas(28, (0,))
        for line in lines:
            canvas.line(line, 2.6, (255,))
        drawings.append((canvas.image(), name))
    return drawings


def clothes() -> list[Drawing]:
    """Eight outlines of things to wear."""
    outlines: list[tuple[str, list[Point]]] = [
        ("T-shirt/top", _symmetric([(18, 2), (26, 8), (23, 12), (20, 10), (20, 26)])),
        ("trouser", _symmetric([(19, 1), (21, 27), (16, 27), (14, 9)])),
        ("pullover", _symmetric([(18, 3), (23, 6), (26, 24), (22, 25), (20, 12), (20, 26)])),
        ("dress", _symmetric([(17, 1), (18, 9), (22, 27)])),
        ("sneaker", [(1, 20), (2, 13), (8, 14), (14, 11), (20, 16), (27, 18), (27, 21), (1, 21)]),
        ("bag", _symmetric([(19, 5), (20, 11), (26, 11), (26, 25)])),
        ("ankle boot", [(6, 4), (15, 4), (16, 14), (26, 19), (27, 24), (3, 24), (5, 14)]),
        ("sandal", [(1, 22), (2, 14), (5, 19), (13, 19), (20, 13), (26, 21), (27, 23)]),
    ]
    drawings = []
    for name, outline in outlines:
        canvas = Canvas(28, (0,))
        canvas.polygon(outline, (190,))
        drawings.append((canvas.image(), name))
    return drawings


def _symmetric(right: Sequence[Point]) -> list[Point]:
    """The outline whose right half is given, from the top down."""
    return [*right, *((28 - x, y) for x, y in reversed(right))]


def scenes() -> list[Drawing]:
    """A cargo ship at sea."""
    canvas = Canvas(32, (170, 200, 228))
    canvas.polygon([(0, 19), (32, 19), (32, 32), (0, 32)], (38, 78, 122))
    for row in (24, 27, 30):
        canvas.line([(0, row), (32, row)], 0.5, (70, 112, 156))
    canvas.polygon([(2, 16), (30, 16), (27, 23), (5, 23)], (60, 32, 36))
    canvas.polygon([(2, 16), (30, 16), (29.5, 17.5), (2.5, 17.5)], (225, 225, 225))
    canvas.polygon([(5, 8), (11, 8), (11, 16), (5, 16)], (240, 240, 240))
    canvas.polygon([(6, 9.5), (10, 9.5), (10, 11), (6, 11)], (60, 70, 90))
    canvas.polygon([(7, 4), (9.5, 4), (9.5, 8), (7, 8)], (180, 60, 50))
    canvas.polygon([(13, 12), (19, 12), (19, 16), (13, 16)], (170, 90, 60))
    canvas.polygon([(20, 13), (27, 13), (27, 16), (20, 16)], (90, 120, 140))
    canvas.line([(23, 5), (23, 13)], 0.6, (70, 70, 70))
    return [(canvas.image(), "ship")]


def write(target: project.Project, drawings: Sequence[Drawing]) -> None:
    """Write the drawings as a project's sample, and their labels if the network knows them."""
    definition = target.define()
    if definition.data_set is None or definition.crop is None:
        return
    inputs = Inputs(definition.data_set, definition.crop, definition.input_shape)
    if len(definition.input_shape) == 3:
        drawings = drawings[:1]  # only vectors are inferred in batches
    sample = inputs(torch.from_numpy(np.stack([image for image, _ in drawings])))
    np.save(target.folder / "sample.npy", sample.numpy())
    drawn = [definition.class_names.index(name) for _, name in drawings]
    record = {"drawn": [name for _, name in drawings], "labels": None}
    if target.weights_file.exists():
        project.load_weights(definition.model, target.weights_file)
        predicted = definition.model.eval()(sample).argmax(dim=1).tolist()
        record["labels"] = drawn if predicted == drawn else None
        print(f"{target.name}: drawn {drawn}, predicted {predicted}")
    text = json.dumps(record, indent=2) + "\n"
    (target.folder / "sample.json").write_text(text, encoding="utf-8")


def main() -> None:
    """Draw the samples of all projects."""
    drawings = {"MNIST": digits(), "Fashion-MNIST": clothes(), "CIFAR-10": scenes()}
    for name in project.names():
        target = project.find(name)
        data_set = target.define().data_set
        if data_set is not None:
            write(target, drawings[data_set.name])


if __name__ == "__main__":
    main()
