"""cocotb tests of sa_array; test_sa_array.py runs them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cocotb
import numpy as np

from verif.rtl import bench, sa

# The cycle table of sa_array: when the partial sums of a step are taken.
_PARTIAL_SUMS = 1


@dataclass(frozen=True)
class Step:
    """What enters with one step."""

    bank: int
    lanes: list[int]
    activations: sa.Float32Array
    partial_sums: sa.Float32Array


async def _start(dut: Any) -> int:
    dut.weight_valid_i.value = 0
    dut.step_valid_i.value = 0
    await bench.start(dut)
    return int(dut.Size.value)


def _drive_weights(dut: Any, bank: int, row: int, codes: sa.Int8Array, enable: int) -> None:
    dut.weight_valid_i.value = 1
    dut.weight_bank_i.value = bank
    dut.weight_row_i.value = row
    dut.weight_enable_i.value = enable
    dut.weight_data_i.value = sa.pack((code & 0xFF for code in codes.tolist()), 8)


async def _load(dut: Any, bank: int, weights: sa.Int8Array) -> None:
    """Write all weights [S, S] of a bank."""
    for row, codes in enumerate(weights):
        _drive_weights(dut, bank, row, codes, (1 << len(codes)) - 1)
        await bench.next_cycle(dut)
    dut.weight_valid_i.value = 0


def _drive_step(dut: Any, step: Step | None) -> None:
    dut.step_valid_i.value = step is not None
    if step:
        dut.step_bank_i.value = step.bank
        dut.lanes_i.value = sum(1 << k for k in step.lanes)
        dut.activations_i.value = sa.pack(sa.bits(step.activations))


def _draw_step(rng: np.random.Generator, size: int) -> Step:
    lanes = np.flatnonzero(rng.random(size) < rng.choice([0, 0.8])).tolist()
    return Step(
        int(rng.integers(0, 2)),
        lanes,
        sa.draw_floats(rng, size, wild=0.01),
        sa.draw_floats(rng, size, wild=0.01),
    )


@cocotb.test
async def steps_of_every_kind_may_follow_each_other_every_cycle(dut: Any) -> None:
    """Any lanes, banks in any order, with and without gaps; sums come in the cycle of the table."""
    size = await _start(dut)
    rng = sa.generator()
    weights = sa.draw_weights(rng, 2, size, size)
    for bank in range(2):
        await _load(dut, bank, weights[bank])
    steps = [_draw_step(rng, size) if t < 100 or rng.random() < 0.5 else None for t in range(200)]
    steps += [None] * (sa.step_latency(size) + 1)
    for t, step in enumerate(steps):
        _drive_step(dut, step)
        earlier = steps[t - _PARTIAL_SUMS] if t >= _PARTIAL_SUMS else None
        if earlier:
            dut.partial_sums_i.value = sa.pack(sa.bits(earlier.partial_sums))
        await bench.settled(dut)
        done = steps[t - sa.step_latency(size)] if t >= sa.step_latency(size) else None
        if done:
            expected = sa.step(done.partial_sums, done.activations, weights[done.bank], done.lanes)
            got = sa.unpack(int(dut.sums_o.value), size)
            sa.assert_same(got, sa.bits(expected), f"sums in cycle {t}")
        await bench.next_cycle(dut)


@cocotb.test
async def weight_is_used_in_the_cycle_that_its_place_says(dut: Any) -> None:
    """A weight written one cycle before the step gets there counts, one written then does not.

    This is what the interlock of sa_core rests on: at age 2 * row + column of a step.
    """
    size = await _start(dut)
    zeros = np.zeros((size, size), np.int8)
    activations = np.ones(size, np.float32)
    step = Step(0, list(range(size)), activations, np.zeros(size, np.float32))
    dut.partial_sums_i.value = 0
    for row in range(size):
        for column in range(size):
            use = 2 * row + column
            for age in (use - 1, use):
                await _load(dut, 0, zeros)
                code = np.zeros(size, np.int8)
                code[column] = 1
                for t in range(-1, sa.step_latency(size)):
                    _drive_step(dut, step if t == 0 else None)
                    dut.weight_valid_i.value = 0
                    if t == age:
                        _drive_weights(dut, 0, row, code, 1 << column)
                    await bench.next_cycle(dut)
                await bench.settled(dut)
                got = sa.floats(sa.unpack(int(dut.sums_o.value), size))
                expected = np.zeros(size, np.float32)
                expected[column] = age < use
                assert got.tolist() == expected.tolist(), f"row {row}, column {column}, age {age}"
                await bench.next_cycle(dut)


@cocotb.test
async def weights_are_written_in_the_columns_that_are_enabled(dut: Any) -> None:
    size = await _start(dut)
    rng = sa.generator()
    weights = sa.draw_weights(rng, 2, size, size)
    for bank in range(2):
        await _load(dut, bank, weights[bank])
    dut.partial_sums_i.value = 0
    for _ in range(40):
        bank, row, enable = (int(rng.integers(count)) for count in (2, size, 1 << size))
        codes = sa.draw_weights(rng, size)
        _drive_weights(dut, bank, row, codes, enable)
        await bench.next_cycle(dut)
        dut.weight_valid_i.value = 0
        for n in range(size):
            if enable >> n & 1:
                weights[bank, row, n] = codes[n]
        activations = np.zeros(size, np.float32)
        activations[row] = 1
        _drive_step(dut, Step(bank, [row], activations, activations))
        await bench.next_cycle(dut)
        _drive_step(dut, None)
        await bench.next_cycle(dut, sa.step_latency(size) - 1)
        await bench.settled(dut)
        got = sa.floats(sa.unpack(int(dut.sums_o.value), size))
        assert got.tolist() == weights[bank, row].tolist(), f"enable {enable:#b}"
        await bench.next_cycle(dut)


@cocotb.test
async def reset_drops_the_steps_on_their_way(dut: Any) -> None:
    size = await _start(dut)
    ones, twos = np.ones(size, np.float32), np.full(size, 2, np.float32)
    await _load(dut, 0, np.ones((size, size), np.int8))
    lanes = list(range(size))
    dut.partial_sums_i.value = sa.pack(sa.bits(ones))
    _drive_step(dut, Step(0, lanes, ones, ones))
    await bench.next_cycle(dut)
    _drive_step(dut, None)
    await bench.next_cycle(dut, sa.step_latency(size))
    before = sa.unpack(int(dut.sums_o.value), size)
    assert sa.floats(before).tolist() == [size + 1] * size

    dut.partial_sums_i.value = sa.pack(sa.bits(twos))
    _drive_step(dut, Step(0, lanes, twos, twos))
    await bench.next_cycle(dut)
    # Nor does a reset take a new one.
    dut.rst_ni.value = 0
    await bench.next_cycle(dut)
    _drive_step(dut, None)
    dut.rst_ni.value = 1
    for t in range(2 * sa.step_latency(size)):
        await bench.settled(dut)
        got = sa.unpack(int(dut.sums_o.value), size)
        sa.assert_same(got, before, f"sums {t} cycles after the reset")
        await bench.next_cycle(dut)
