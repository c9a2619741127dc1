"""What the golden tests share: values worth trying, exact rounding, and a readable comparison."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import numpy.typing as npt
from torch import Tensor

from verif.harness import seeds

Float32Array = npt.NDArray[np.float32]

SPECIAL = np.array(
    [0.0, -0.0, np.inf, -np.inf, np.nan, 2**-149, -(2**-149), 2**-126, 3e38, -3e38, 1.0, -1.0],
    np.float32,
)
PAYLOAD_NAN = np.array([0x7FC12345, 0xFFC00001], np.uint32).view(np.float32)

Arguments = dict[str, tuple[int, int] | int | bool]


def generator(name: str) -> np.random.Generator:
    """Random numbers of the test called `name`, derived from the session's seed."""
    return np.random.default_rng(seeds.derive(name))


def normal(rng: np.random.Generator, *shape: int) -> Float32Array:
    """Ordinary activations."""
    return rng.standard_normal(shape).astype(np.float32)


def sprinkled(rng: np.random.Generator, *shape: int) -> Float32Array:
    """Ordinary activations, one in twenty replaced by a special value."""
    values = normal(rng, *shape)
    special = rng.random(shape) < 0.05
    values[special] = rng.choice(SPECIAL, int(special.sum()))
    return values


def codes(rng: np.random.Generator, *shape: int) -> npt.NDArray[np.int8]:
    """Weights over all 256 codes."""
    return rng.integers(-128, 128, shape).astype(np.int8)


def window(rng: np.random.Generator) -> tuple[tuple[int, int], Arguments, tuple[int, int]]:
    """A kernel, awkward arguments for it, and the size of a map into which it fits."""
    kernel, stride, dilation = (
        (int(rng.integers(1, high)), int(rng.integers(1, high))) for high in (4, 4, 3)
    )
    padding = (int(rng.integers(0, kernel[0] // 2 + 1)), int(rng.integers(0, kernel[1] // 2 + 1)))
    height, width = (
        d * (k - 1) + int(rng.integers(1, 8)) for d, k in zip(dilation, kernel, strict=True)
    )
    return kernel, {"stride": stride, "padding": padding, "dilation": dilation}, (height, width)


def fl(x: Fraction) -> Fraction:
    """Round to binary32, ties to even, subnormals kept; overflow is not modelled."""
    if x == 0:
        return x
    exponent = abs(x).numerator.bit_length() - abs(x).denominator.bit_length()
    if Fraction(2) ** exponent > abs(x):
        exponent -= 1
    quantum = Fraction(2) ** max(exponent - 23, -149)
    return round(x / quantum) * quantum


def bits(values: Float32Array | Tensor) -> npt.NDArray[np.uint32]:
    """The words of float32 values."""
    return np.ascontiguousarray(values).view(np.uint32)


def assert_same_bits(got: Float32Array | Tensor, expected: Float32Array | Tensor) -> None:
    """Every word is equal; else names the first that is not."""
    assert tuple(got.shape) == tuple(expected.shape)
    assert np.asarray(got).dtype == np.float32
    wrong = np.argwhere(bits(got) != bits(expected))
    if len(wrong):
        at = tuple(int(i) for i in wrong[0])
        raise AssertionError(
            f"{len(wrong)} differ; first at {list(at)}: got {np.asarray(got)[at]!r} "
            f"(0x{bits(got)[at]:08x}), expected {np.asarray(expected)[at]!r} "
            f"(0x{bits(expected)[at]:08x})"
        )
