"""The model that predicts the bus must agree with the golden model, and notice wrong answers."""

from __future__ import annotations

import numpy as np
import pytest

from golden import numpy_twin
from heepstor.registers import SYSTOLIC_ARRAY_ID
from verif.harness import seeds
from verif.uvm import stimulus
from verif.uvm.items import ALL_BYTES, ArrayState, BusTransaction
from verif.uvm.memory import WORD
from verif.uvm.model import Access, ArrayModel, accumulate, encode, offset_of, to_bits

SIZE, ROWS = 4, 4


class Bus:
    """Feeds a model with transactions a hundred cycles apart."""

    def __init__(self) -> None:
        self.model = ArrayModel(SIZE, ROWS, config_hash=0x1234)
        self._cycle = 0
        self.job_runs = False

    def write(self, offset: int, data: int, byte_enable: int = ALL_BYTES, irq: bool = False) -> str:
        return self._access(True, offset, data, byte_enable, irq)

    def read(self, offset: int, answer: int, irq: bool = False) -> str:
        return self._access(False, offset, answer, ALL_BYTES, irq)

    def _access(self, write: bool, offset: int, data: int, byte_enable: int, irq: bool) -> str:
        self._cycle += 100
        at = self._cycle
        runs = ArrayState.JOB if self.job_runs else 0
        state = ArrayState.IRQ if irq else 0
        transaction = BusTransaction(
            write, offset, byte_enable, data, at, at, at + 1, runs, runs | state
        )
        return self.model.check(transaction) or ""


@pytest.fixture
def bus() -> Bus:
    return Bus()


def test_steps_in_tiles_give_the_bits_of_the_golden_gemm() -> None:
    random = np.random.default_rng(seeds.derive("steps_in_tiles"))
    a = stimulus.activations(random, (40, 21), special=0.1)
    w = stimulus.weights(random, (21, 6), special=0.2)
    expected = numpy_twin.gemm(a, w).view(np.uint32)
    for m in range(len(a)):
        acc = np.zeros(w.shape[1], np.float32)
        for k in range(0, a.shape[1], SIZE):
            acc = accumulate(acc, a[m, k : k + SIZE], w[k : k + SIZE])
        np.testing.assert_array_equal(acc.view(np.uint32), expected[m])


def test_register_that_reads_wrong_is_reported_with_got_and_expected(bus: Bus) -> None:
    assert bus.read(offset_of("ID"), SYSTOLIC_ARRAY_ID) == ""
    fault = bus.read(offset_of("ID"), 1)
    assert "read of 0x0000 (ID)" in fault
    assert "got 0x00000001, expected 0x48535431" in fault


def test_step_of_two_lanes_adds_both_products_in_order(bus: Bus) -> None:
    bus.write(offset_of("WEIGHTS0"), 0x0000_0003)
    bus.write(offset_of("WEIGHTS0", SIZE), 0x0000_00FE)
    bus.write(offset_of("TILE"), encode("TILE", ROW=1, FIRST=1))
    bus.write(offset_of("STAGE"), to_bits(np.float32(2.5)))
    bus.write(offset_of("LAUNCH", WORD), to_bits(np.float32(1.0)))
    result = offset_of("ACCUMULATORS", WORD * SIZE)
    assert bus.read(result, to_bits(np.float32(5.5))) == ""
    assert "expected 0x40b00000" in bus.read(result, to_bits(np.float32(7.5)))
    assert bus.read(offset_of("TILE"), encode("TILE", ROW=2, FIRST=1)) == ""
    assert bus.read(offset_of("STEPS"), 1) == ""


def test_refused_access_sets_one_error_and_the_first_address(bus: Bus) -> None:
    assert bus.read(0x0FFC, 0, irq=True) == ""
    assert bus.write(offset_of("ID"), 0, irq=True) == ""
    errors = encode("STATUS", ERR_ADDRESS=1, ERR_ACCESS=1)
    assert bus.read(offset_of("STATUS"), errors, irq=True) == ""
    assert bus.read(offset_of("ERROR_ADDRESS"), 0x0FFC, irq=True) == ""
    assert bus.write(offset_of("STATUS"), errors) == ""
    assert bus.read(offset_of("STATUS"), 0) == ""


def test_interrupt_that_does_not_follow_the_errors_is_reported(bus: Bus) -> None:
    assert "irq False, expected True" in bus.read(0x0FFC, 0, irq=False)


def test_partial_word_reaches_weights_and_nothing_else(bus: Bus) -> None:
    assert bus.write(offset_of("WEIGHTS1"), 0xFFFF_FFFF, byte_enable=0b0001) == ""
    assert bus.write(offset_of("TILE"), 0xFFFF_FFFF, byte_enable=0b0001, irq=True) == ""
    assert bus.read(offset_of("TILE"), 0, irq=True) == ""


def test_word_read_once_after_reset_must_read_the_same_again(bus: Bus) -> None:
    assert bus.read(offset_of("ACCUMULATORS"), 0xDEAD_BEEF) == ""
    assert bus.read(offset_of("ACCUMULATORS"), 0xDEAD_BEEF) == ""
    assert "expected 0xdeadbeef" in bus.read(offset_of("ACCUMULATORS"), 0)


def test_abort_leaves_a_row_as_it_was_or_as_it_was_to_be(bus: Bus) -> None:
    for answer, is_allowed in ((5.0, True), (2.0, True), (7.0, False)):
        bus.write(offset_of("WEIGHTS0"), 0x0000_0001)
        bus.write(offset_of("ACCUMULATORS"), to_bits(np.float32(2.0)))
        bus.write(offset_of("TILE"), encode("TILE", FIRST=1))
        bus.write(offset_of("LAUNCH"), to_bits(np.float32(5.0)))
        bus.write(offset_of("CTRL"), encode("CTRL", ABORT=1))
        fault = bus.read(offset_of("ACCUMULATORS"), to_bits(np.float32(answer)))
        assert (fault == "") == is_allowed, fault


def test_second_abort_may_leave_what_was_there_before_the_first(bus: Bus) -> None:
    for answer, is_allowed in ((2.0, True), (5.0, True), (6.0, True), (7.0, False)):
        bus.write(offset_of("WEIGHTS0"), 0x0000_0001)
        bus.write(offset_of("ACCUMULATORS"), to_bits(np.float32(2.0)))
        for activation in (5.0, 6.0):
            bus.write(offset_of("TILE"), encode("TILE", FIRST=1))
            bus.write(offset_of("LAUNCH"), to_bits(np.float32(activation)))
            bus.write(offset_of("CTRL"), encode("CTRL", ABORT=1))
        fault = bus.read(offset_of("ACCUMULATORS"), to_bits(np.float32(answer)))
        assert (fault == "") == is_allowed, fault


def test_abort_of_a_step_to_a_row_never_written_leaves_anything(bus: Bus) -> None:
    bus.write(offset_of("WEIGHTS0"), 0x0000_0001)
    bus.write(offset_of("TILE"), encode("TILE", FIRST=1))
    bus.write(offset_of("LAUNCH"), to_bits(np.float32(5.0)))
    bus.write(offset_of("CTRL"), encode("CTRL", ABORT=1))
    assert bus.read(offset_of("ACCUMULATORS"), 0xDEAD_BEEF) == ""


@pytest.mark.parametrize("cleared_by", ["ABORT", "reset"])
def test_every_staged_lane_is_zero_again(bus: Bus, cleared_by: str) -> None:
    bus.write(offset_of("WEIGHTS0"), 0x0000_0003)
    bus.write(offset_of("WEIGHTS0", SIZE), 0x0000_0002)
    bus.write(offset_of("STAGE"), to_bits(np.float32(5.0)))
    if cleared_by == "ABORT":
        bus.write(offset_of("CTRL"), encode("CTRL", ABORT=1))
    else:
        bus.write(offset_of("WEIGHTS1"), 0)  # a reset may lose the last one
        bus.model.reset([])
    bus.write(offset_of("TILE"), encode("TILE", FIRST=1))
    bus.write(offset_of("LAUNCH", WORD), to_bits(np.float32(1.0)))
    assert "expected 0x40000000" in bus.read(offset_of("ACCUMULATORS"), to_bits(np.float32(17.0)))
    assert bus.read(offset_of("ACCUMULATORS"), to_bits(np.float32(2.0))) == ""


def test_reset_forgets_what_was_in_flight_and_the_last_writes(bus: Bus) -> None:
    bus.write(offset_of("ACCUMULATORS"), to_bits(np.float32(2.0)))
    bus.write(offset_of("TILE"), encode("TILE", ROW=2))
    bus.read(0x0FFC, 0, irq=True)
    lost = BusTransaction(True, offset_of("ACCUMULATORS"), ALL_BYTES, 0, 1, 1, 1)
    bus.model.reset([lost])
    assert bus.read(offset_of("TILE"), 0) == ""
    assert bus.read(offset_of("STATUS"), 0) == ""
    assert bus.read(offset_of("ERROR_ADDRESS"), 0) == ""
    assert bus.read(offset_of("ACCUMULATORS"), 0xDEAD_BEEF) == ""


def test_reset_keeps_the_sums_that_were_written_before(bus: Bus) -> None:
    bus.write(offset_of("ACCUMULATORS"), to_bits(np.float32(2.0)))
    bus.model.reset([])
    assert "expected 0x40000000" in bus.read(offset_of("ACCUMULATORS"), 0)


def test_access_to_what_a_job_has_is_refused_until_its_end(bus: Bus) -> None:
    assert bus.write(offset_of("JOB"), 0x400) == ""
    bus.job_runs = True
    assert bus.read(offset_of("ACCUMULATORS"), 0, irq=True) == ""
    assert bus.write(offset_of("TILE"), 1, irq=True) == ""
    status = encode("STATUS", JOB=1, ERR_BUSY=1)
    assert bus.read(offset_of("STATUS"), status, irq=True) == ""
    bus.write(offset_of("STATUS"), status)
    assert bus.read(offset_of("TILE"), 0) == ""
    bus.job_runs = False
    assert bus.write(offset_of("TILE"), 1) == ""
    assert bus.read(offset_of("TILE"), 1) == ""


def test_end_of_a_job_sets_done_and_an_error_that_stays_what_it_was(bus: Bus) -> None:
    bus.write(offset_of("JOB"), 0x400)
    assert "expected" in bus.read(offset_of("STATUS"), encode("STATUS", ERR_BUS=1), irq=True)
    status = encode("STATUS", DONE=1, ERR_BUS=1)
    assert bus.read(offset_of("STATUS"), status, irq=True) == ""
    assert "expected" in bus.read(offset_of("STATUS"), encode("STATUS", DONE=1), irq=True)


def test_done_raises_the_interrupt_where_it_is_enabled(bus: Bus) -> None:
    status = encode("STATUS", DONE=1)
    for enabled in (0, 1):
        bus.write(offset_of("IRQ_ENABLE"), enabled)
        bus.write(offset_of("JOB"), 0x400)
        assert bus.read(offset_of("STATUS"), status, irq=bool(enabled)) == ""
        assert "irq" in bus.read(offset_of("STATUS"), status, irq=not enabled)
        bus.write(offset_of("STATUS"), status)


def test_register_that_tells_of_a_job_reads_the_same_after_its_end(bus: Bus) -> None:
    bus.write(offset_of("JOB"), 0x400)
    bus.job_runs = True
    assert bus.read(offset_of("CYCLES"), 7) == ""
    bus.job_runs = False
    bus.read(offset_of("STATUS"), encode("STATUS", DONE=1))
    assert bus.read(offset_of("CYCLES"), 9) == ""
    assert "expected 0x00000009" in bus.read(offset_of("CYCLES"), 10)


def test_job_leaves_nothing_known_in_the_core_unless_it_is_refused_at_once(bus: Bus) -> None:
    for place, is_known in ((0x402, True), (0x400, False)):
        bus.write(offset_of("ACCUMULATORS"), 5)
        bus.write(offset_of("JOB"), place)
        bus.read(offset_of("STATUS"), encode("STATUS", DONE=1))
        assert bool(bus.read(offset_of("ACCUMULATORS"), 6)) == is_known


@pytest.mark.parametrize(
    ("offset", "write", "byte_enable", "name", "refusal"),
    [
        (0x0FFC, False, ALL_BYTES, "nothing", "no such address"),
        (offset_of("ID"), True, ALL_BYTES, "ID", "wrong direction"),
        (offset_of("STAGE"), True, 0b0001, "STAGE", "part of a word"),
        (offset_of("WEIGHTS1"), True, 0b0001, "WEIGHTS1", ""),
        (offset_of("LAUNCH"), True, ALL_BYTES, "LAUNCH", "no such row"),
    ],
)
def test_access_is_named_with_the_reason_of_its_refusal(
    bus: Bus, offset: int, write: bool, byte_enable: int, name: str, refusal: str
) -> None:
    bus.write(offset_of("TILE"), encode("TILE", ROW=ROWS))
    access = bus.model.classify(BusTransaction(write, offset, byte_enable, 0, 1, 1, 2))
    assert access == Access(name, refusal)
