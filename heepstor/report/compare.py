"""Compares what a layer left in memory with the golden model: bit for bit, 0 ulp."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from heepstor.ir import Float32Array, Layer, Tensor


@dataclass(frozen=True)
class Mismatch:
    """The first element of a layer that is not golden; `index` is in PyTorch's order."""

    layer: str
    index: list[int]
    got: str
    got_bits: str
    expected: str
    expected_bits: str
    ulps: int

    def __str__(self) -> str:
        return (
            f"{self.layer}{self.index}: got {self.got} ({self.got_bits}), "
            f"expected {self.expected} ({self.expected_bits}), {self.ulps} ulps apart"
        )


@dataclass(frozen=True)
class Comparison:
    """Verdict over all layers; counts are of FP32 elements."""

    compared: int
    mismatches: int
    layers: int
    first_mismatch: Mismatch | None

    def as_dict(self) -> dict[str, Any]:
        """The form of `report.json`."""
        return asdict(self)


def memory_order(values: Float32Array) -> Float32Array:
    """Flatten a PyTorch-shaped array to memory order (channels last for feature maps)."""
    ordered = values.transpose(0, 2, 3, 1) if values.ndim == 4 else values
    return np.ascontiguousarray(ordered, dtype=np.float32).reshape(-1)


def torch_order(flat: Float32Array, tensor: Tensor) -> Float32Array:
    """The inverse of `memory_order`: memory words to the tensor's PyTorch shape."""
    if not tensor.is_feature_map:
        return flat.reshape(tensor.shape)
    n, c, h, w = tensor.shape
    return flat.reshape(n, h, w, c).transpose(0, 3, 1, 2)


def compare(
    layers: Sequence[Layer], got: Sequence[Float32Array], expected: Sequence[Float32Array]
) -> Comparison:
    """Compare every layer's output; `got` and `expected` have the tensors' PyTorch shapes."""
    compared = mismatches = 0
    first: Mismatch | None = None
    for layer, got_values, expected_values in zip(layers, got, expected, strict=True):
        got_bits = _bits(got_values)
        expected_bits = _bits(expected_values)
        different = np.argwhere(got_bits != expected_bits)
        compared += got_bits.size
        mismatches += len(different)
        if first is None and len(different):
            index = tuple(int(i) for i in different[0])
            first = _mismatch(layer.name, index, got_bits[index], expected_bits[index])
    return Comparison(compared, mismatches, len(layers), first)


def _bits(values: Float32Array) -> npt.NDArray[np.uint32]:
    return np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)


def _mismatch(layer: str, index: tuple[int, ...], got: np.uint32, expected: np.uint32) -> Mismatch:
    return Mismatch(
        layer=layer,
        index=list(index),
        got=str(got.view(np.float32)),
        got_bits=f"0x{int(got):08x}",
        expected=str(expected.view(np.float32)),
        expected_bits=f"0x{int(expected):08x}",
        ulps=abs(_ordinal(int(got)) - _ordinal(int(expected))),
    )


def _ordinal(bits: int) -> int:
    """Position of a float's bits on the number line, so that neighbours differ by 1."""
    return -(bits & 0x7FFF_FFFF) if bits >> 31 else bits
