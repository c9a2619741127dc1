"""Operands of GEMMs: random and directed, from a `numpy.random.Generator`."""

from __future__ import annotations

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


def weights(random: np.random.Generator, shape: tuple[int, int], special: float = 0.0) -> Int8Array:
    """All 256 codes alike; a share `special` of them is drawn from SPECIAL_WEIGHTS."""
    codes = random.integers(-128, 128, shape, np.int8)
    return np.where(random.random(shape) < special, random.choice(SPECIAL_WEIGHTS, shape), codes)


def cancellation(m: int, k: int, n: int) -> tuple[Float32Array, Int8Array]:
    """Sums that the order of k decides: large terms that cancel, with small ones between them."""
    pattern = np.array([1e30, 1.0, -1e30, 2.0**-149, 16777216.0, 1.0, -16777216.0], np.float32)
    a = np.stack([np.roll(np.resize(pattern, k), row) for row in range(m)])
    return a, np.ones((k, n), np.int8)
