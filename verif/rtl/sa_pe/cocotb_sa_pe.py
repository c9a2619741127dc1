"""cocotb tests of sa_pe; test_sa_pe.py runs them."""

from __future__ import annotations

from typing import Any

import cocotb
import numpy as np

from verif.rtl import bench, sa

# The cycle table of sa_pe.
_NORTH, _EAST, _SOUTH = 1, 1, 3


async def _start(dut: Any) -> None:
    dut.weight_write_i.value = 0
    dut.west_valid_i.value = 0
    await bench.start(dut)


async def _write_weight(dut: Any, bank: int, weight: int) -> None:
    dut.weight_write_i.value = 1 << bank
    dut.weight_i.value = weight & 0xFF
    await bench.next_cycle(dut)
    dut.weight_write_i.value = 0


@cocotb.test
async def each_step_gives_north_plus_west_times_weight_in_the_cycles_of_the_table(dut: Any) -> None:
    """Steps with gaps, lanes that are not valid, both banks, weights written while steps pass."""
    rng = sa.generator()
    count = 2000
    valid = rng.random(count) < 0.8
    lane = rng.random(count) < 0.8
    bank = rng.integers(0, 2, count)
    west = sa.draw_floats(rng, count, wild=0.2)
    north = sa.draw_floats(rng, count, wild=0.2)
    # The array makes canonical NaNs only; one that is not would not go through unchanged.
    north[np.isnan(north)] = np.float32(np.nan)
    new_weight = sa.draw_weights(rng, count)
    written = rng.integers(0, 4, count) * (rng.random(count) < 0.3)

    weights = sa.draw_weights(rng, 2)
    await _start(dut)
    for b in range(2):
        await _write_weight(dut, b, int(weights[b]))

    expected_south: dict[int, tuple[int, int]] = {}
    last: int | None = None
    for t in range(count):
        dut.west_valid_i.value = int(valid[t])
        dut.west_lane_i.value = int(lane[t])
        dut.west_bank_i.value = int(bank[t])
        dut.west_activation_i.value = sa.bits(west[t])[0]
        dut.weight_write_i.value = int(written[t])
        dut.weight_i.value = int(new_weight[t]) & 0xFF
        if t >= _NORTH:
            dut.north_i.value = sa.bits(north[t - _NORTH])[0]
        await bench.settled(dut)

        if t >= _EAST and valid[t - _EAST]:
            passed = t - _EAST
            got = (dut.east_lane_o.value, dut.east_bank_o.value, dut.east_activation_o.value)
            handed_on = (lane[passed], bank[passed], sa.bits(west[passed])[0])
            assert tuple(map(int, got)) == tuple(map(int, handed_on)), f"step {passed}"
        if t >= _EAST:
            assert bool(dut.east_valid_o.value) == valid[t - _EAST], f"step {t - _EAST}"
        if t in expected_south:
            step, last = expected_south[t]
            sa.assert_same([int(dut.south_o.value)], [last], f"sum of step {step}")
        elif last is not None:
            assert int(dut.south_o.value) == last, f"cycle {t}: the sum changed without a step"

        if valid[t]:
            lanes = [0] if lane[t] else []
            weight = weights[bank[t]].reshape(1, 1)
            (sum_bits,) = sa.bits(sa.step(north[t : t + 1], west[t : t + 1], weight, lanes))
            expected_south[t + _SOUTH] = (t, sum_bits)
        for b in range(2):
            if written[t] >> b & 1:
                weights[b] = new_weight[t]
        await bench.next_cycle(dut)


@cocotb.test
async def lane_that_is_not_valid_hands_on_every_sum_and_multiplies_nothing(dut: Any) -> None:
    await _start(dut)
    await _write_weight(dut, 0, 0)
    dut.west_valid_i.value = 1
    dut.west_lane_i.value = 0
    dut.west_bank_i.value = 0
    dut.west_activation_i.value = 0x7F80_0000  # infinity, and the weight is 0
    sums = (0x0000_0000, 0x8000_0000, 0x0000_0001, 0x807F_FFFF, 0x7F80_0000, 0x7FC0_0000)
    await bench.next_cycle(dut)
    for value in sums:
        dut.north_i.value = value
        await bench.next_cycle(dut, _SOUTH - _NORTH)
        await bench.settled(dut)
        sa.assert_same([int(dut.south_o.value)], [value], "sum")
        await bench.next_cycle(dut)


@cocotb.test
async def nothing_switches_where_no_step_passes(dut: Any) -> None:
    await _start(dut)
    dut.west_valid_i.value = 1
    dut.west_lane_i.value = 1
    dut.west_bank_i.value = 1
    dut.west_activation_i.value = 0x3F80_0000
    await bench.next_cycle(dut)
    dut.west_valid_i.value = 0
    dut.west_lane_i.value = 0
    dut.west_bank_i.value = 0
    dut.west_activation_i.value = 0x4000_0000
    await bench.next_cycle(dut, 2)
    await bench.settled(dut)
    east = (dut.east_lane_o.value, dut.east_bank_o.value, dut.east_activation_o.value)
    assert tuple(map(int, east)) == (1, 1, 0x3F80_0000)


@cocotb.test
async def reset_drops_the_step_that_passes(dut: Any) -> None:
    await _start(dut)
    await _write_weight(dut, 0, 0)
    dut.west_lane_i.value = 1
    dut.west_bank_i.value = 0
    dut.west_activation_i.value = 0
    dut.north_i.value = 0x3F80_0000
    dut.west_valid_i.value = 1
    await bench.next_cycle(dut)
    dut.west_valid_i.value = 0
    await bench.next_cycle(dut, _SOUTH)
    before = int(dut.south_o.value)
    assert before == 0x3F80_0000

    dut.north_i.value = 0x4000_0000
    dut.west_valid_i.value = 1
    await bench.next_cycle(dut)
    # Nor does a reset take a new one.
    dut.rst_ni.value = 0
    await bench.settled(dut)
    assert not dut.east_valid_o.value
    await bench.next_cycle(dut)
    dut.west_valid_i.value = 0
    dut.rst_ni.value = 1
    for _ in range(_SOUTH + 1):
        await bench.settled(dut)
        sa.assert_same([int(dut.south_o.value)], [before], "sum")
        await bench.next_cycle(dut)
