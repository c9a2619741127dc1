"""cocotb tests of systolic_array; test_systolic_array.py runs them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cocotb
import numpy as np

from golden import numpy_twin
from verif.rtl import bench, sa
from verif.rtl.systolic_array.model import (
    BUSY,
    ERR_ACCESS,
    ERR_ADDRESS,
    ERR_ROW,
    ERRORS,
    OFFSET,
    Model,
    tile,
)
from verif.rtl.systolic_array.obi import ALL_BYTES, Access, Manager, words

ABORT = 1


def stream_geometry(dut: Any) -> int:
    """What STREAM_GEOMETRY must read."""
    buffers = (int(dut.ActivationWords.value), int(dut.WeightRows.value))
    logs = [words.bit_length() - 1 for words in buffers]
    return int(dut.Ports.value) | logs[0] << 8 | logs[1] << 16


class Bench:
    """The array under test, its bus, and the model beside it; there is no memory."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.size = int(dut.Size.value)
        self.rows = int(dut.AccumulatorRows.value)
        self.latency = sa.step_latency(self.size)
        self.rng = sa.generator()
        self.bus = Manager(dut)
        self.model = Model(self.size, self.rows, int(dut.ConfigHash.value), stream_geometry(dut))

    async def start(self) -> None:
        """Clock, reset, and memories with known contents."""
        for name in ("gnt", "rvalid", "err", "rdata"):
            getattr(self.dut, f"obi_mgr_{name}_i").value = 0
        await bench.start(self.dut)
        count = self.rows * self.size
        await self.both(words(OFFSET["ACCUMULATORS"], [0x3F80_0000 + i for i in range(count)]))
        for bank in ("WEIGHTS0", "WEIGHTS1"):
            await self.both(words(OFFSET[bank], [0] * (self.size**2 // 4)))

    async def both(self, accesses: Sequence[Access]) -> list[int]:
        """Make accesses on the array and on the model; what is read must agree.

        BUSY is masked: it depends on time.
        """
        responses = await self.bus.transfer(accesses)
        for i, (access, response) in enumerate(zip(accesses, responses, strict=True)):
            expected = self.model.access(access.address, access.data, access.enable)
            got = response.data
            if access.data is None and access.address & 0xFFFC == OFFSET["STATUS"]:
                got &= ~BUSY
            assert got == expected, (
                f"access {i} ({access}), granted in cycle {response.granted}: "
                f"got {got:#010x}, expected {expected:#010x}"
            )
        irq, errors = bool(self.dut.irq_o.value), self.model.errors
        assert irq == bool(errors), f"irq is {irq}, errors are {errors:#x}"
        return [response.waited for response in responses]

    def weights(self, bank: int, weights: sa.Int8Array) -> list[Access]:
        """Writes of all weights [S, S] of a bank."""
        return words(
            OFFSET[f"WEIGHTS{bank}"], [int(w) for w in weights.reshape(-1).view(np.uint32)]
        )

    def step(self, activations: sa.Float32Array) -> list[Access]:
        """Writes of a step of `len(activations)` lanes."""
        *stage, last = words(OFFSET["STAGE"], sa.bits(activations))
        lane = len(activations) - 1
        return [*stage, Access(OFFSET["LAUNCH"] + 4 * lane, last.data)]

    def row(self, row: int) -> list[Access]:
        """Reads of a row of accumulators."""
        base = OFFSET["ACCUMULATORS"] + 4 * self.size * row
        return [Access(base + 4 * n) for n in range(self.size)]


async def started(dut: Any) -> Bench:
    """The array after reset."""
    array = Bench(dut)
    await array.start()
    return array


@cocotb.test
async def identity_geometry_and_hash_are_those_of_the_parameters(dut: Any) -> None:
    array = await started(dut)
    names = ("ID", "GEOMETRY", "CONFIG_HASH", "STREAM_GEOMETRY")
    await array.both([Access(OFFSET[name]) for name in names])


@cocotb.test
async def each_offset_of_the_window_answers_as_the_register_table_says(dut: Any) -> None:
    array = await started(dut)
    await array.both([Access(offset) for offset in range(0, 0x1_0000, 4)])
    assert array.model.errors == ERR_ADDRESS | ERR_ACCESS
    await array.both([Access(OFFSET["STATUS"]), Access(OFFSET["ERROR_ADDRESS"])])


@cocotb.test
async def only_the_lower_half_of_an_address_counts(dut: Any) -> None:
    array = await started(dut)
    await array.both([Access(0xF000_0000 + OFFSET["ID"]), Access(0xABCD_0003 + OFFSET["ID"])])


@cocotb.test
async def gemm_of_any_shape_has_the_bits_of_the_golden_model(dut: Any) -> None:
    array = await started(dut)
    size = array.size
    shapes = [(1, 1, 1), (1, size, size), (3, 2 * size + 1, size - 1), (array.rows, 3 * size, 2)]
    for m, k, n in shapes:
        a = sa.draw_floats(array.rng, m, k)
        w = sa.draw_weights(array.rng, k, n)
        for tile_index, start in enumerate(range(0, k, size)):
            bank = tile_index % 2
            padded = np.zeros((size, size), np.int8)
            part = w[start : start + size]
            padded[: part.shape[0], :n] = part
            accesses = array.weights(bank, padded)
            accesses.append(Access(OFFSET["TILE"], tile(0, bank, first=start == 0)))
            for activations in a[:, start : start + size]:
                accesses += array.step(activations)
            await array.bus.transfer(accesses)
        reads = [access for row in range(m) for access in array.row(row)[:n]]
        got = [response.data for response in await array.bus.transfer(reads)]
        sa.assert_same(got, sa.bits(numpy_twin.gemm(a, w)), f"GEMM {m}x{k}x{n}")


@cocotb.test
async def order_of_the_bus_is_kept_whatever_meets_whatever(dut: Any) -> None:
    """Random accesses, to few rows so that they collide, in bursts and with gaps."""
    array = await started(dut)
    rng, size = array.rng, array.size

    def draw() -> list[Access]:
        row = int(rng.integers(0, 3))
        bank = int(rng.integers(0, 2))
        column = int(rng.integers(0, size))
        accumulator = OFFSET["ACCUMULATORS"] + 4 * (row * size + column)
        kind = int(rng.integers(0, 10))
        if kind < 3:
            lanes = int(rng.integers(1, size + 1))
            return array.step(sa.draw_floats(rng, lanes))
        if kind < 5:
            return [Access(OFFSET["TILE"], tile(row, bank, bool(rng.integers(0, 4) == 0)))]
        if kind < 7:
            word = 4 * int(rng.integers(0, size**2 // 4))
            data, enable = int(rng.integers(0, 2**32)), int(rng.integers(0, 16))
            return [Access(OFFSET[f"WEIGHTS{bank}"] + word, data, enable)]
        if kind < 8:
            return [Access(accumulator, sa.bits(sa.draw_floats(rng, 1))[0])]
        return [Access(accumulator)]

    waited = 0
    for _ in range(60):
        accesses = [access for _ in range(20) for access in draw()]
        if rng.integers(0, 2):
            accesses = [
                Access(a.address, a.data, a.enable, idle=int(rng.integers(0, 4))) for a in accesses
            ]
        waited += sum(await array.both(accesses))
    for row in range(3):
        await array.both(array.row(row))
    assert waited > 100, f"hazards made the bus wait for {waited} cycles only"


@cocotb.test
async def steps_that_are_launched_back_to_back_add_up_in_order(dut: Any) -> None:
    """Every launch to the same row, one store each: the tightest chain of hazards that there is."""
    array = await started(dut)
    weights = sa.draw_weights(array.rng, array.size, array.size)
    await array.both(array.weights(0, weights))
    accesses = []
    for i in range(10):
        accesses.append(Access(OFFSET["TILE"], tile(1, first=i == 0)))
        accesses.append(Access(OFFSET["LAUNCH"], sa.bits(sa.draw_floats(array.rng, 1, wild=0))[0]))
    await array.both([*accesses, *array.row(1)])


@cocotb.test
async def weight_that_follows_a_launch_does_not_reach_its_step(dut: Any) -> None:
    array = await started(dut)
    for bank in (0, 1):
        old, new = (sa.draw_weights(array.rng, array.size, array.size) for _ in range(2))
        activations = sa.draw_floats(array.rng, array.size, wild=0)
        await array.both(
            [
                *array.weights(bank, old),
                Access(OFFSET["TILE"], tile(2, bank, first=True)),
                *array.step(activations),
                *array.weights(bank, new),
                *array.row(2),
                *array.step(activations),
                *array.row(3),
            ]
        )


@cocotb.test
async def partial_sum_written_after_a_launch_stays(dut: Any) -> None:
    array = await started(dut)
    words_of_row = [access.address for access in array.row(0)]
    await array.both(
        [
            Access(OFFSET["TILE"], tile(0, first=True)),
            *array.step(sa.draw_floats(array.rng, array.size)),
            *(Access(address, 0x4000_0000 + i) for i, address in enumerate(words_of_row)),
            *array.row(0),
            Access(OFFSET["TILE"], tile(0)),
            *array.step(sa.draw_floats(array.rng, array.size)),
            *array.row(0),
        ]
    )


@cocotb.test
async def staged_lane_keeps_its_value_until_it_is_staged_again(dut: Any) -> None:
    array = await started(dut)
    weights = sa.draw_weights(array.rng, array.size, array.size)
    activations = sa.draw_floats(array.rng, array.size, wild=0)
    last = Access(OFFSET["LAUNCH"] + 4 * (array.size - 1), sa.bits(activations)[-1])
    await array.both(
        [
            *array.weights(0, weights),
            Access(OFFSET["TILE"], tile(0, first=True)),
            *array.step(activations),
            last,
            *array.row(1),
        ]
    )


@cocotb.test
async def each_byte_of_a_weight_word_has_its_enable(dut: Any) -> None:
    array = await started(dut)
    activations = sa.floats([0x3F80_0000] * array.size)
    await array.both([Access(OFFSET["TILE"], tile(0, first=True))])
    for enable in range(16):
        word = 4 * int(array.rng.integers(0, array.size**2 // 4))
        data = int(array.rng.integers(0, 2**32))
        await array.both([Access(OFFSET["WEIGHTS0"] + word, data, enable)])
        await array.both([Access(OFFSET["TILE"], tile(0, first=True)), *array.step(activations)])
        await array.both(array.row(0))


@cocotb.test
async def unused_lane_may_hold_infinity(dut: Any) -> None:
    """What is staged beyond the launching lane must not be multiplied: inf * 0 is NaN."""
    array = await started(dut)
    stale = [0x7F80_0000] * array.size
    await array.both(
        [
            *words(OFFSET["STAGE"], stale),
            Access(OFFSET["TILE"], tile(0, first=True)),
            Access(OFFSET["LAUNCH"], 0x3F80_0000),
            *array.row(0),
        ]
    )
    assert array.model.accumulators[0].tolist() == [0] * array.size


@cocotb.test
async def refused_access_sets_its_error_and_changes_nothing_else(dut: Any) -> None:
    array = await started(dut)
    refused = [
        (Access(0x0120), ERR_ADDRESS),
        (Access(0x0FFC, 1), ERR_ADDRESS),
        (Access(OFFSET["STAGE"] + 4 * array.size, 1), ERR_ADDRESS),
        (Access(OFFSET["WEIGHTS0"] + array.size**2, 1), ERR_ADDRESS),
        (Access(OFFSET["ID"], 1), ERR_ACCESS),
        (Access(OFFSET["STEPS"], 1), ERR_ACCESS),
        (Access(OFFSET["STREAM_GEOMETRY"], 1), ERR_ACCESS),
        (Access(OFFSET["BUS_ERROR_ADDRESS"], 1), ERR_ACCESS),
        (Access(OFFSET["CYCLES"], 1), ERR_ACCESS),
        (Access(OFFSET["WORDS_WRITTEN"], 1), ERR_ACCESS),
        (Access(OFFSET["JOB"], 0x100, 0b0111), ERR_ACCESS),
        (Access(OFFSET["IRQ_ENABLE"], 1, 0b0001), ERR_ACCESS),
        (Access(OFFSET["CTRL"]), ERR_ACCESS),
        (Access(OFFSET["WEIGHTS1"]), ERR_ACCESS),
        (Access(OFFSET["STAGE"]), ERR_ACCESS),
        (Access(OFFSET["LAUNCH"]), ERR_ACCESS),
        (Access(OFFSET["TILE"], tile(1, 1, True), 0b0011), ERR_ACCESS),
        (Access(OFFSET["STAGE"], 0x3F80_0000, 0b0111), ERR_ACCESS),
        (Access(OFFSET["LAUNCH"], 0x3F80_0000, 0b1110), ERR_ACCESS),
        (Access(OFFSET["ACCUMULATORS"], 0x3F80_0000, 0b1000), ERR_ACCESS),
        (Access(OFFSET["CTRL"], ABORT, 0b0001), ERR_ACCESS),
    ]
    weights = sa.draw_weights(array.rng, array.size, array.size)
    await array.both(array.weights(0, weights))
    await array.both(array.weights(1, weights))
    for access, error in refused:
        await array.both([Access(OFFSET["TILE"], tile(2, first=True)), access])
        assert array.model.errors == error, access
        await array.both(
            [
                *(Access(OFFSET[name]) for name in ("STATUS", "ERROR_ADDRESS", "TILE", "STEPS")),
                *array.row(0),
                Access(OFFSET["STATUS"], error),
                Access(OFFSET["STATUS"]),
                # A step shows what the weights and the staged lanes hold.
                Access(OFFSET["LAUNCH"] + 4 * (array.size - 1), 0x3F80_0000),
                *array.row(2),
            ]
        )


@cocotb.test
async def launch_to_a_row_that_is_not_there_is_refused(dut: Any) -> None:
    array = await started(dut)
    launch = Access(OFFSET["LAUNCH"], 0x3F80_0000)
    for row in (array.rows, array.rows * 2, 0xFFFF):
        await array.both([Access(OFFSET["TILE"], tile(row, first=True)), launch])
        assert array.model.errors == ERR_ROW
        await array.both([Access(OFFSET[name]) for name in ("STATUS", "TILE", "STEPS")])
        await array.both([*array.row(0), Access(OFFSET["STATUS"], ERR_ROW)])
    # The last row is there; the launch after it is not.
    await array.both([Access(OFFSET["TILE"], tile(array.rows - 1, first=True)), launch])
    assert array.model.errors == 0
    await array.both([launch, *array.row(array.rows - 1), Access(OFFSET["STATUS"])])
    assert array.model.errors == ERR_ROW


@cocotb.test
async def errors_stay_until_a_one_is_written_and_the_first_address_is_kept(dut: Any) -> None:
    array = await started(dut)
    status, address = Access(OFFSET["STATUS"]), Access(OFFSET["ERROR_ADDRESS"])
    await array.both([Access(0x0140), Access(0x0144), Access(OFFSET["ID"], 1), status, address])
    assert array.model.error_address == 0x0140
    await array.both([Access(OFFSET["STATUS"], ERR_ADDRESS), status, address])
    assert array.model.errors == ERR_ACCESS
    await array.both([Access(0x0148), status, address])
    assert array.model.error_address == 0x0140
    await array.both([Access(OFFSET["STATUS"], ERRORS), status, Access(0x014C), status, address])
    assert array.model.error_address == 0x014C


@cocotb.test
async def bus_takes_one_access_a_cycle_where_nothing_is_in_the_way(dut: Any) -> None:
    array = await started(dut)
    every_lane = [0x3F80_0000 + i for i in range(array.size)]
    bursts = {
        "registers": [Access(OFFSET[name]) for name in ("ID", "TILE", "STATUS", "STEPS")] * 4,
        "weights": array.weights(0, sa.draw_weights(array.rng, array.size, array.size)),
        "steps": [
            Access(OFFSET["TILE"], tile(0, first=True)),
            *[access for _ in range(3) for access in array.step(sa.floats(every_lane))],
        ],
        "launches": [
            Access(OFFSET["TILE"], tile(0, 1, first=True)),
            *[Access(OFFSET["LAUNCH"], 0x3F80_0000) for _ in range(4)],
        ],
        "sums in": words(OFFSET["ACCUMULATORS"], every_lane * 2),
        "sums out": [*array.row(0), *array.row(1)],
    }
    for name, accesses in bursts.items():
        waited = await array.both(accesses)
        assert not any(waited), f"{name}: waited {waited}"
        await array.bus.wait(array.latency + 2)


@cocotb.test
async def result_is_read_three_sizes_and_two_cycles_after_its_launch(dut: Any) -> None:
    """The cycle table of sa_subordinate."""
    array = await started(dut)
    await array.both([Access(OFFSET["TILE"], tile(0, first=True))])
    launch, read = await array.bus.transfer([Access(OFFSET["LAUNCH"], 0), array.row(0)[0]])
    assert read.granted - launch.granted == 3 * array.size + 2


@cocotb.test
async def busy_is_read_from_the_launch_until_the_result_is_there(dut: Any) -> None:
    array = await started(dut)
    await array.both([Access(OFFSET["TILE"], tile(0, first=True))])
    status = [Access(OFFSET["STATUS"])] * (array.latency + 4)
    responses = await array.bus.transfer([Access(OFFSET["LAUNCH"], 0), *status])
    got = [response.data for response in responses[1:]]
    assert got == [BUSY] * (array.latency + 1) + [0] * 3, got


@cocotb.test
async def abort_drops_all_steps_whose_sums_are_not_yet_written(dut: Any) -> None:
    """At every distance from the launch, for two steps at once; what was written before stays."""
    array = await started(dut)
    weights = sa.draw_weights(array.rng, array.size, array.size)
    await array.both(array.weights(0, weights))
    for distance in range(1, array.latency + 6):
        before = [0x4040_0000 + i for i in range(2 * array.size)]
        await array.both(words(OFFSET["ACCUMULATORS"], before))
        await array.both([Access(OFFSET["TILE"], tile(0, first=True))])
        first, second, abort = await array.bus.transfer(
            [
                Access(OFFSET["LAUNCH"], 0x3F80_0000),
                Access(OFFSET["LAUNCH"], 0x4000_0000),
                Access(OFFSET["CTRL"], ABORT, idle=distance - 1),
            ]
        )
        for row, launch, activation in ((0, first, 1.0), (1, second, 2.0)):
            if abort.granted > launch.granted + 1 + array.latency:
                lane = np.full(array.size, activation, np.float32)
                zero = np.zeros(array.size, np.float32)
                array.model.accumulators[row] = sa.step(zero, lane, weights, [0])
        array.model.abort()
        state = [Access(OFFSET[name]) for name in ("TILE", "STEPS", "STATUS")]
        rows = [*array.row(0), *array.row(1)]
        waited = await array.both([*rows, *state])
        assert not any(waited), f"{distance} cycles after the launch: waited {waited}"
        await array.bus.wait(array.latency)
        await array.both(rows)


@cocotb.test
async def abort_drops_a_step_that_waits_for_its_row(dut: Any) -> None:
    array = await started(dut)
    await array.both(array.weights(0, np.ones((array.size, array.size), np.int8)))
    start = Access(OFFSET["TILE"], tile(0, first=True))
    launch = Access(OFFSET["LAUNCH"], 0x4000_0000)
    await array.bus.transfer([start, launch, start, launch, Access(OFFSET["CTRL"], ABORT)])
    array.model.abort()
    await array.bus.wait(2 * array.latency)
    await array.both([Access(OFFSET["STATUS"]), *array.row(0)])


@cocotb.test
async def steps_after_an_abort_are_not_touched_by_those_before(dut: Any) -> None:
    array = await started(dut)
    weights = sa.draw_weights(array.rng, array.size, array.size)
    await array.both(array.weights(0, weights))
    for distance in range(array.latency):
        lanes = sa.draw_floats(array.rng, array.size, wild=0)
        await array.bus.transfer(
            [
                Access(OFFSET["TILE"], tile(0, first=True)),
                *array.step(sa.draw_floats(array.rng, array.size)),
                Access(OFFSET["CTRL"], ABORT, idle=distance),
            ]
        )
        array.model.abort()
        start = Access(OFFSET["TILE"], tile(0, first=True))
        await array.both([start, *array.step(lanes), *array.row(0), Access(OFFSET["STEPS"])])


@cocotb.test
async def abort_clears_what_is_staged(dut: Any) -> None:
    array = await started(dut)
    weights = np.ones((array.size, array.size), np.int8)
    await array.both(
        [
            *array.weights(0, weights),
            *words(OFFSET["STAGE"], [0x3F80_0000] * array.size),
            Access(0x0140),
            Access(OFFSET["CTRL"], ABORT),
            Access(OFFSET["STATUS"]),
            Access(OFFSET["TILE"], tile(0, first=True)),
            Access(OFFSET["LAUNCH"] + 4 * (array.size - 1), 0x3F80_0000),
            *array.row(0),
        ]
    )
    assert array.model.accumulators[0].tolist() == [1] * array.size


@cocotb.test
async def ctrl_without_abort_does_nothing(dut: Any) -> None:
    array = await started(dut)
    value = tile(1, 1, True)
    await array.both(
        [
            Access(OFFSET["TILE"], value),
            Access(OFFSET["CTRL"], ~ABORT & 0xFFFF_FFFF),
            Access(OFFSET["TILE"]),
        ]
    )


@cocotb.test
async def weight_stored_before_an_abort_is_kept(dut: Any) -> None:
    """The store was answered; that it still waits for a step is not the bus's business."""
    array = await started(dut)
    await array.both([Access(OFFSET["TILE"], tile(0, first=True))])
    await array.bus.transfer(
        [
            Access(OFFSET["LAUNCH"], 0x3F80_0000),
            Access(OFFSET["WEIGHTS0"], 0x0403_0201),
            Access(OFFSET["CTRL"], ABORT),
        ]
    )
    array.model.access(OFFSET["WEIGHTS0"], 0x0403_0201, ALL_BYTES)
    array.model.abort()
    start = Access(OFFSET["TILE"], tile(0, first=True))
    await array.both([start, Access(OFFSET["LAUNCH"], 0x3F80_0000), *array.row(0)])
    assert array.model.accumulators[0, :4].tolist() == [1, 2, 3, 4]
