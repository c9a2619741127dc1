"""cocotb tests of sa_core; test_sa_core.py runs them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge

from golden import numpy_twin
from golden.numpy_twin import canonical_nan
from verif.rtl import bench, sa
from verif.rtl.sa_core.driver import Core, Step, Sum, Weights


async def started(dut: Any) -> Core:
    """A core after reset."""
    core = Core(dut)
    await core.start()
    return core


def _reference(core: Core, steps: list[Step], weights: sa.Int8Array) -> dict[int, sa.Float32Array]:
    """Accumulator rows after `steps`, with `weights` [bank, S, S]."""
    rows: dict[int, sa.Float32Array] = {}
    for step in steps:
        zero = np.zeros(core.size, np.float32)
        start = zero if step.first else rows.get(step.row, zero)
        rows[step.row] = sa.step(
            start, step.activations, weights[step.bank], range(len(step.activations))
        )
    return rows


@cocotb.test
async def step_enters_every_cycle_with_k_tiles_in_order_and_banks_changing(dut: Any) -> None:
    """A layer as a streaming front end drives it: no step waits, weights load behind the steps.

    K is tiled by Size; tile t uses bank t % 2, which is loaded while tile t - 1 goes through.
    """
    core = await started(dut)
    # As many rows as a step is long, if there are, which is longer than it takes to load a bank.
    size, m, tiles = core.size, min(core.rows, 4 * core.size), 5
    k = (tiles - 1) * size + size // 2 + 1
    a = sa.draw_floats(core.rng, m, k, wild=0.001)
    w = sa.draw_weights(core.rng, k, size)
    padded = np.zeros((tiles, size, size), np.int8)
    padded.reshape(-1, size)[:k] = w

    await core.load(0, padded[0])
    waited = []
    for t in range(tiles):
        following = padded[t + 1] if t + 1 < tiles else padded[0]
        loads = [Weights((t + 1) % 2, row, following[row]) for row in range(size)]
        for row in range(m):
            core.offer_step(Step(row, a[row, t * size : (t + 1) * size], t % 2, first=t == 0))
            core.offer_weights(loads[0] if loads else None)
            step_taken, weights_taken, _ = await core.settled()
            while not step_taken:
                waited.append((t, row))
                await core.next_cycle()
                step_taken, _, _ = await core.settled()
            if loads and weights_taken:
                loads.pop(0)
            await core.next_cycle()
        core.offer_step(None)
        for load in loads:
            await core.load_row(load)
    core.offer_weights(None)
    if core.rows > core.latency:
        assert not waited, f"steps that waited: {waited}"
    expected = numpy_twin.gemm(a, w)
    for row in range(m):
        sa.assert_same(await core.read_row(row), sa.bits(expected[row]), f"row {row}")


@cocotb.test
async def result_can_be_read_three_sizes_and_one_cycle_after_its_step(dut: Any) -> None:
    """The cycle table of sa_core: when busy falls, and when the row is free again."""
    core = await started(dut)
    step = Step(1, sa.draw_floats(core.rng, core.size, wild=0), first=True)
    assert await core.enter(step) == 0
    busy = []
    for _ in range(core.latency + 3):
        await core.settled()
        busy.append(bool(dut.busy_o.value))
        await core.next_cycle()
    assert busy == [True] * core.latency + [False] * 3, busy

    assert await core.enter(step) == 0
    _, waited = await core.access(Sum(1))
    # It asked from one cycle after the step on, and was let in after 3 * Size + 1.
    assert waited == 3 * core.size, waited


@cocotb.test
async def step_to_a_row_in_flight_enters_in_the_first_cycle_that_has_its_sum(dut: Any) -> None:
    core = await started(dut)
    weights = sa.draw_weights(core.rng, 2, core.size, core.size)
    for bank in range(2):
        await core.load(bank, weights[bank])
    steps = [
        Step(2, sa.draw_floats(core.rng, core.size, wild=0), bank, first)
        for bank, first in ((0, True), (1, False), (1, False), (0, True), (0, False))
    ]
    for i, step in enumerate(steps):
        waited = await core.enter(step)
        assert waited == (3 * core.size if i else 0), f"step {i} waited {waited} cycles"
    expected = _reference(core, steps, weights)[2]
    sa.assert_same(await core.read_row(2), sa.bits(expected), "row 2")


@cocotb.test
async def weights_wait_until_the_last_use_of_their_row_and_not_a_cycle_longer(dut: Any) -> None:
    """For each row of both banks; the step must not see it, the next one must."""
    core = await started(dut)
    size = core.size
    for bank in range(2):
        weights = np.stack([sa.draw_weights(core.rng, size, size) for _ in range(2)])
        for b in range(2):
            await core.load(b, weights[b])
        for row in range(size):
            step = Step(0, sa.draw_floats(core.rng, size, wild=0), bank, first=True)
            expected = sa.bits(_reference(core, [step], weights)[0])
            await core.enter(step)
            codes = sa.draw_weights(core.rng, size)
            waited = await core.load_row(Weights(bank, row, codes))
            # Offered one cycle after the step, needed until 2 * row + last column after it.
            last_use = 2 * row + size - 1
            assert waited == last_use - 1, f"row {row}: waited {waited}"
            weights[bank, row] = codes
            sa.assert_same(await core.read_row(0), expected, f"row {row}")
        step = Step(0, sa.draw_floats(core.rng, size, wild=0), bank, first=True)
        await core.enter(step)
        expected = sa.bits(_reference(core, [step], weights)[0])
        sa.assert_same(await core.read_row(0), expected, "after all")


@cocotb.test
async def weight_of_the_other_bank_never_waits(dut: Any) -> None:
    core = await started(dut)
    ones = np.ones(core.size, np.float32)
    rows = min(core.rows, core.latency)
    for i in range(rows):
        core.offer_step(Step(i, ones, 1, first=True))
        core.offer_weights(Weights(0, i % core.size, np.full(core.size, i, np.int8)))
        assert (await core.settled())[:2] == (True, True), i
        await core.next_cycle()


@cocotb.test
async def weight_offered_with_a_step_of_its_bank_comes_after_the_step(dut: Any) -> None:
    core = await started(dut)
    step = Step(0, np.ones(core.size, np.float32), first=True)
    core.offer_step(step)
    core.offer_weights(Weights(0, 0, np.full(core.size, 5, np.int8)))
    assert (await core.settled())[:2] == (True, False)
    await core.next_cycle()
    core.offer_step(None)
    while not (await core.settled())[1]:
        await core.next_cycle()
    await core.next_cycle()
    core.offer_weights(None)
    assert await core.read_row(0) == [0] * core.size


@cocotb.test
async def weight_waits_for_a_step_that_waits_for_its_row(dut: Any) -> None:
    """The step at the door is to use what the bank holds now."""
    core = await started(dut)
    weights = sa.draw_weights(core.rng, 2, core.size, core.size)
    for bank in range(2):
        await core.load(bank, weights[bank])
    steps = [
        Step(0, sa.draw_floats(core.rng, core.size, wild=0), bank, first=bank == 1)
        for bank in (1, 0)
    ]
    await core.enter(steps[0])
    core.offer_step(steps[1])
    core.offer_weights(Weights(0, 0, np.zeros(core.size, np.int8)))
    taken: dict[str, int] = {}
    while len(taken) < 2:
        step_taken, weights_taken, _ = await core.settled()
        cycle = core.cycle
        await core.next_cycle()
        if step_taken and "step" not in taken:
            taken["step"] = cycle
            core.offer_step(None)
        if weights_taken and "weights" not in taken:
            taken["weights"] = cycle
            core.offer_weights(None)
    # Row 0 is last used in the last column, a cycle a column after the step has entered.
    assert taken["weights"] - taken["step"] == core.size - 1, taken
    expected = _reference(core, steps, weights)[0]
    sa.assert_same(await core.read_row(0), sa.bits(expected), "row 0")


@cocotb.test
async def accumulator_access_gives_way_to_what_happens_in_its_half_only(dut: Any) -> None:
    """Written for both halves: `own` is a row in the one of the step, `other` is in the other."""
    core = await started(dut)
    half = core.rows // 2
    for row, own, other in ((0, 1, half), (0, half - 1, half + 1), (half, half + 1, 0)):
        step = Step(row, np.ones(1, np.float32), first=True)
        for data in (None, 0x3F80_0000):
            # When the sums come out: only a write waits.
            for accessed, waits in ((own, data is not None), (other, False)):
                await core.enter(step)
                await core.next_cycle(core.latency - 1)
                _, waited = await core.access(Sum(accessed, 0, data))
                assert waited == waits, f"row {accessed}, data {data}: waited {waited}"
                await core.next_cycle(2)
            # When the step enters.
            for accessed, waits in ((own, True), (other, False)):
                core.offer_step(step)
                core.offer_sum(Sum(accessed, 0, data))
                assert await core.settled() == (True, False, not waits), (accessed, data)
                await core.next_cycle()
                core.offer_step(None)
                core.offer_sum(None)
                await core.next_cycle(core.latency + 1)


@cocotb.test
async def accumulator_access_waits_for_a_step_to_its_row_that_enters_with_it(dut: Any) -> None:
    core = await started(dut)
    one = np.ones(1, np.float32)
    await core.access(Sum(2, 0, 0x4000_0000))
    core.offer_step(Step(2, one))
    core.offer_sum(Sum(2, 0, 0x4040_0000))
    assert await core.settled() == (True, False, False)
    await core.next_cycle()
    core.offer_step(None)
    _, waited = await core.access(Sum(2, 0, 0x4040_0000))
    assert waited == core.latency
    assert (await core.read_row(2))[0] == 0x4040_0000


@cocotb.test
async def one_half_is_accessed_every_cycle_while_steps_enter_the_other_every_cycle(
    dut: Any,
) -> None:
    """Neither side waits, whichever half is whose: rows are read, then words are written."""
    core = await started(dut)
    rng, size, half = core.rng, core.size, core.rows // 2
    # As long as a step finds a row that no other is on its way to.
    cycles = 4 * half if half > core.latency else half
    weights = sa.draw_weights(rng, 2, size, size)
    for bank in range(2):
        await core.load(bank, weights[bank])
    for base_of_steps, base_of_accesses in ((0, half), (half, 0)):
        sums = sa.draw_floats(rng, core.rows, size, wild=0.01)
        for row in range(core.rows):
            await core.write_row(row, sums[row])
        for writes in (False, True):
            read: list[int] | None = None
            for i in range(cycles):
                row, accessed = base_of_steps + i % half, base_of_accesses + i % half
                step = Step(row, sa.draw_floats(rng, size, wild=0), i % 2)
                core.offer_step(step)
                column, data = int(rng.integers(size)), sa.bits(sa.draw_floats(rng, 1))[0]
                core.offer_sum(Sum(accessed, column, data if writes else None))
                assert await core.settled() == (True, False, True), f"waited in cycle {i}"
                if read is not None:
                    sa.assert_same(core.read_words(), read, f"read in cycle {i}")
                sums[row] = sa.step(sums[row], step.activations, weights[i % 2], range(size))
                if writes:
                    sums[accessed, column] = sa.floats([data])[0]
                read = None if writes else sa.bits(sums[accessed])
                await core.next_cycle()
            core.offer_step(None)
            core.offer_sum(None)
            for row in range(core.rows):
                sa.assert_same(await core.read_row(row), sa.bits(sums[row]), f"row {row}")


@cocotb.test
async def step_without_a_lane_hands_every_sum_on_as_it_is(dut: Any) -> None:
    """+0 if it is the first; a NaN of the bus comes out canonical, and only that one changes."""
    core = await started(dut)
    await core.load(0, sa.draw_weights(core.rng, core.size, core.size))
    padding = Step(1, np.empty(0, np.float32))
    zeros, ones, largest = (0x0000_0000, 0x8000_0000), (0x3F80_0000, 0xBF80_0000), (0x7F7F_FFFF,)
    subnormals, infinities = (0x0000_0001, 0x807F_FFFF), (0x7F80_0000, 0xFF80_0000)
    nans = (0x7FC0_0000, 0xFFC0_0000, 0x7F80_0001)
    values = [*zeros, *nans, *ones, *subnormals, *infinities, *largest]
    for start in range(0, len(values), core.size):
        words = values[start : start + core.size]
        words += [0] * (core.size - len(words))
        await core.write_row(1, sa.floats(words))
        await core.enter(padding)
        expected = sa.bits(canonical_nan(sa.floats(words)))
        sa.assert_same(await core.read_row(1), expected, f"from value {start} on")
    await core.enter(replace(padding, first=True))
    assert await core.read_row(1) == [0] * core.size


@cocotb.test
async def requests_on_all_ports_at_once_leave_what_their_order_of_entry_gives(dut: Any) -> None:
    """Random traffic on the three ports; the order in which the core took them is the model's."""
    core = await started(dut)
    rng, size = core.rng, core.size
    rows = [0, 1, core.rows // 2, core.rows // 2 + 1]  # few, in both halves
    weights = np.zeros((2, size, size), np.int8)
    sums = np.zeros((core.rows, size), np.float32)
    step: Step | None = None
    load: Weights | None = None
    access: Sum | None = None
    read: list[int] | None = None
    taken = [0, 0, 0]
    for _ in range(5000):
        if step is None and rng.random() < 0.6:
            lanes = int(rng.integers(0, size + 1))
            activations = sa.draw_floats(rng, lanes, wild=0.005)
            first = bool(rng.random() < 0.3)
            step = Step(int(rng.choice(rows)), activations, int(rng.integers(2)), first)
        if load is None and rng.random() < 0.3:
            place = int(rng.integers(2)), int(rng.integers(size))
            load = Weights(*place, sa.draw_weights(rng, size), int(rng.integers(1 << size)))
        if access is None and rng.random() < 0.3:
            data = None if rng.random() < 0.5 else sa.bits(sa.draw_floats(rng, 1))[0]
            access = Sum(int(rng.choice(rows)), int(rng.integers(size)), data)
        core.offer_step(step)
        core.offer_weights(load)
        core.offer_sum(access)
        entered = await core.settled()
        if read is not None:
            sa.assert_same(core.read_words(), read, f"read in cycle {core.cycle}")
        read = None
        # In one cycle: a step before a weight of its bank, an access never with a step to its row.
        if step and entered[0]:
            start = np.zeros(size, np.float32) if step.first else sums[step.row]
            lanes_used = range(len(step.activations))
            sums[step.row] = sa.step(start, step.activations, weights[step.bank], lanes_used)
            step = None
        if load and entered[1]:
            enabled = [n for n in range(size) if load.enable >> n & 1]
            weights[load.bank, load.row, enabled] = load.codes[enabled]
            load = None
        if access and entered[2]:
            if access.data is None:
                read = sa.bits(sums[access.row])
            else:
                sums[access.row, access.column] = sa.floats([access.data])[0]
            access = None
        taken = [count + int(now) for count, now in zip(taken, entered, strict=True)]
        await core.next_cycle()
    assert min(taken) > 50, f"steps, weights, accesses taken: {taken}"


@cocotb.test
async def abort_frees_all_rows_and_weights_at_once(dut: Any) -> None:
    core = await started(dut)
    ones = np.ones(core.size, np.float32)
    for row in range(4):
        await core.enter(Step(row, ones, row % 2, first=True))
    core.abort(True)
    await core.next_cycle()
    core.abort(False)
    await core.settled()
    assert not dut.busy_o.value
    await core.next_cycle()
    for row in range(4):
        assert (await core.access(Sum(row)))[1] == 0, f"row {row}"
    for bank in range(2):
        last = Weights(bank, core.size - 1, np.zeros(core.size, np.int8))
        assert await core.load_row(last) == 0, f"bank {bank}"


@cocotb.test
async def step_that_enters_in_the_cycle_of_an_abort_is_dropped(dut: Any) -> None:
    core = await started(dut)
    await core.load(0, np.ones((core.size, core.size), np.int8))
    core.offer_step(Step(0, np.ones(1, np.float32), first=True))
    core.abort(True)
    await core.next_cycle()
    core.offer_step(None)
    core.abort(False)
    await core.next_cycle(core.latency + 2)
    assert await core.read_row(0) == [0] * core.size


@cocotb.test
async def clock_of_the_array_stands_still_while_nothing_moves(dut: Any) -> None:
    core = await started(dut)
    edges = 0

    async def count() -> None:
        nonlocal edges
        while True:
            await RisingEdge(dut.clk_array)
            edges += 1

    counter = cocotb.start_soon(count())
    await core.next_cycle(50)
    assert edges == 0, edges
    await core.enter(Step(0, np.ones(1, np.float32), first=True))
    await core.next_cycle(100)
    # Entry, and every cycle until the sums are written.
    assert edges == core.latency + 1, edges
    counter.cancel()
    await bench.settled(dut)


@cocotb.test
async def accumulator_port_without_a_request_writes_nothing(dut: Any) -> None:
    core = await started(dut)
    await core.access(Sum(0, 0, 0x3F80_0000))
    core.offer_sum(Sum(0, 0, 0x4000_0000))
    dut.acc_valid_i.value = 0
    await core.next_cycle(2)
    assert (await core.read_row(0))[0] == 0x3F80_0000
