"""Numbers that meet the rare paths of a processing element; for a run beside its netlist.

Nothing is expected here: the checker compares what comes out, and the RTL's own benches have judged
the RTL. A table of the netlist may matter for one path alone, such as an overflow by a few bits.
"""

from __future__ import annotations

from typing import Any

import cocotb
import numpy as np
import numpy.typing as npt

from verif.rtl import bench, sa

_Words = npt.NDArray[np.uint32]
_STEPS = 10_000


def _edges(rng: np.random.Generator) -> _Words:
    """Floats that are small or large, with few ones in their fractions."""
    sign = rng.integers(0, 2, _STEPS, np.uint32)
    exponent = rng.integers(-8, 8, _STEPS).astype(np.uint32) & 0xFF
    fraction = np.uint32(1) << rng.integers(0, 23, (2, _STEPS), np.uint32)
    words: _Words = sign << 31 | exponent << 23 | fraction[0] | fraction[1]
    return words


def _stimulus(rng: np.random.Generator) -> tuple[_Words, sa.Int8Array, _Words]:
    """Activations, weights and partial sums, each minus its product but for one bit or none."""
    ordinary = sa.draw_floats(rng, _STEPS).view(np.uint32)
    west = np.where(rng.random(_STEPS) < 0.5, ordinary, _edges(rng))
    weights = sa.draw_weights(rng, _STEPS)
    with np.errstate(all="ignore"):
        product = west.view(np.float32) * weights.astype(np.float32)
    flipped = np.uint32(1) << rng.integers(0, 32, _STEPS, np.uint32)
    flipped[rng.random(_STEPS) < 0.1] = 0
    return west, weights, (-product).view(np.uint32) ^ flipped


@cocotb.test
async def products_at_the_edges_and_sums_that_nearly_cancel(dut: Any) -> None:
    """One step a cycle."""
    west, weights, north = _stimulus(sa.generator())
    dut.weight_write_i.value = 0
    dut.west_valid_i.value = 0
    await bench.start(dut)
    dut.west_lane_i.value = 1
    for t in range(_STEPS):
        # As the header of sa_pe has it: weights a cycle before their step, partial sums one after.
        dut.weight_write_i.value = 1 << (t + 1) % 2
        dut.weight_i.value = int(weights[(t + 1) % _STEPS]) & 0xFF
        dut.west_valid_i.value = t > 0
        dut.west_bank_i.value = t % 2
        dut.west_activation_i.value = int(west[t])
        dut.north_i.value = int(north[t - 1])
        await bench.next_cycle(dut)
