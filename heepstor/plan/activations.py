"""How a matrix product reads its activations: in place, or gathered into scratch memory first.

`sw/ops/conv2d.h` decides the same way, from the same shapes, and refuses a scratch too small.
"""

from __future__ import annotations

from dataclasses import dataclass

from heepstor.ir import Gemm, Shape, Window2d


@dataclass(frozen=True)
class Activations:
    """A row of the M x K matrix is `runs` runs of neighbouring floats in the input.

    `in_place`: the rows are never written; `line` of them follow each other at one distance.
    """

    runs: int
    in_place: bool
    line: int


def activations(
    gemm: Gemm, window: Window2d | None, input_shape: Shape, output_shape: Shape
) -> Activations:
    """What the product of a Linear (no window) or Conv2d reads."""
    if window is None:
        return Activations(runs=1, in_place=True, line=gemm.m)
    rows, columns = window.kernel
    # Neighbouring taps of all channels are neighbours in memory too.
    joined = window.dilation[1] == 1 and gemm.groups == 1
    return Activations(
        runs=rows if joined else rows * columns,
        in_place=all(_inside(window, axis, input_shape, output_shape) for axis in (0, 1)),
        line=output_shape[3],
    )


def _inside(window: Window2d, axis: int, input_shape: Shape, output_shape: Shape) -> bool:
    """Whether no tap along an axis (0: rows, 1: columns) lies in the padding."""
    last_start = (output_shape[2 + axis] - 1) * window.stride[axis]
    last_tap = last_start + (window.kernel[axis] - 1) * window.dilation[axis]
    return window.padding[axis] == 0 and last_tap < input_shape[2 + axis]
