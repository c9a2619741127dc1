"""cocotb tests of systolic_array in `stream` mode; test_jobs.py runs them.

What a job does to memory, verif/harness/job_model.py computes from the contract.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge

from golden import numpy_twin
from heepstor.job import Job, Restart, encode
from heepstor.plan import job_cycles
from heepstor.registers import DESCRIPTOR, SYSTOLIC_ARRAY
from verif.harness.job_model import Addresses, Hardware, JobError, Outcome, execute
from verif.rtl import bench, sa
from verif.rtl.systolic_array.cocotb_cycles import hardware
from verif.rtl.systolic_array.memory import Memory
from verif.rtl.systolic_array.model import OFFSET, tile
from verif.rtl.systolic_array.obi import Access, Manager, words

_BIT = {
    field.name: 1 << field.lsb
    for register in SYSTOLIC_ARRAY.registers
    if register.name == "STATUS"
    for field in register.fields
}
_ABORT = 1
_WORDS = 1 << 13
_DESCRIPTOR_WORDS = 32
"""A descriptor and what must not be touched behind it."""
_ERRORS = ("ERR_DESCRIPTOR", "ERR_WINDOW", "ERR_BUS")


def conv(
    size: int,
    height: int,
    width: int,
    channels: int,
    columns: int,
    *,
    kernel: int = 1,
    stride: int = 1,
    padding: int = 0,
    pool: int = 1,
    **changes: Any,
) -> Job:
    """A convolution over a map, all its windows in chunks of one; a GEMM of 1 x 1 pixels."""
    row = width * channels
    windows = [(side + 2 * padding - kernel) // stride + 1 for side in (height, width)]
    rows, window_columns = (side // pool for side in windows)
    joined = kernel * channels
    job = Job(
        map_words=height * row,
        row_words=row,
        row_start=-padding * row,
        column_start=-padding * channels,
        row_step=stride * row,
        column_step=stride * channels,
        band_step=row,
        run_step=channels,
        run=joined,
        bands=kernel,
        runs=1,
        windows=rows * window_columns,
        window_columns=window_columns,
        chunk=1,
        pool_columns=pool,
        pool_rows=pool,
        tile_group=1,
        columns=columns,
        tile_columns=min(size, columns),
        output_step=columns,
        weight_words=-(-kernel * joined * columns // 4),
        segment_words=height * row,
        relu=True,
        restart=Restart.NEVER,
    )
    return replace(job, **changes)


class Bench:
    """The array, the CPU's port, and a memory in which chains of jobs are laid out."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.size = int(dut.Size.value)
        self.half = int(dut.AccumulatorRows.value) // 2
        self.hardware = Hardware(
            self.size, int(dut.ActivationWords.value), int(dut.WeightRows.value)
        )
        self.rng = sa.generator()
        self.bus = Manager(dut)
        self.memory = Memory(dut, _WORDS)
        self._free = 0

    async def start(self) -> None:
        """Clock and reset; memory is full of what no job computes."""
        dut = self.dut
        for name in ("gnt", "rvalid", "err", "rdata"):
            getattr(dut, f"obi_mgr_{name}_i").value = 0
        await bench.start(dut)
        cocotb.start_soon(self.memory.serve())
        self.clear()

    def clear(self) -> None:
        """Forget all jobs."""
        self.memory.words[:] = self.rng.integers(0, 1 << 32, _WORDS, np.uint32)
        self._free = 16

    def take(self, count: int) -> int:
        """Address of so many words of memory, and one between them and the next ones."""
        address, self._free = 4 * self._free, self._free + count + 1
        assert self._free <= _WORDS, "the jobs of a test are too large"
        return address

    def store(self, address: int, values: np.ndarray[Any, Any]) -> None:
        """Copy floats or words into memory."""
        data = np.ascontiguousarray(values).view(np.uint32).reshape(-1)
        self.memory.words[address // 4 : address // 4 + len(data)] = data

    def data(self, job: Job, wild: float = 0.001) -> Addresses:
        """Room for a job's operands and results; operands are drawn."""
        at = Addresses(
            self.take(job.map_words),
            self.take(job.weight_words + 2 * job.columns),
            self.take(job.windows * job.output_step),
        )
        self.store(at.input, sa.draw_floats(self.rng, job.map_words, wild=wild))
        self.store(at.weights, sa.draw_weights(self.rng, 4 * job.weight_words))
        self.store(
            at.weights + 4 * job.weight_words, sa.draw_floats(self.rng, 2 * job.columns, wild=wild)
        )
        return at

    def lay_out(self, jobs: Sequence[tuple[Job, Addresses]]) -> list[int]:
        """Store a chain of descriptors; returns their addresses."""
        places = [self.take(_DESCRIPTOR_WORDS) for _ in jobs]
        for (job, at), place, following in zip(jobs, places, [*places[1:], 0], strict=True):
            self.store(
                place,
                np.array(encode(job, at.input, at.weights, at.output, following), np.uint32),
            )
        return places

    def after(self, jobs: Sequence[tuple[Job, Addresses]]) -> tuple[list[int], list[Outcome]]:
        """Memory after a chain, by the model; what each of its jobs does."""
        expected, outcomes = self.memory.words.copy(), []
        for job, at in jobs:
            outcome = execute(job, at, expected, self.hardware)
            for address, word in outcome.written.items():
                expected[address // 4] = word
            outcomes.append(outcome)
        return expected.tolist(), outcomes

    def written_before_an_error(self, job: Job, at: Addresses) -> dict[int, int]:
        """What a job may write, by the model, which must refuse it."""
        try:
            execute(job, at, self.memory.words, self.hardware)
        except JobError as error:
            return error.outcome.written
        raise AssertionError(f"the model has no objection to {job}")

    async def status(self) -> int:
        """STATUS, without BUSY."""
        return await self.bus.read(OFFSET["STATUS"]) & ~_BIT["BUSY"]

    async def run(self, place: int, limit: int = 20_000) -> int:
        """Run the chain at an address to its end; returns STATUS after it, and clears it."""
        await self.bus.write(OFFSET["JOB"], place)
        return await self.ended(limit)

    async def ended(self, limit: int = 20_000) -> int:
        """To the end of the chain; returns STATUS after it, and clears it."""
        status = _BIT["JOB"]
        for _ in range(0, limit, 10):
            status = await self.status()
            if not status & _BIT["JOB"]:
                break
            await self.bus.wait(10)
        else:
            raise AssertionError(f"the chain has not ended after {limit} cycles")
        await self.bus.write(OFFSET["STATUS"], status)
        return status

    async def check(self, *jobs: Job) -> list[Outcome]:
        """A chain does to memory what the model says, and ends without an error."""
        self.clear()
        placed = [(job, self.data(job)) for job in jobs]
        places = self.lay_out(placed)
        expected, outcomes = self.after(placed)
        status = await self.run(places[0])
        assert status == _BIT["DONE"], f"STATUS is {status:#x} after {jobs}"
        sa.assert_same(self.memory.words.tolist(), expected, f"memory after {jobs}")
        return outcomes

    async def counters(self) -> dict[str, int]:
        """All counters."""
        return {name: await self.bus.read(OFFSET[name]) for name in (*_KINDS, *_OTHERS)}


_KINDS = ("COMPUTE", "WAIT_WEIGHTS", "WAIT_ACTIVATIONS", "WAIT_WRITE_BACK", "FILL_DRAIN")
_OTHERS = ("CYCLES", "WORDS_READ", "WORDS_WRITTEN")


async def started(dut: Any) -> Bench:
    """The array after reset."""
    array = Bench(dut)
    await array.start()
    return array


@cocotb.test
async def gemm_has_the_bits_of_the_golden_model(dut: Any) -> None:
    array = await started(dut)
    size = array.size
    for m, k, n in [(1, 1, 1), (1, 2 * size + 1, 3), (5, size, size), (3, size + 2, 2 * size + 1)]:
        array.clear()
        job = conv(size, m, 1, k, n, chunk=min(m, array.half), relu=False)
        at = array.data(job)
        a, w = sa.draw_floats(array.rng, m, k), sa.draw_weights(array.rng, k, n)
        scale, bias = sa.draw_floats(array.rng, n), sa.draw_floats(array.rng, n)
        # By n tile, k tile, row, column.
        codes = [
            w[i : i + size, j : j + size].reshape(-1)
            for j in range(0, n, size)
            for i in range(0, k, size)
        ]
        packed = np.zeros(4 * job.weight_words, np.int8)
        packed[: k * n] = np.concatenate(codes)
        array.store(at.input, a)
        array.store(at.weights, packed)
        array.store(at.weights + 4 * job.weight_words, np.concatenate([scale, bias]))
        [place] = array.lay_out([(job, at)])
        assert await array.run(place) == _BIT["DONE"]
        expected = numpy_twin.scale_bias(numpy_twin.gemm(a, w), scale, bias)
        got = array.memory.words[at.output // 4 :][: m * n]
        sa.assert_same(got.tolist(), sa.bits(expected), f"{m} x {k} x {n}")


@cocotb.test
async def convolution_does_to_memory_what_the_contract_says(dut: Any) -> None:
    array = await started(dut)
    size, half = array.size, array.half
    for job in (
        conv(size, 5, 5, 2, 3, kernel=3, padding=1, chunk=half),
        conv(size, 7, 6, 1, size + 1, kernel=3, stride=2, padding=1, chunk=min(half, 3)),
        conv(size, 6, 6, 3, 2 * size, kernel=3, padding=2, tile_group=2, chunk=half // 2),
        conv(size, 4, 4, size + 1, 5, kernel=2, restart=Restart.BAND, chunk=half),
        conv(size, 4, 4, size + 1, 5, kernel=2, restart=Restart.TILE, chunk=half),
        conv(size, 4, 5, 2, 3, kernel=2, chunk=half, run=2, runs=2),
        conv(size, 4, 4, 2, 4, chunk=half, output_step=7),
    ):
        await array.check(job)


@cocotb.test
async def pooled_window_is_the_largest_of_its_positions(dut: Any) -> None:
    array = await started(dut)
    size, half = array.size, array.half
    pool = 2 if half >= 4 else 1
    for relu in (False, True):
        await array.check(
            conv(size, 6, 6, 2, 3, kernel=3, padding=1, pool=pool, relu=relu, chunk=half // pool**2)
        )


@cocotb.test
async def weights_are_read_for_each_chunk_only_if_they_do_not_fit_the_buffer(dut: Any) -> None:
    array = await started(dut)
    for (more, passes), is_slow in product([(0, 1), (1, 3)], [True, False]):
        array.memory.is_slow, array.memory.reads = is_slow, 0
        job = conv(array.size, 3, 1, array.hardware.weight_rows + more, 2)
        [outcome] = await array.check(job)
        assert outcome.weight_passes == passes
        predicted = job_cycles.predict(job, hardware(dut))
        assert array.memory.reads == predicted.words_read + len(DESCRIPTOR)


@cocotb.test
async def window_that_fills_the_buffer_is_whole_up_to_its_last_step(dut: Any) -> None:
    """Words behind it wait until it moves on, however long: three n tiles read it again."""
    array = await started(dut)
    array.memory.is_slow = False
    chunk = min(array.half, 8)
    channels = array.hardware.activation_words // chunk
    await array.check(conv(array.size, 2 * chunk, 1, channels, 2 * array.size + 1, chunk=chunk))


@cocotb.test
async def chain_runs_job_after_job_on_the_results_of_the_one_before(dut: Any) -> None:
    array = await started(dut)
    size, half = array.size, array.half
    first = conv(size, 4, 4, 2, 3, kernel=3, padding=1, chunk=half)
    second = conv(size, 4, 4, 3, 2, kernel=2, chunk=half)
    third = conv(size, 1, 1, 18, 5)
    placed = [(job, array.data(job, wild=0)) for job in (first, second, third)]
    for i in (1, 2):
        placed[i] = placed[i][0], replace(placed[i][1], input=placed[i - 1][1].output)
    places = array.lay_out(placed)
    expected, outcomes = array.after(placed)
    assert await array.run(places[0]) == _BIT["DONE"]
    sa.assert_same(array.memory.words.tolist(), expected, "memory")
    assert await array.bus.read(OFFSET["JOB"]) == places[-1]
    counters = await array.counters()
    assert counters["COMPUTE"] == sum(outcome.steps for outcome in outcomes)
    assert counters["WORDS_WRITTEN"] == sum(len(outcome.written) for outcome in outcomes)


@cocotb.test
async def counters_add_up_and_words_are_those_that_memory_saw(dut: Any) -> None:
    array = await started(dut)
    job = conv(array.size, 5, 5, 3, 3, kernel=3, padding=1, chunk=min(array.half, 3))
    for is_slow in (True, False):
        array.memory.is_slow = is_slow
        array.memory.reads = array.memory.writes = 0
        [outcome] = await array.check(job)
        counters = await array.counters()
        assert counters["CYCLES"] == sum(counters[name] for name in _KINDS), counters
        assert counters["COMPUTE"] == outcome.steps
        assert counters["WORDS_READ"] == array.memory.reads
        assert counters["WORDS_WRITTEN"] == array.memory.writes == len(outcome.written)
        cocotb.log.info("counters: %s", counters)


@cocotb.test
async def counters_are_those_of_the_cycle_model(dut: Any) -> None:
    """test_cycles.py has many jobs more; in this one each counter counts something."""
    array = await started(dut)
    array.memory.is_slow = False
    job = conv(array.size, 1, 1, 2 * array.size, 8 * array.size)
    await array.check(job)
    counted, predicted = await array.counters(), job_cycles.predict(job, hardware(dut))
    for name in (*_KINDS, "WORDS_WRITTEN"):
        assert counted[name] == getattr(predicted, name.lower()) > 0, name
    assert counted["WORDS_READ"] == predicted.words_read + len(DESCRIPTOR)


@cocotb.test
async def interrupt_tells_of_the_end_where_it_is_enabled(dut: Any) -> None:
    array = await started(dut)
    job = conv(array.size, 2, 1, 3, 2)
    placed = [(job, array.data(job))]
    [place] = array.lay_out(placed)
    for enabled in (0, 1):
        await array.bus.write(OFFSET["IRQ_ENABLE"], enabled)
        await array.bus.write(OFFSET["JOB"], place)
        was_raised = bool(dut.irq_o.value)  # looked at first: the job may end while STATUS is read
        while await array.status() & _BIT["JOB"]:
            assert not was_raised
            await array.bus.wait(5)
            was_raised = bool(dut.irq_o.value)
        assert int(dut.irq_o.value) == enabled
        await array.bus.write(OFFSET["STATUS"], _BIT["DONE"])
        await array.bus.wait(1)
        assert not dut.irq_o.value
        assert await array.status() == 0


@cocotb.test
async def job_that_ends_with_an_error_leaves_the_array_ready_for_the_next(dut: Any) -> None:
    array = await started(dut)
    size = array.size
    beyond = 4 * _WORDS
    good = conv(size, 3, 3, 2, 3, kernel=2, padding=1)
    words_needed = array.hardware.activation_words + 1
    wide = conv(size, 1, 1, words_needed, 1)
    cases: list[tuple[str, Job, dict[str, int], int | None]] = [
        ("ERR_DESCRIPTOR", replace(good, tile_columns=size + 1), {}, None),
        ("ERR_DESCRIPTOR", conv(size, 1, 1, 4 * size, 4, weight_words=2), {}, None),
        ("ERR_WINDOW", wide, {}, None),
        ("ERR_WINDOW", replace(good, segment_words=1), {}, None),
        ("ERR_BUS", good, {"input": beyond}, beyond),
        ("ERR_BUS", good, {"weights": beyond + 8}, beyond + 8),
        ("ERR_BUS", good, {"output": beyond + 16}, beyond + 16),
    ]
    for error, job, addresses, address in cases:
        array.clear()
        placed = [(good, array.data(good)), (job, replace(array.data(job), **addresses))]
        places = array.lay_out(placed)
        expected, _ = array.after(placed[:1])
        status = await array.run(places[0])
        assert status == _BIT["DONE"] | _BIT[error], f"{error}: STATUS is {status:#x}"
        assert await array.bus.read(OFFSET["JOB"]) == places[1], error
        if address is not None:
            got = await array.bus.read(OFFSET["BUS_ERROR_ADDRESS"])
            # That of the lowest port, if several are answered at once.
            expected_error = min(array.memory.errors)[2]
            assert got == expected_error >= address, f"{error}: {got:#x}, {expected_error:#x}"
        array.memory.errors.clear()
        start = placed[0][1].output // 4
        stop = start + good.windows * good.output_step
        sa.assert_same(
            array.memory.words[start:stop].tolist(), expected[start:stop], "the job before"
        )
        await array.check(good)


@cocotb.test
async def what_is_written_before_an_error_is_final(dut: Any) -> None:
    """One k tile, and a position in each row of a map that the buffer cannot hold as a whole."""
    array = await started(dut)
    size, half = array.size, array.half
    width = -(-array.hardware.activation_words // (size * (half - 1)))
    job = conv(size, half, width, size, size + 1, windows=half, window_columns=1, chunk=half)
    for is_slow in (True, False):
        array.memory.is_slow = is_slow
        array.clear()
        at = array.data(job)
        [place] = array.lay_out([(job, at)])
        before = array.memory.words.tolist()
        written = array.written_before_an_error(job, at)
        assert await array.run(place) == _BIT["DONE"] | _BIT["ERR_WINDOW"]
        after = enumerate(zip(before, array.memory.words.tolist(), strict=True))
        changed = {4 * word: now for word, (then, now) in after if then != now}
        assert changed.items() <= written.items(), f"{changed}, of {written}"
        cocotb.log.info("%d of %d final results were written", len(changed), len(written))


async def _error_with_answers_owed(array: Bench) -> None:
    """A job has met a bus error, and its ports await more answers, which do not come yet."""
    array.memory.is_slow = False
    job = conv(array.size, 3, 3, 2, 3, kernel=2, padding=1)
    [place] = array.lay_out([(job, replace(array.data(job), weights=4 * _WORDS))])
    await array.bus.write(OFFSET["JOB"], place)
    while array.memory.reads <= len(DESCRIPTOR):
        await array.bus.wait(1)
    array.memory.answers = 0
    await array.bus.wait(20)
    array.memory.answers = 1
    await array.bus.wait(20)
    assert array.memory.errors, "there was no error"


@cocotb.test
async def error_is_told_when_all_answers_have_come(dut: Any) -> None:
    array = await started(dut)
    await _error_with_answers_owed(array)
    assert await array.status() == _BIT["JOB"]
    array.memory.answers = None
    assert await array.ended() == _BIT["DONE"] | _BIT["ERR_BUS"]


@cocotb.test
async def who_aborts_hears_of_no_error(dut: Any) -> None:
    array = await started(dut)
    await _error_with_answers_owed(array)
    await array.bus.write(OFFSET["CTRL"], _ABORT)
    assert await array.status() == _BIT["JOB"]
    array.memory.answers = None
    assert await array.ended() == 0
    await array.check(conv(array.size, 3, 3, 2, 3, kernel=2, padding=1))


@cocotb.test
async def reset_ends_a_job_and_leaves_every_register_at_its_first_value(dut: Any) -> None:
    array = await started(dut)
    await array.run(4 * _WORDS)
    for delay in (5, 60, 200):
        array.clear()
        job = conv(array.size, 6, 6, 3, 3, kernel=3, padding=1, chunk=array.half)
        [place] = array.lay_out([(job, array.data(job))])
        await array.bus.write(OFFSET["IRQ_ENABLE"], 1)
        await array.bus.write(OFFSET["JOB"], place)
        await array.bus.wait(delay)
        dut.rst_ni.value = 0
        await array.bus.wait(1)
        array.memory.forget()
        dut.rst_ni.value = 1
        await array.bus.wait(1)
        for name in ("STATUS", "JOB", "IRQ_ENABLE", "BUS_ERROR_ADDRESS", *_KINDS, *_OTHERS):
            assert await array.bus.read(OFFSET[name]) == 0, f"{name}, reset after {delay} cycles"
        assert not dut.irq_o.value
        await array.check(conv(array.size, 3, 3, 2, 3, kernel=2, padding=1))


@cocotb.test
async def chain_at_an_address_that_memory_refuses_ends_with_a_bus_error(dut: Any) -> None:
    array = await started(dut)
    assert await array.run(4 * _WORDS) == _BIT["DONE"] | _BIT["ERR_BUS"]
    assert await array.bus.read(OFFSET["JOB"]) == 4 * _WORDS
    assert await array.bus.read(OFFSET["BUS_ERROR_ADDRESS"]) == 4 * _WORDS
    assert dut.irq_o.value == 0
    assert await array.run(0x42) == _BIT["DONE"] | _BIT["ERR_DESCRIPTOR"]
    await array.check(conv(array.size, 2, 1, 3, 2))


@cocotb.test
async def abort_at_any_time_leaves_the_array_ready_for_the_next_job(dut: Any) -> None:
    array = await started(dut)
    job = conv(array.size, 4, 4, 3, 3, kernel=3, padding=1, chunk=min(array.half, 4))
    placed = [(job, array.data(job)), (job, array.data(job))]
    places = array.lay_out(placed)
    for delay in [0, 1, 2, *array.rng.integers(3, 800, 20).tolist()]:
        await array.bus.write(OFFSET["JOB"], places[0])
        await array.bus.wait(delay)
        await array.bus.write(OFFSET["CTRL"], _ABORT)
        assert await array.ended(1000) == 0, f"aborted after {delay} cycles"
        await array.check(conv(array.size, 3, 3, 2, 3, kernel=2, padding=1))
        array.clear()
        placed = [(job, array.data(job)), (job, array.data(job))]
        places = array.lay_out(placed)


@cocotb.test
async def abort_in_any_of_the_last_cycles_of_a_chain_leaves_no_sign_of_its_end(dut: Any) -> None:
    array = await started(dut)
    array.memory.is_slow = False
    job = conv(array.size, 2, 1, 3, 2)
    [place] = array.lay_out([(job, array.data(job))])
    await array.bus.write(OFFSET["JOB"], place)
    cycles = 2
    await array.bus.wait(cycles)
    while dut.job_running.value:
        await array.bus.wait(1)
        cycles += 1
    await array.bus.write(OFFSET["STATUS"], _BIT["DONE"])
    for delay in range(cycles - 10, cycles + 3):
        await array.bus.write(OFFSET["JOB"], place)
        await array.bus.wait(delay)
        await array.bus.write(OFFSET["CTRL"], _ABORT)
        assert await array.ended(1000) == 0, f"aborted after {delay} of {cycles} cycles"
    await array.check(job)


@cocotb.test
async def access_to_what_a_job_uses_is_refused_while_it_runs(dut: Any) -> None:
    array = await started(dut)
    job = conv(array.size, 6, 6, 3, 3, kernel=3, padding=1, chunk=array.half)
    placed = [(job, array.data(job))]
    [place] = array.lay_out(placed)
    expected, _ = array.after(placed)
    refused = [
        *(Access(OFFSET[name], 0x55) for name in ("JOB", "TILE", "WEIGHTS0", "WEIGHTS1")),
        *(Access(OFFSET[name], 0x55) for name in ("STAGE", "LAUNCH", "ACCUMULATORS")),
        Access(OFFSET["ACCUMULATORS"]),
    ]
    await array.bus.write(OFFSET["JOB"], place)
    for access in refused:
        [response] = await array.bus.transfer([access])
        assert (response.data, response.waited) == (0, 0), access
        assert await array.status() == _BIT["JOB"] | _BIT["ERR_BUSY"], access
        assert await array.bus.read(OFFSET["ERROR_ADDRESS"]) == access.address
        assert dut.irq_o.value
        await array.bus.write(OFFSET["STATUS"], _BIT["ERR_BUSY"])
    assert await array.bus.read(OFFSET["TILE"]) == 0
    assert await array.bus.read(OFFSET["JOB"]) == place
    assert await array.ended() == _BIT["DONE"]
    sa.assert_same(array.memory.words.tolist(), expected, "memory")


@cocotb.test
async def step_launched_before_a_job_is_not_lost_to_it(dut: Any) -> None:
    """The chain is refused at once; the step's sums are there all the same."""
    array = await started(dut)
    activations = sa.draw_floats(array.rng, 1, wild=0)
    weights = sa.draw_weights(array.rng, array.size)
    await array.bus.transfer(
        [
            *words(OFFSET["WEIGHTS0"], np.ascontiguousarray(weights).view(np.uint32).tolist()),
            Access(OFFSET["TILE"], tile(0, first=True)),
            Access(OFFSET["LAUNCH"], sa.bits(activations)[0]),
            Access(OFFSET["JOB"], 2),
        ]
    )
    assert await array.ended() == _BIT["DONE"] | _BIT["ERR_DESCRIPTOR"]
    expected = numpy_twin.gemm(activations[np.newaxis], weights[np.newaxis])
    got = [await array.bus.read(OFFSET["ACCUMULATORS"] + 4 * n) for n in range(array.size)]
    sa.assert_same(got, sa.bits(expected), "sums")


@cocotb.test
async def abort_in_the_cycle_after_the_write_of_job_is_in_time(dut: Any) -> None:
    array = await started(dut)
    await array.bus.transfer([Access(OFFSET["JOB"], 0x40), Access(OFFSET["CTRL"], _ABORT)])
    assert await array.status() == 0
    await array.bus.wait(50)
    assert array.memory.reads == 0
    assert await array.status() == 0


@cocotb.test
async def array_is_busy_for_the_cpu_from_the_write_of_job_on(dut: Any) -> None:
    array = await started(dut)
    [_, tile_write, status] = await array.bus.transfer(
        [
            Access(OFFSET["JOB"], 0x42),
            Access(OFFSET["TILE"], 1),
            Access(OFFSET["STATUS"]),
        ]
    )
    assert tile_write.data == 0
    assert status.data & (_BIT["JOB"] | _BIT["ERR_BUSY"]) == _BIT["JOB"] | _BIT["ERR_BUSY"]
    assert await array.ended() == _BIT["DONE"] | _BIT["ERR_BUSY"] | _BIT["ERR_DESCRIPTOR"]


@cocotb.test
async def clock_of_the_jobs_stands_still_without_one(dut: Any) -> None:
    array = await started(dut)
    edges = 0

    async def count() -> None:
        nonlocal edges
        while True:
            await RisingEdge(dut.clk_stream)
            edges += 1

    counter = cocotb.start_soon(count())
    await array.bus.wait(50)
    assert edges == 0
    await array.check(conv(array.size, 2, 1, 3, 2))
    assert edges > 0
    edges = 0
    await array.bus.wait(50)
    assert edges == 0
    counter.cancel()
