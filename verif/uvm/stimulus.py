"""Operands of GEMMs: random and directed, from a `numpy.random.Generator`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, get_args

import numpy as np

from verif.uvm.items import Float32Array, Int8Array

SPECIAL_BITS = (
    *(0x0000_0000, 0x8000_0000),  # zeros
    *(0x0000_0001, 0x8000_0001, 0x007F_FFFF, 0x807F_FFFF),  # smallest and largest subnormal
    *(0x0080_0000, 0x8080_0000),  # smallest normal
    *(0x7F7F_FFFF, 0xFF7F_FFFF),  # largest
    *(0x7F80_0000, 0xFF80_0000),  # infinities
    *(0x7FC0_0000, 0xFFC0_0000, 0x7F80_0001, 0xFFBF_FFFF),  # NaNs: quiet, signalling
    *(0x3F80_0000, 0xBF80_0000, 0x3F7F_FFFF, 0x3F80_0001),  # about 1
)
SPECIAL_VALUES: Float32Array = np.array(SPECIAL_BITS, np.uint32).view(np.float32)
SPECIAL_WEIGHTS: Int8Array = np.array([-128, -127, -1, 0, 1, 126, 127], np.int8)


def activations(
    random: np.random.Generator, shape: tuple[int, int], special: float = 0.0
) -> Float32Array:
    """Normal numbers over forty binades; a share `special` of them is drawn from SPECIAL_VALUES."""
    scale = np.exp2(random.integers(-20, 20, shape).astype(np.float32))
    values = random.standard_normal(shape, np.float32) * scale
    return np.where(random.random(shape) < special, random.choice(SPECIAL_VALUES, shape), values)


ValueClass = Literal["ordinary", "special", "subnormal", "huge", "tiny", "integer"]

MIXES: Mapping[str, Mapping[ValueClass, float]] = MappingProxyType(
    {
        "ordinary": {"ordinary": 0.95, "special": 0.05},
        "overflowing": {"huge": 0.7, "ordinary": 0.3},
        "underflowing": {"subnormal": 0.5, "tiny": 0.4, "special": 0.1},
        "cancelling": {"integer": 0.9, "tiny": 0.1},
        "everything": dict.fromkeys(get_args(ValueClass), 1 / len(get_args(ValueClass))),
    }
)
"""Shares of the classes of values in an operand; each mix seeks another corner of the adder."""


def mixed(
    random: np.random.Generator, shape: tuple[int, int], shares: Mapping[ValueClass, float]
) -> Float32Array:
    """Values of several classes, each with its share (the shares add up to 1)."""
    signs = random.choice(np.array([-1, 1], np.float32), shape)
    values = {
        "ordinary": activations(random, shape),
        "special": random.choice(SPECIAL_VALUES, shape),
        "subnormal": signs * random.integers(1, 1 << 23, shape, np.uint32).view(np.float32),
        "huge": signs * np.exp2(random.uniform(115, 127.9, shape)).astype(np.float32),
        "tiny": signs * np.exp2(random.uniform(-126, -100, shape)).astype(np.float32),
        "integer": random.integers(-3, 4, shape).astype(np.float32),
    }
    chosen = random.choice(len(shares), shape, p=list(shares.values()))
    return np.choose(chosen, [values[name] for name in shares])


def weights(random: np.random.Generator, shape: tuple[int, int], special: float = 0.0) -> Int8Array:
    """All 256 codes alike; a share `special` of them is drawn from SPECIAL_WEIGHTS."""
    codes = random.integers(-128, 128, shape, np.int8)
    return np.where(random.random(shape) < special, random.choice(SPECIAL_WEIGHTS, shape), codes)


def cancellation(m: int, k: int, n: int) -> tuple[Float32Array, Int8Array]:
    """Sums that the order of k decides: large terms that cancel, with small ones between them."""
    pattern = np.array([1e30, 1.0, -1e30, 2.0**-149, 16777216.0, 1.0, -16777216.0], np.float32)
    a = np.stack([np.roll(np.resize(pattern, k), row) for row in range(m)])
    return a, np.ones((k, n), np.int8)


def every_pair() -> tuple[Float32Array, Int8Array]:
    """Each special value as a partial sum, and each as the product that is added to it.

    Row by row of `a` [specials * specials, 2], by weights of 1 [2, 1].
    """
    first, second = np.meshgrid(SPECIAL_VALUES, SPECIAL_VALUES)
    return np.column_stack((first.ravel(), second.ravel())), np.ones((2, 1), np.int8)
