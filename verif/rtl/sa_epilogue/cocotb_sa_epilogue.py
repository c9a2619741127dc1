"""cocotb tests of sa_epilogue; test_sa_epilogue.py runs them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import cocotb
import numpy as np

from golden import numpy_twin
from verif.rtl import bench, sa
from verif.rtl.sa import Float32Array

_LATENCY = 4
_ONE, _TWO, _SIX = 0x3F80_0000, 0x4000_0000, 0x40C0_0000


@dataclass(frozen=True)
class _Operations:
    """Operands of as many operations as cycles [T], and in which cycles there is one."""

    sums: Float32Array
    scales: Float32Array
    biases: Float32Array
    valid: np.ndarray[Any, np.dtype[np.bool_]]

    def results(self, relu: bool) -> list[int]:
        """What docs/numerics.md says, as bits [T]."""
        biased = numpy_twin.scale_bias(self.sums, self.scales, self.biases)
        return sa.bits(numpy_twin.relu(biased) if relu else biased)


async def _start(dut: Any, relu: bool) -> None:
    dut.valid_i.value = 0
    dut.relu_i.value = int(relu)
    await bench.start(dut)


async def _check(dut: Any, operations: _Operations, relu: bool) -> None:
    """Every result comes in its cycle, and stays until the next."""
    await _start(dut, relu)
    expected = operations.results(relu)
    operands = [sa.bits(x) for x in (operations.sums, operations.scales, operations.biases)]
    valid = [bool(v) for v in operations.valid] + [False] * _LATENCY
    last: int | None = None
    for t in range(len(valid)):
        dut.valid_i.value = int(valid[t])
        if t < len(expected):
            dut.sum_i.value, dut.scale_i.value, dut.bias_i.value = (x[t] for x in operands)
        await bench.settled(dut)
        done = t - _LATENCY
        assert bool(dut.valid_o.value) == (done >= 0 and valid[done]), f"cycle {t}: valid_o"
        if done >= 0 and valid[done]:
            last = expected[done]
            shown = ", ".join(f"{x[done]:#010x}" for x in operands)
            got = [int(dut.result_o.value)]
            sa.assert_same(got, [last], f"sum, scale, bias {shown}, relu {relu:d}")
        elif last is not None:
            assert int(dut.result_o.value) == last, f"cycle {t}: changed without an operation"
        await bench.next_cycle(dut)


@cocotb.test
@cocotb.parametrize(relu=(False, True))
async def results_are_golden_with_gaps_between_operations(dut: Any, relu: bool) -> None:
    rng = sa.generator()
    count = 3000
    sums, scales, biases = (sa.draw_floats(rng, count, wild=0.2) for _ in range(3))
    await _check(dut, _Operations(sums, scales, biases, rng.random(count) < 0.8), relu)


@cocotb.test
@cocotb.parametrize(relu=(False, True))
async def results_of_special_values_are_golden_one_every_cycle(dut: Any, relu: bool) -> None:
    specials = sa.floats([bits | sign for bits in sa.SPECIAL_BITS for sign in (0, 0x8000_0000)])
    sums, scales, biases = np.array(list(itertools.product(specials, repeat=3)), np.float32).T
    await _check(dut, _Operations(sums, scales, biases, np.ones(len(sums), np.bool_)), relu)


@cocotb.test
async def reset_drops_operations_on_their_way(dut: Any) -> None:
    await _start(dut, relu=False)
    dut.scale_i.value = _TWO
    dut.bias_i.value = _TWO
    dut.sum_i.value = _TWO
    dut.valid_i.value = 1
    await bench.next_cycle(dut)
    dut.valid_i.value = 0
    await bench.next_cycle(dut, _LATENCY)
    assert int(dut.result_o.value) == _SIX

    dut.sum_i.value = _ONE
    dut.valid_i.value = 1
    await bench.next_cycle(dut, _LATENCY)
    # Nor does a reset take a new one.
    dut.rst_ni.value = 0
    await bench.settled(dut)
    assert not dut.valid_o.value
    await bench.next_cycle(dut)
    before = int(dut.result_o.value)
    dut.valid_i.value = 0
    dut.rst_ni.value = 1
    for _ in range(_LATENCY + 1):
        await bench.settled(dut)
        assert not dut.valid_o.value
        assert int(dut.result_o.value) == before
        await bench.next_cycle(dut)
