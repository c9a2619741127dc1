"""What the compiler works on: `Graph` (what PyTorch says) and `Plan` (what the firmware will do).

All of it is frozen data; passes are functions from one value to the next. Shapes are PyTorch's,
batch first: `(1, C, H, W)` for feature maps, `(M, F)` for vectors. Where two numbers are given
for a window they are (rows, columns).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from math import prod

import numpy as np
import numpy.typing as npt

from heepstor.job import Job

Int8Array = npt.NDArray[np.int8]
Float32Array = npt.NDArray[np.float32]
Uint32Array = npt.NDArray[np.uint32]
Shape = tuple[int, ...]


class Backend(Enum):
    """Who computes a layer."""

    SOFTWARE = "software"
    DIRECT = "direct"
    STREAM = "stream"


class OpKind(Enum):
    """Operators of the firmware; `sw/ops` has one function for each."""

    LINEAR = "Linear"
    CONV2D = "Conv2d"
    SCALE_BIAS = "ScaleBias"
    RELU = "ReLU"
    MAX_POOL2D = "MaxPool2d"
    TRANSPOSE = "Transpose"
    SOFTMAX = "Softmax"


@dataclass(frozen=True)
class Buffer:
    """A span of the arena, in bytes; the input of the network has none: it is a constant."""

    name: str
    offset: int
    size: int


@dataclass(frozen=True)
class Tensor:
    """A value between layers. Feature maps lie channels last in memory, vectors as (M, F).

    `shape` is that of the memory: a Linear layer that absorbed a Flatten reads a feature map.
    """

    name: str
    shape: Shape
    buffer: Buffer | None

    @property
    def elements(self) -> int:
        """Number of FP32 values."""
        return prod(self.shape)

    @property
    def is_feature_map(self) -> bool:
        """Whether memory order is H, W, C."""
        return len(self.shape) == 4


@dataclass(frozen=True)
class Window2d:
    """Arguments of a sliding window, each (rows, columns).

    `padding` is what lies before the first row and column. What lies after the last ones follows
    from the size of the output; it can differ from `padding` (`padding="same"` with an even
    kernel, ceil mode).
    """

    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]


@dataclass(frozen=True)
class Gemm:
    """The matrix product of a layer: `groups` times M x K by K x N (K, N of one group).

    `weights` is the quantized matrix `[groups, K, N]` in contract order of k; `scale` and `bias`
    have `groups * N` entries.
    """

    m: int
    k: int
    n: int
    groups: int
    weights: Int8Array
    scale: Float32Array
    bias: Float32Array

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the whole layer."""
        return self.m * self.k * self.n * self.groups


@dataclass(frozen=True, eq=False)
class Linear:
    """`weight` is [out, in], `bias` [out]."""

    weight: Float32Array
    bias: Float32Array | None


@dataclass(frozen=True, eq=False)
class Conv2d:
    """`weight` is [out, in / groups, kernel rows, kernel columns], `bias` [out]."""

    weight: Float32Array
    bias: Float32Array | None
    window: Window2d
    groups: int


@dataclass(frozen=True, eq=False)
class BatchNorm2d:
    """Batch norm in inference; every array is [channels]."""

    gamma: Float32Array
    beta: Float32Array
    mean: Float32Array
    var: Float32Array
    eps: float


@dataclass(frozen=True)
class Relu:
    """`y = x` if `x > 0` or `x` is NaN, else +0."""


@dataclass(frozen=True)
class MaxPool2d:
    """The largest value of each window; padded positions count as -infinity."""

    window: Window2d


@dataclass(frozen=True)
class Flatten:
    """(1, C, H, W) to (1, C * H * W) in PyTorch's order: channel, row, column."""


@dataclass(frozen=True)
class Identity:
    """What does nothing in inference: dropouts, flattening a vector."""


@dataclass(frozen=True)
class Softmax:
    """Softmax of each row of an (M, F)."""


@dataclass(frozen=True)
class StreamJob:
    """A job of a streamed layer: the output channels from `channel` on.

    The weights, scales and biases of all jobs of a layer follow each other in memory; this one's
    begin at word `constants`. Its first output is word `channel` of the layer's.
    """

    job: Job
    channel: int
    constants: int

    @property
    def constant_words(self) -> int:
        """Words of weights, scales and biases."""
        return self.job.weight_words + 2 * self.job.columns


@dataclass(frozen=True)
class Choice:
    """Who computes a matrix product, why, and the predicted cycles; `jobs` if it is streamed."""

    backend: Backend
    reason: str
    cycles: int
    jobs: tuple[StreamJob, ...] = ()


@dataclass(frozen=True, eq=False)
class MatrixProduct:
    """A quantized Linear (no window) or Conv2d, and the largest of each `pool` of its positions.

    `pool` is (rows, columns); with it, `gemm.m` counts only positions that belong to an output.
    `choice` is None until the hardware is considered.
    """

    gemm: Gemm
    window: Window2d | None
    pool: tuple[int, int] = (1, 1)
    choice: Choice | None = None


@dataclass(frozen=True, eq=False)
class ScaleBias:
    """`y = fl(fl(x * scale[c]) + bias[c])`; both arrays are [channels]."""

    scale: Float32Array
    bias: Float32Array


@dataclass(frozen=True)
class Transpose:
    """A feature map, channels last in memory, to a vector in PyTorch's flatten order."""


ModelOp = Linear | Conv2d | BatchNorm2d | Relu | MaxPool2d | Flatten | Identity | Softmax
"""What the front end makes."""

LoweredOp = MatrixProduct | ScaleBias | Relu | MaxPool2d | Transpose | Softmax
"""What the firmware has; the passes of the planner lead from `ModelOp` to these."""


@dataclass(frozen=True)
class Node:
    """One step of a network: `output_shape` values from `input_shape` values.

    `modules` are the indices of the modules it covers, in order; `relu` says that a ReLU follows
    within the same operator.
    """

    name: str
    modules: tuple[int, ...]
    op: ModelOp | LoweredOp
    input_shape: Shape
    output_shape: Shape
    relu: bool = False


@dataclass(frozen=True)
class Graph:
    """A chain of nodes; each one's input is the output of the one before.

    `output_shape` is what PyTorch gives; a Flatten that became free leaves a last node of another
    shape, with the same order in memory.
    """

    input_shape: Shape
    nodes: tuple[Node, ...]
    output_shape: Shape


@dataclass(frozen=True)
class Layer:
    """One operator of the firmware.

    `modules` are the indices, in the `nn.Sequential`, of the modules it covers (the appended
    Softmax has the index `len(model)`); nested Sequentials count flattened. Its output must equal
    the golden output after the last of them, reshaped to `output.shape`. `chunk_rows` is how many
    rows of gathered activations `scratch` holds; a product that reads in place has no scratch.
    `jobs` are those of a streamed layer, which needs no scratch either.
    """

    index: int
    name: str
    kind: OpKind
    modules: tuple[int, ...]
    backend: Backend
    backend_reason: str
    input: Tensor
    output: Tensor
    predicted_cycles: int
    relu: bool = False
    gemm: Gemm | None = None
    window: Window2d | None = None
    scale: Float32Array | None = None
    bias: Float32Array | None = None
    scratch: Buffer | None = None
    chunk_rows: int = 0
    jobs: tuple[StreamJob, ...] = ()

    @property
    def macs(self) -> int:
        """Multiply-accumulates; 0 for layers without a matrix product."""
        return self.gemm.macs if self.gemm else 0


@dataclass(frozen=True)
class Plan:
    """A network, ready to be emitted.

    `output` is the last layer's output in the shape that PyTorch gives it.
    """

    layers: tuple[Layer, ...]
    input: Tensor
    output: Tensor
    arena_bytes: int
    weight_bytes: int
