"""What a chain of jobs must do, from memory alone; and whether that is what was seen.

A chain is followed as the hardware does, from the address of its first descriptor. Each job is
executed by verif/harness/job_model.py, in order: it begins when the one before has ended.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, replace

import numpy as np

from heepstor.config import Config
from heepstor.job import Job, Restart, faults
from heepstor.registers import DESCRIPTOR, DESCRIPTOR_VERSION
from verif.harness.job_model import Addresses, Hardware, JobError, Outcome, Words, execute
from verif.harness.job_model import decode as decode_job
from verif.uvm.items import BusTransaction, ChainItem
from verif.uvm.memory import WORD
from verif.uvm.model import decode, encode

_CONTROL = [register.name for register in DESCRIPTOR].index("CONTROL")
_NOTHING = Outcome({}, frozenset(), frozenset(), weight_passes=0, steps=0)
_NOWHERE = Addresses(0, 0, 0)
_OFTEN = 1 << 30
"""How often a word may be read that is read as often as the window comes over it."""


@dataclass(frozen=True, eq=False)
class Run:
    """A job of a chain: `place` of its descriptor, what it does, the error that ends it, or "".

    `job` is None where the descriptor is refused, or cannot be read. `bus_error` is the address
    that ERR_BUS tells of, `following` that of the next descriptor or 0.
    """

    place: int
    job: Job | None = None
    at: Addresses = _NOWHERE
    outcome: Outcome = _NOTHING
    error: str = ""
    bus_error: int = 0
    following: int = 0


def descriptor_of(place: int) -> range:
    """The addresses of the words of the descriptor at `place`."""
    return range(place, place + WORD * len(DESCRIPTOR), WORD)


def predict(
    place: int, memory: Words, hardware: Config, broken: frozenset[int] = frozenset()
) -> list[Run]:
    """The jobs of the chain at `place`, in order, up to the one that ends it by an error.

    `memory` stays as it is; the words at the addresses `broken` cannot be accessed.
    """
    memory = memory.copy()
    runs: list[Run] = []
    while True:
        failing = [a for a in descriptor_of(place) if a in broken or a // WORD >= len(memory)]
        if failing and place % WORD == 0:
            # While a job runs, its next descriptor is read; until then it is the one that runs.
            last = runs.pop() if runs else Run(place)
            runs.append(_with_bus_error(last, failing[0]))
            return runs
        runs.append(_run(place, memory, hardware, broken))
        for address, word in runs[-1].outcome.written.items():
            memory[address // WORD] = word
        if runs[-1].error or not runs[-1].following:
            return runs
        place = runs[-1].following


def _with_bus_error(run: Run, address: int) -> Run:
    return replace(run, error="ERR_BUS", bus_error=address)


def _run(place: int, memory: Words, hardware: Config, broken: frozenset[int]) -> Run:
    if place % WORD:
        return Run(place, error="ERR_DESCRIPTOR")
    words = [int(word) for word in memory[place // WORD :][: len(DESCRIPTOR)]]
    try:
        job, at, following = decode_job(words)
    except ValueError:  # of RESTART
        return Run(place, error="ERR_DESCRIPTOR")
    version = words[_CONTROL] & 0xFF
    is_misaligned = any(pointer % WORD for pointer in (following, *astuple(at)))
    if version != DESCRIPTOR_VERSION or is_misaligned or faults(job, hardware):
        return Run(place, error="ERR_DESCRIPTOR")
    buffers = Hardware(
        hardware.systolic_array_size,
        hardware.systolic_array_activation_words,
        hardware.systolic_array_weight_rows,
    )
    try:
        outcome, error = execute(job, at, memory, buffers), ""
    except JobError as failure:
        outcome, error = failure.outcome, failure.name
    run = Run(place, job, at, outcome, error, following=following)
    for address in broken & (outcome.needed | outcome.written.keys()):
        run = _with_bus_error(run, address)
    return run


class Judge:
    """Compares what a chain did, of which all is over, with what it must do.

    `traffic` is what its ports saw, in the order of the answers.
    """

    def __init__(
        self, item: ChainItem, runs: Sequence[Run], traffic: Sequence[BusTransaction]
    ) -> None:
        self._item, self._runs = item, runs
        self.reads = Counter(seen.offset for seen in traffic if not seen.write)
        self.writes = Counter(seen.offset for seen in traffic if seen.write)
        self._partial_words = [seen for seen in traffic if seen.byte_enable != 0xF]
        self.is_cut = bool(item.cut) and not item.status & encode("STATUS", DONE=1)
        # Jobs that must be whole: what was cut had begun no job before the end of the one before.
        self.whole = len(runs) - bool(runs[-1].error)
        if self.is_cut:
            begun = [i for i, run in enumerate(runs) if run.outcome.written.keys() & self.writes]
            self.whole = begun[-1] if begun else 0

    def faults(self) -> Iterator[str]:
        """What is wrong, a line each."""
        if self._partial_words:
            yield f"{self._partial_words[0]} is no access to a word"
        yield from self._memory_faults()
        yield from self._write_faults()
        yield from self._read_faults()
        if self._item.cut != "reset":
            yield from self._register_faults()

    def _memory_faults(self) -> Iterator[str]:
        expected = self._item.before.copy()
        for run in self._runs[: self.whole]:
            for address, word in run.outcome.written.items():
                expected[address // WORD] = word
        may = self._runs[self.whole].outcome.written if self.whole < len(self._runs) else {}
        for index in np.flatnonzero(self._item.after != expected):
            address, got = WORD * int(index), int(self._item.after[index])
            if may.get(address) != got:
                yield f"memory at 0x{address:x}: 0x{got:08x}, expected 0x{expected[index]:08x}"

    def _write_faults(self) -> Iterator[str]:
        least: Counter[int] = Counter()
        most: Counter[int] = Counter()
        for index, run in enumerate(self._runs):
            most.update(run.outcome.written.keys())
            if index < self.whole:
                least.update(run.outcome.written.keys())
        yield from _outside("written", self.writes, least, most)

    def _read_faults(self) -> Iterator[str]:
        least: Counter[int] = Counter()
        most: Counter[int] = Counter()
        for index, run in enumerate(self._runs):
            certain, possible = _reads_of(run)
            most.update(possible)
            if index < self.whole:
                least.update(certain)
        # A descriptor is fetched ahead, also one that never gets its turn.
        if self.whole < len(self._runs) and self._runs[-1].following:
            most.update(descriptor_of(self._runs[-1].following))
        yield from _outside("read", self.reads, least, most)

    def _register_faults(self) -> Iterator[str]:
        last, registers = self._runs[-1], self._item.registers
        status = encode("STATUS", DONE=1) | (
            encode("STATUS", **{last.error: 1}) if last.error else 0
        )
        jobs = {last.place}
        if self.is_cut:
            status, jobs = 0, {run.place for run in self._runs}
        elif last.error == "ERR_BUS":
            yield from _unequal("BUS_ERROR_ADDRESS", registers["BUS_ERROR_ADDRESS"], last.bus_error)
        mask = encode("STATUS", JOB=1, DONE=1, ERR_DESCRIPTOR=1, ERR_WINDOW=1, ERR_BUS=1)
        yield from _unequal("STATUS", self._item.status & mask, status)
        if registers["JOB"] not in jobs:
            yield f"JOB reads 0x{registers['JOB']:x}, expected one of {[hex(job) for job in jobs]}"
        yield from _unequal("WORDS_READ", registers["WORDS_READ"], self.reads.total())
        yield from _unequal("WORDS_WRITTEN", registers["WORDS_WRITTEN"], self.writes.total())
        kinds = ("COMPUTE", "WAIT_WEIGHTS", "WAIT_ACTIVATIONS", "WAIT_WRITE_BACK", "FILL_DRAIN")
        yield from _unequal("CYCLES", registers["CYCLES"], sum(registers[kind] for kind in kinds))
        if self.whole == len(self._runs):
            steps = sum(run.outcome.steps for run in self._runs)
            yield from _unequal("COMPUTE", registers["COMPUTE"], steps)


def _reads_of(run: Run) -> tuple[Counter[int], Counter[int]]:
    """How often a job that is whole reads each word at least, and at most."""
    least = Counter(descriptor_of(run.place)) if run.place % WORD == 0 else Counter[int]()
    if run.job is None:
        return least, least
    weights = range(run.at.weights, run.at.weights + WORD * run.job.weight_words, WORD)
    activations = range(run.at.input, run.at.input + WORD * run.job.map_words, WORD)
    once = run.job.restart == Restart.NEVER
    most = least.copy()
    for word in run.outcome.allowed:
        passes = run.outcome.weight_passes if word in weights else 1
        most[word] += passes if once or word not in activations else _OFTEN
        if word in run.outcome.needed:
            least[word] += passes
    return least, most


def _outside(
    what: str, seen: Counter[int], least: Counter[int], most: Counter[int]
) -> Iterator[str]:
    for address in sorted(seen.keys() | least.keys()):
        if not least[address] <= seen[address] <= most[address]:
            yield (
                f"0x{address:x} was {what} {seen[address]} times, "
                f"expected {least[address]} .. {most[address]}"
            )


def _unequal(name: str, got: int, expected: int) -> Iterator[str]:
    if got != expected:
        fields = decode(name, got)
        yield f"{name} reads 0x{got:x} {fields or ''}, expected 0x{expected:x}"
