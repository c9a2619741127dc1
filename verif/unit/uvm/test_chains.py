"""What a chain must do is followed from memory; a chain that did anything else must be noticed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from heepstor import config
from heepstor.registers import SYSTOLIC_ARRAY
from verif.harness import seeds
from verif.uvm.chains import Judge, Run, descriptor_of, predict
from verif.uvm.coverage import JOB_REFUSALS
from verif.uvm.items import BusTransaction, ChainItem
from verif.uvm.job_stimulus import Layout, matrix, spoilings
from verif.uvm.memory import WORD, Memory
from verif.uvm.model import OF_CHAINS, encode

SIZE = 4
HARDWARE = replace(
    config.load(),
    systolic_array_size=SIZE,
    systolic_array_accumulator_rows=8,
    systolic_array_activation_words=64,
    systolic_array_weight_rows=16,
)


class Ideal:
    """A chain of two products, and all that is seen of hardware that does it right."""

    def __init__(self) -> None:
        self.layout = Layout(Memory(500), np.random.default_rng(seeds.derive("chains")))
        job = matrix(SIZE, 3, 5, 2)
        self.jobs = [(job, self.layout.data(job)) for _ in range(2)]
        self.places = self.layout.chain(self.jobs)
        self.item = ChainItem(self.places[0])
        self.item.before = self.layout.memory.words.copy()
        self.runs = predict(self.places[0], self.item.before, HARDWARE)
        after = self.item.before.copy()
        self.traffic: list[BusTransaction] = []
        for run in self.runs:
            self.traffic += [_seen(a) for a in descriptor_of(run.place)]
            self.traffic += [_seen(a) for a in run.outcome.needed]
            self.traffic += [_seen(a, write=True) for a in run.outcome.written]
            for address, word in run.outcome.written.items():
                after[address // WORD] = word
        self.item.after = after
        steps = sum(run.outcome.steps for run in self.runs)
        writes = sum(seen.write for seen in self.traffic)
        self.item.status = encode("STATUS", DONE=1)
        self.item.registers = dict.fromkeys(OF_CHAINS, 0) | {
            "JOB": self.places[1],
            "CYCLES": steps + 9,
            "COMPUTE": steps,
            "FILL_DRAIN": 9,
            "WORDS_READ": len(self.traffic) - writes,
            "WORDS_WRITTEN": writes,
        }

    def faults(self) -> str:
        return "\n".join(Judge(self.item, self.runs, self.traffic).faults())


def _seen(address: int, *, write: bool = False) -> BusTransaction:
    return BusTransaction(write, address, 0xF, 0, 1, 1, 2)


@pytest.fixture
def ideal() -> Ideal:
    return Ideal()


def test_chain_that_did_all_that_it_must_has_no_faults(ideal: Ideal) -> None:
    assert ideal.faults() == ""
    assert [run.error for run in ideal.runs] == ["", ""]


def test_word_of_memory_that_differs_is_named(ideal: Ideal) -> None:
    assert ideal.item.after is not None
    ideal.item.after[3] ^= 1
    assert "memory at 0xc" in ideal.faults()


def test_word_read_twice_or_never_or_from_elsewhere_is_named(ideal: Ideal) -> None:
    weights = ideal.jobs[0][1].weights
    for change in (1, -1):
        traffic = [seen for seen in ideal.traffic if seen.offset != weights]
        ideal.traffic = traffic + [_seen(weights)] * (1 + change)
        assert f"0x{weights:x} was read {1 + change} times, expected 1 .. 1" in ideal.faults()
    ideal.traffic.append(_seen(0x700))
    assert "0x700 was read 1 times, expected 0 .. 0" in ideal.faults()


def test_result_written_twice_is_named(ideal: Ideal) -> None:
    output = ideal.jobs[1][1].output
    ideal.traffic.append(_seen(output, write=True))
    assert f"0x{output:x} was written 2 times, expected 1 .. 1" in ideal.faults()


@pytest.mark.parametrize(
    "register", ["JOB", "CYCLES", "COMPUTE", "WORDS_READ", "WORDS_WRITTEN", "WAIT_WEIGHTS"]
)
def test_register_that_tells_otherwise_is_named(ideal: Ideal, register: str) -> None:
    assert register in {r.name for r in SYSTOLIC_ARRAY.registers}
    ideal.item.registers[register] += 1
    assert ideal.faults()


def test_abort_leaves_the_job_that_ran_in_parts_and_those_before_it_whole(ideal: Ideal) -> None:
    item, first, second = ideal.item, *(sorted(run.outcome.written) for run in ideal.runs)
    item.cut, item.status = "abort", 0
    assert item.after is not None
    dropped = second[-1]
    ideal.traffic = [seen for seen in ideal.traffic if not (seen.write and seen.offset == dropped)]
    item.registers["WORDS_WRITTEN"] -= 1
    item.after[dropped // WORD] = item.before[dropped // WORD]
    assert ideal.faults() == ""
    item.after[first[0] // WORD] = item.before[first[0] // WORD]
    assert f"memory at 0x{first[0]:x}" in ideal.faults()


def test_every_reason_to_refuse_a_descriptor_is_found_in_memory() -> None:
    layout = Layout(Memory(500), np.random.default_rng(seeds.derive("refusals")))
    job = matrix(SIZE, 2, 3, 2)
    at = layout.data(job)
    found = spoilings(job, HARDWARE)
    for spoiling in found:
        [place] = layout.chain([(job, at)], {spoiling.word: spoiling.value})
        assert predict(place, layout.memory.words, HARDWARE)[-1].error == "ERR_DESCRIPTOR", spoiling
        layout = Layout(Memory(500), np.random.default_rng(1))
    assert {spoiling.name for spoiling in found} == {*JOB_REFUSALS} - {"JOB not aligned"}


@pytest.mark.parametrize("what", ["weights", "input", "output"])
def test_broken_word_ends_the_job_that_needs_it_with_its_address(ideal: Ideal, what: str) -> None:
    address = getattr(ideal.jobs[1][1], what)
    runs = predict(ideal.places[0], ideal.item.before, HARDWARE, frozenset({address}))
    assert _ends(runs) == [("", 0), ("ERR_BUS", address)]


def test_descriptor_that_cannot_be_fetched_ahead_ends_the_job_that_runs(ideal: Ideal) -> None:
    address = ideal.places[1] + WORD
    runs = predict(ideal.places[0], ideal.item.before, HARDWARE, frozenset({address}))
    assert _ends(runs) == [("ERR_BUS", address)]
    assert runs[0].place == ideal.places[0]


def _ends(runs: list[Run]) -> list[tuple[str, int]]:
    return [(run.error, run.bus_error) for run in runs]
