"""What the compiler works on: `Graph` (what PyTorch says) and `Plan` (what the firmware will do).

All of it is frozen data; passes are functions from one value to the next. Shapes are PyTorch's, batch
first: `(1, C, H, W)` for feature maps, `(M, F)` for vectors.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from math import prod

import numpy as np
import numpy.typing as npt

Int8Array = npt.NDArray[np.int8]
Float32Array = npt.NDArray[np.float32]
Shape = tuple[int, ...]


class Backend(Enum):
    """Who computes a layer."""

    SOFTWARE = "software"
    DIRECT = "direct"


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
    """A span of the arena, in bytes; the network's input has none (it is a constant of the image)."""

    name: str
    offset: int
    size: int


@dataclass(frozen=True)
class Tensor:
    """A value between layers. Feature maps lie channels last in memory, vectors as (M, F)."""

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
    """Arguments of a sliding window, each (rows, columns)."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]


@dataclass(frozen=True)
class Gemm:
    """The matrix product of a layer: `groups` times M x K by K x N (K, N of one group).

    `weights` is the quantized matrix `[groups, K, N]` in contract order of k; `scale` and `bias` have
    `groups * N` entries.
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


@dataclass(frozen=True)
class Layer:
    """One operator of the firmware.

    `modules` are the indices, in the `nn.Sequential`, of the modules it covers (the appended Softmax has
    the index `len(model)`); its output must equal the golden output after the last of them.
    """

    index: int
    name: str
    kind: OpKind
    modules: tuple[int, ...]
    backend: Backend
    backend_reason: str
    input: Tensor
    output: Tensor
    relu: bool = False
    gemm: Gemm | None = None
    window: Window2d | None = None
    scale: Float32Array | None = None
    bias: Float32Array | None = None
    scratch: Buffer | None = None
    predicted_cycles: int = 0

    @property
    def macs(self) -> int:
        """Multiply-accumulates; 0 for layers without a matrix product."""
        return self.gemm.macs if self.gemm else 0


@dataclass(frozen=True)
class Plan:
    """A network, ready to be emitted."""

    layers: tuple[Layer, ...]
    input: Tensor
    output: Tensor
    arena_bytes: int
    weight_bytes: int
