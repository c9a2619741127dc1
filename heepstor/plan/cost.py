"""Predicted cycles of a matrix product on each back-end, and the choice between them.

The model counts what each inner loop of `sw/ops` does and weighs it with the constants below, which
are the only numbers of this kind in the compiler.
"""

from __future__ import annotations

from dataclasses import dataclass

from heepstor.config import Config
from heepstor.ir import Backend, Gemm, Window2d
from heepstor.plan.packing import tiles

# Cycles of CV32E40P with its FPU at latency 0, counted from the instructions of the inner loops.
SOFTWARE_MAC = 9.0
"""Load activation, load code, convert, multiply, add, two address steps, branch."""
SOFTWARE_MAC_PER_FPU_LATENCY = 3.0
"""Convert, multiply and add depend on each other, so each waits for the one before."""
WEIGHT_WORD = 3.0
"""Four codes into the array: load, store, and a share of the loop."""
ACTIVATION = 2.5
"""One lane of a step: load, store, and a share of the loop."""
STEP = 4.0
"""What a step costs besides its lanes."""
TILE = 40.0
"""Setting up one K tile: arguments, TILE register, calls."""
RESULT = 12.0
"""One output element: read the sum, epilogue, store."""
IM2ROW = 2.5
"""One element of the im2row matrix: load, store, and a share of the loops."""


@dataclass(frozen=True)
class Choice:
    """Who computes a layer, why, and its predicted cycles."""

    backend: Backend
    reason: str
    cycles: int


def is_pointwise(window: Window2d) -> bool:
    """Whether the im2row matrix is the feature map itself, so that no scratch is needed."""
    return window.kernel == (1, 1) and window.stride == (1, 1) and window.padding == (0, 0)


def choose(
    gemm: Gemm, window: Window2d | None, config: Config, forced: Backend | None = None
) -> Choice:
    """The back-end with fewer predicted cycles, or the `forced` one."""
    cycles = {backend: predict(gemm, window, config, backend) for backend in Backend}
    direct, software = cycles[Backend.DIRECT], cycles[Backend.SOFTWARE]
    if forced:
        return Choice(forced, f"{forced.value}: asked for", cycles[forced])
    if direct < software:
        reason = f"direct: {direct:,} predicted cycles against {software:,} in software"
        return Choice(Backend.DIRECT, reason, direct)
    reason = f"software: {software:,} predicted cycles against {direct:,} in direct mode"
    return Choice(Backend.SOFTWARE, reason, software)


def predict(gemm: Gemm, window: Window2d | None, config: Config, backend: Backend) -> int:
    """Cycles of the layer: gathering the activations, the product, the epilogue."""
    gather = 0.0 if window is None or is_pointwise(window) else gemm.m * gemm.k * IM2ROW
    product = _direct(gemm, config) if backend is Backend.DIRECT else _software(gemm, config)
    return round(gemm.groups * (gather + product + gemm.m * gemm.n * RESULT))


def _software(gemm: Gemm, config: Config) -> float:
    """Of one group, without gathering and epilogue."""
    mac = SOFTWARE_MAC + SOFTWARE_MAC_PER_FPU_LATENCY * config.cpu_fpu_latency
    return gemm.m * gemm.n * gemm.k * mac


def _direct(gemm: Gemm, config: Config) -> float:
    """Of one group, without gathering and epilogue.

    The rows of A come in chunks that fit the accumulators; each chunk loads every weight tile
    again.
    """
    size = config.systolic_array_size
    n_tiles, k_tiles = tiles(gemm.n, size), tiles(gemm.k, size)
    chunks = tiles(gemm.m, config.systolic_array_accumulator_rows)
    weights = chunks * n_tiles * (k_tiles * TILE + gemm.k * size / 4 * WEIGHT_WORD)
    steps = gemm.m * n_tiles * (k_tiles * STEP + gemm.k * ACTIVATION)
    return weights + steps
