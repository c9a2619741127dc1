"""What the tests of the array's modules share: sources, the contract in NumPy, words of ports."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from golden.numpy_twin import canonical_nan

Float32Array = npt.NDArray[np.float32]
Int8Array = npt.NDArray[np.int8]

ARRAY_MODULES = ("sa_pkg", "delay_line", "sa_fp_mul", "sa_fp_add", "sa_pe", "sa_array")
"""Files of sa_array and what it instantiates."""

EPILOGUE_MODULES = ("sa_pkg", "delay_line", "sa_fp_mul32", "sa_fp_add", "sa_epilogue")
"""Files of sa_epilogue and what it instantiates."""

DRAIN_MODULES = (*EPILOGUE_MODULES, "sa_job_pkg", "sa_drain")
"""Files of sa_drain and what it instantiates."""

ONE_PE = Path(__file__).with_name("one_pe.vlt")
"""Control file for all tops with processing elements: it makes their builds faster."""

SPECIAL_BITS = (
    *(0x0000_0000, 0x0000_0001, 0x007F_FFFF, 0x0080_0000, 0x3F80_0000),
    *(0x7F7F_FFFF, 0x7F80_0000, 0x7F80_0001, 0x7FC0_0000, 0x7FFF_FFFF),
)
"""Positive values at the edges of the format, and NaNs."""


def step_latency(size: int) -> int:
    """Cycles from a step's activations to its sums, as the header of sa_array says."""
    return 3 * size


def generator() -> np.random.Generator:
    """NumPy's generator, seeded by cocotb's seed of the running test."""
    return np.random.default_rng(random.getrandbits(64))


def draw_floats(rng: np.random.Generator, *shape: int, wild: float = 0.02) -> Float32Array:
    """Ordinary activations, a fraction `wild` of them any bits or special values."""
    values = rng.standard_normal(shape, np.float32)
    values[rng.random(shape) < 0.1] = 0
    bits = rng.integers(0, 2**32, shape, np.uint32)
    specials = rng.choice(np.array(SPECIAL_BITS, np.uint32), shape) | (bits & 0x8000_0000)
    odd = np.where(rng.random(shape) < 0.5, bits, specials).view(np.float32)
    return np.where(rng.random(shape) < wild, odd, values)


def draw_weights(rng: np.random.Generator, *shape: int) -> Int8Array:
    """All 256 weights."""
    return rng.integers(-128, 128, shape, np.int8)


def step(
    acc: Float32Array, activations: Float32Array, weights: Int8Array, lanes: Iterable[int]
) -> Float32Array:
    """Sums [S] of one step: `acc` [S], `activations` [S], `weights` [S, S], valid lanes."""
    acc = acc.copy()
    with np.errstate(all="ignore"):
        for k in sorted(lanes):
            acc = acc + activations[k] * weights[k].astype(np.float32)
    return canonical_nan(acc)


def bits(values: Float32Array) -> list[int]:
    """Bit patterns of floats."""
    return [int(word) for word in np.ascontiguousarray(values).view(np.uint32).flat]


def floats(words: Sequence[int]) -> Float32Array:
    """Floats of bit patterns."""
    return np.array(words, np.uint32).view(np.float32)


def pack(words: Iterable[int], width: int = 32) -> int:
    """A packed array whose element 0 is at the bottom."""
    return sum(int(word) << (width * i) for i, word in enumerate(words))


def unpack(value: int, count: int, width: int = 32) -> list[int]:
    """The elements of a packed array."""
    return [value >> (width * i) & ((1 << width) - 1) for i in range(count)]


def assert_same(got: Sequence[int], expected: Sequence[int], where: str) -> None:
    """Compare words; the first that differs is shown with its index.

    Raises:
        AssertionError: they differ.
    """
    assert len(got) == len(expected), f"{where}: {len(got)} words, expected {len(expected)}"
    for i, (g, e) in enumerate(zip(got, expected, strict=True)):
        assert g == e, f"{where}[{i}]: got {g:#010x}, expected {e:#010x}"
