"""Virtual sequences of `stream` mode: chains of jobs, whatever memory and the CPU do meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise, product

import cocotb
import numpy as np
from cocotb.triggers import FallingEdge

from heepstor.config import Config
from heepstor.job import Job
from verif.harness.job_model import Addresses, Outcome
from verif.uvm import stimulus
from verif.uvm.chains import descriptor_of, predict
from verif.uvm.coverage import GROUPS, JOB_ERRORS, JOB_PHASES, TAILS
from verif.uvm.items import BusRequest, ChainItem, Float32Array, Int8Array
from verif.uvm.job_stimulus import JobDraw, Layout, matrix, spoilings
from verif.uvm.memory import WORD
from verif.uvm.model import encode, offset_of
from verif.uvm.virtual_sequences import VirtualSequence

WAITS = {"none": (0,), "few": (0, 0, 0, 1, 2), "many": (0, 0, 1, 4, 9)}
"""Cycles that a memory may make a port wait, by a name."""
_DRAWN_GROUPS = ("job by restart", "chunk", "n group", "pool")
_CUT_CYCLES = 20_000


class JobSequence(VirtualSequence):
    """Base: lays out chains of jobs and runs them, on memory that waits at random."""

    @property
    def hardware(self) -> Config:
        """The configuration of the array under test."""
        return self.sequencer.cfg.hardware

    @property
    def draw(self) -> JobDraw:
        """Random jobs for the array under test."""
        return JobDraw(self.random, self.hardware)

    def layout(self) -> Layout:
        """A memory without jobs."""
        return Layout(self.sequencer.cfg.memory, self.random)

    def lay_out(self, *jobs: Job, linked: bool = False, **how: object) -> Chain:
        """A chain of jobs; with `linked` each reads what the one before wrote, else its own map."""
        layout = self.layout()
        placed: list[tuple[Job, Addresses]] = []
        for job in jobs:
            source = placed[-1][1].output if linked and placed else None
            placed.append(
                (job, layout.data(job, str(self.random.choice(list(stimulus.MIXES))), source))
            )
        return Chain(layout.chain(placed, **how), placed)

    def stall(self) -> None:
        """Let the memory wait for other times from now on, on each port its own."""
        for port in self.sequencer.ports:
            grants, answers = (WAITS[str(self.random.choice(list(WAITS)))] for _ in range(2))
            port.cfg = replace(port.cfg, grant_waits=grants, answer_waits=answers)

    async def run(self, place: int, **how: object) -> ChainItem:
        """Run the chain at an address; `how` is for the ChainItem."""
        item = ChainItem(place, **how)
        self.stall()
        self._break_words(item.broken)
        await self.send(self.sequencer.chains, item)
        self._break_words(frozenset())
        return item

    async def jobs(self, *jobs: Job, **how: object) -> None:
        """Run some jobs that have nothing to do with each other, as a chain."""
        await self.run(self.lay_out(*jobs).places[0], **how)

    def _break_words(self, addresses: frozenset[int]) -> None:
        """Let accesses to some words, and no others, fail from now on."""
        indices = frozenset(address // WORD for address in addresses)
        for port in self.sequencer.ports:
            port.cfg = replace(port.cfg, broken=indices)


@dataclass(frozen=True)
class Chain:
    """A chain of jobs in memory: where its descriptors are, its jobs and where their data is."""

    places: list[int]
    jobs: list[tuple[Job, Addresses]]


class RandomJobsSequence(JobSequence):
    """Random jobs, alone or chained; now and then one that the window cannot serve."""

    def __init__(self, count: int) -> None:
        super().__init__("random_jobs")
        self._count = count

    async def body(self) -> None:
        for _ in range(self._count):
            jobs = [self.draw.whole() for _ in range(self.random.integers(1, 4))]
            if self.random.random() < 0.2:
                jobs[-1] = self.draw.job()
            await self.jobs(*jobs, by_interrupt=self.random.random() < 0.5)


class EveryJobSequence(JobSequence):
    """Jobs for what no other has shown: each way to restart, chunk, group and pool."""

    async def body(self) -> None:
        hit = self.sequencer.cfg.coverage.counts
        for group in _DRAWN_GROUPS:
            for bin_ in GROUPS[group].bins:
                job = None if hit[group][bin_] else self.draw.of(group, bin_)
                if job:
                    await self.jobs(job)


class CornerJobsSequence(JobSequence):
    """Products whose M, K and N are at, below and above what fits, and all tails of runs."""

    def __init__(self, edges: Callable[[int], tuple[int, ...]]) -> None:
        super().__init__("corner_jobs")
        self._edges = edges

    async def body(self) -> None:
        size, words = self.size, self.hardware.systolic_array_activation_words
        half = self.rows // 2
        for m, k, n in product(self._edges(half), self._edges(size), self._edges(size)):
            chunk = max(1, min(m, half, words // k - 1))
            await self.jobs(matrix(size, m, k, n, chunk=chunk))
        tails = sorted({1, size // 2, size - 1, size})
        assert len(tails) == len(TAILS)
        for pieces, lanes, n in product(range(3), tails, tails):
            await self.jobs(matrix(size, 1, pieces * size + lanes, n))


class RefusalSequence(JobSequence):
    """Each reason to refuse a descriptor, of the first job and of a later one; then a whole job."""

    async def body(self) -> None:
        job = matrix(self.size, 2, 3, 2)
        await self.run(2, spoiled="JOB not aligned")
        for spoiling in spoilings(job, self.hardware):
            for earlier in ((), (job,)):
                changes = {spoiling.word: spoiling.value}
                chain = self.lay_out(*earlier, job, changes=changes)
                await self.run(chain.places[0], spoiled=spoiling.name)
        await self.jobs(job)


class ErrorSequence(JobSequence):
    """Each error of a job that runs, in the first job and in a later one; then a whole job."""

    async def body(self) -> None:
        for error, earlier in product(JOB_ERRORS, (0, 1)):
            jobs = [self.draw.whole() for _ in range(earlier)]
            chain = self.lay_out(*jobs, self._job(error))
            broken = frozenset(self._broken(error, chain))
            await self.run(
                chain.places[0], broken=broken, by_interrupt=bool(self.random.integers(2))
            )
            await self.jobs(self.draw.whole())

    def _job(self, error: str) -> Job:
        """One that ends with an error, or may."""
        if error == "window":
            words = self.hardware.systolic_array_activation_words
            return matrix(self.size, 2, words // 2 + 1, 1, chunk=2)
        job = matrix(self.size, *(int(self.random.integers(3, self.size + 3)) for _ in range(3)))
        return replace(job, weight_words=1) if error == "weights run out" else job

    def _broken(self, error: str, chain: Chain) -> Iterator[int]:
        """Address of a word whose access ends the last job of the chain with an error."""
        job, at = chain.jobs[-1]
        parameters = at.weights + WORD * job.weight_words
        choices = {
            "descriptor": lambda _: descriptor_of(chain.places[-1]),
            "weights": lambda _: range(at.weights, parameters, WORD),
            "scales and biases": lambda _: range(parameters, parameters + 8 * job.columns, WORD),
            "activations": lambda outcome: self._activations(outcome, job, at),
            "results": lambda outcome: sorted(outcome.written)[:-1],
            "last result": lambda outcome: sorted(outcome.written)[-1:],
        }
        if error in choices:
            memory = self.sequencer.cfg.memory.words
            outcome = predict(chain.places[0], memory, self.hardware)[-1].outcome
            yield int(self.random.choice(choices[error](outcome)))

    @staticmethod
    def _activations(outcome: Outcome, job: Job, at: Addresses) -> list[int]:
        end = at.input + WORD * job.map_words
        return sorted(word for word in outcome.needed if at.input <= word < end)


class CutSequence(JobSequence):
    """ABORT and reset at each phase of a chain; after each one a job that must be whole."""

    async def body(self) -> None:
        for cut, phase in product(("abort", "reset"), JOB_PHASES):
            await self._cut_off(cut, phase)
            await self.jobs(self.draw.whole())

    async def _cut_off(self, cut: str, phase: str) -> None:
        chain = self.lay_out(*[matrix(self.size, 5, 7, 6, chunk=2)] * 2)
        running = cocotb.start_soon(self.run(chain.places[0], cut=cut))
        words = {"descriptor": (0, 20), "operands": (45, 60), "results": (1, 20)}[phase]
        await self._until(int(self.random.integers(*words)), writes=phase == "results")
        if cut == "reset":
            await self.reset()
        else:
            request = BusRequest(offset_of("CTRL"), encode("CTRL", ABORT=1), gap=0)
            await self.send(self.sequencer.bus, request)
        await running

    async def _until(self, words: int, *, writes: bool) -> None:
        """Wait until the memory has granted so many accesses, or writes, since now."""

        def granted() -> int:
            return sum(port.writes if writes else port.accesses for port in self.sequencer.ports)

        end = granted() + words
        for _ in range(_CUT_CYCLES):
            if granted() >= end:
                return
            await FallingEdge(self.sequencer.cfg.port.tb.clk)
        raise AssertionError(f"the memory was not accessed {words} times")


class ChainSequences(JobSequence):
    """Chains of each length, ended by interrupt and by polling, also jobs that read the results."""

    async def body(self) -> None:
        for length, by_interrupt, linked in product((1, 2, 3), (False, True), (False, True)):
            chain = self.lay_out(*self._layers(length), linked=linked)
            await self.run(chain.places[0], by_interrupt=by_interrupt)

    def _layers(self, length: int) -> list[Job]:
        """Products, the result of each the matrix of the next one."""
        m, *widths = (int(self.random.integers(1, 2 * self.size)) for _ in range(length + 2))
        return [matrix(self.size, m, k, n) for k, n in pairwise(widths)]


class MeanwhileSequence(JobSequence):
    """The CPU reads registers and does what must be refused, while a chain runs."""

    async def body(self) -> None:
        targets = (
            "TILE",
            "WEIGHTS0",
            "STAGE",
            "ACCUMULATORS",
            "COMPUTE",
            "CYCLES",
            "STATUS",
            "JOB",
        )
        # One at a time is written: one refusal must not hide that another one is missing.
        for written in targets[:4]:
            requests = [
                BusRequest(
                    offset_of(name),
                    int(self.random.integers(1, 1 << 32)) if name == written else None,
                    gap=int(self.random.integers(6)),
                )
                for name in self.random.choice(targets, 30)
            ]
            jobs = [self.draw.whole() for _ in range(2)]
            await self.jobs(*jobs, meanwhile=requests, by_interrupt=bool(self.random.integers(2)))


class StreamGemmSequence(JobSequence):
    """`a` [M, K] times `w` [K, N] as one job; `result` [M, N] is there at the end."""

    def __init__(self, a: Float32Array, w: Int8Array) -> None:
        super().__init__("stream_gemm")
        self._a, self._w = a, w
        self.result: Float32Array = np.zeros((len(a), w.shape[1]), np.float32)

    async def body(self) -> None:
        m, k, n = *self._a.shape, self._w.shape[1]
        words = self.hardware.systolic_array_activation_words
        job = matrix(self.size, m, k, n, chunk=max(1, min(m, self.rows // 2, words // k - 1)))
        layout = self.layout()
        at = layout.data(job)
        layout.store(at.input, self._a)
        # By n tile, k tile, row and column; all of the rows of an n tile follow each other.
        tiles = [self._w[:, i : i + self.size].ravel() for i in range(0, n, self.size)]
        codes = np.zeros(WORD * job.weight_words, np.int8)
        codes[: k * n] = np.concatenate(tiles)
        layout.store(at.weights, codes)
        parameters = np.repeat(np.array([1, 0], np.float32), n)
        layout.store(at.weights + WORD * job.weight_words, parameters)
        [place] = layout.chain([(job, at)])
        await self.run(place)
        words_out = layout.memory.words[at.output // WORD :][: m * n]
        self.result = words_out.view(np.float32).reshape(m, n).copy()
