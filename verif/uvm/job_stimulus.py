"""Jobs of `stream` mode to draw, and their place in memory, from a `numpy.random.Generator`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from heepstor.config import Config
from heepstor.job import Job, encode
from heepstor.registers import DESCRIPTOR
from verif.harness.job_model import Addresses
from verif.rtl.sa_steps.jobs import Draw, plain
from verif.uvm import stimulus
from verif.uvm.chains import predict
from verif.uvm.coverage import EXTENTS, LINS, POINTERS
from verif.uvm.memory import WORD, Memory
from verif.uvm.sampling import job_bins

_MOST_WORDS = 400
"""Words that a drawn job reads and writes: more take long, and find no more."""
_TRIES = 3000


class JobDraw:
    """Random jobs that the hardware does not refuse."""

    def __init__(self, random: np.random.Generator, hardware: Config) -> None:
        self._random, self._hardware = random, hardware
        size, rows = hardware.systolic_array_size, hardware.systolic_array_accumulator_rows
        self._draw = Draw(random, size, rows)

    def job(self) -> Job:
        """A layer, or numbers that nobody would choose; it may end with an error."""
        while True:
            drawn = self._draw.wild() if self._random.random() < 0.3 else self._draw.layer()
            job = finished(drawn, relu=self._random.random() < 0.5, gap=self._random.integers(3))
            words = job.map_words + job.weight_words + job.windows * job.output_step
            if words <= _MOST_WORDS:
                return job

    def whole(self) -> Job:
        """One that ends without an error."""
        while True:
            job = self.job()
            if not self._fails(job):
                return job

    def of(self, group: str, bin_: str) -> Job | None:
        """One that ends without an error and is counted in a bin of coverage; None if none is."""
        for _ in range(_TRIES):
            job = self.job()
            if (group, bin_) in job_bins(job, self._hardware) and not self._fails(job):
                return job
        return None

    def _fails(self, job: Job) -> bool:
        layout = Layout(Memory(3 * _MOST_WORDS), self._random)
        [place] = layout.chain([(job, layout.data(job))])
        return bool(predict(place, layout.memory.words, self._hardware)[0].error)


def finished(job: Job, *, relu: bool = False, gap: int = 0) -> Job:
    """The job with as many weights as it needs, and `gap` words between the outputs of windows."""
    weight_words = -(-job.k * job.columns // WORD)
    step = job.columns + int(gap)
    return replace(job, relu=relu, weight_words=weight_words, output_step=step)


def matrix(size: int, m: int, k: int, n: int, **changes: int) -> Job:
    """A job of a product [m, k] by [k, n], a row at a time."""
    numbers = {
        "map_words": m * k,
        "row_words": k,
        "row_step": k,
        "run": k,
        "windows": m,
        "columns": n,
        "tile_columns": min(size, n),
    }
    return finished(plain(**(numbers | changes)))


@dataclass(frozen=True)
class Spoiling:
    """How a descriptor that is valid becomes one that is refused: `word` of it becomes `value`."""

    name: str
    word: str
    value: int


def spoilings(job: Job, hardware: Config) -> list[Spoiling]:
    """Each reason to refuse a descriptor, once."""
    words = dict(zip((r.name for r in DESCRIPTOR), encode(job, 0, 0, 0, 0), strict=True))
    half = hardware.systolic_array_accumulator_rows // 2
    size = hardware.systolic_array_size
    zeros = [
        Spoiling(f"{field.name} is 0", r.name, words[r.name] & ~_mask(field.lsb, field.width))
        for r in DESCRIPTOR
        for field in r.fields
        if field.name not in ("VERSION", "RELU", "RESTART")
    ]
    steps = (*LINS, "OUTPUT_STEP")
    return [
        Spoiling("version", "CONTROL", words["CONTROL"] ^ 2),
        Spoiling("RESTART is 3", "CONTROL", words["CONTROL"] | 3 << 9),
        *(Spoiling(f"{w} not aligned", w, 2) for w in POINTERS),
        *zeros,
        *(Spoiling(f"{word} is 0", word, 0) for word in EXTENTS),
        *(Spoiling(f"{word} too large", word, 1 << 23) for word in (*EXTENTS, *steps)),
        *(Spoiling(f"{word} too small", word, -(1 << 23) - 1) for word in steps),
        Spoiling("TILE_COLUMNS above Size", "COLUMNS", 1 | (size + 1) << 16),
        Spoiling("too many n tiles", "COLUMNS", (256 // size + 1) | 1 << 16),
        Spoiling("too many rows", "SHAPE", 1 | (half + 1) << 16),
    ]


def _mask(lsb: int, width: int) -> int:
    return (1 << width) - 1 << lsb


class Layout:
    """Lays out chains of jobs in a memory that is full of what no job computes."""

    def __init__(self, memory: Memory, random: np.random.Generator) -> None:
        self.memory, self._random = memory, random
        memory.words[:] = random.integers(0, 1 << 32, len(memory.words), np.uint32)
        self._free = int(random.integers(1, 16))

    def take(self, words: int) -> int:
        """Address of some words, and a few between them and the next ones.

        Raises:
            ValueError: they do not fit.
        """
        index, self._free = self._free, self._free + words + int(self._random.integers(1, 5))
        if self._free > len(self.memory.words):
            raise ValueError(f"the memory has {len(self.memory.words)} words: too few")
        return WORD * index

    def store(self, address: int, values: npt.NDArray[np.generic]) -> None:
        """Put values of any type at an address."""
        words = np.ascontiguousarray(values).view(np.uint32).ravel()
        self.memory.words[address // WORD :][: len(words)] = words

    def data(self, job: Job, mix: str = "ordinary", source: int | None = None) -> Addresses:
        """Operands of a job; its map is what lies at `source`, if that is given."""
        at = Addresses(
            self.take(job.map_words) if source is None else source,
            self.take(job.weight_words + 2 * job.columns),
            self.take((job.windows - 1) * job.output_step + job.columns),
        )
        shares = stimulus.MIXES[mix]
        if source is None:
            self.store(at.input, stimulus.mixed(self._random, (1, job.map_words), shares))
        self.store(at.weights, stimulus.weights(self._random, (1, WORD * job.weight_words), 0.2))
        parameters = stimulus.mixed(self._random, (1, 2 * job.columns), shares)
        self.store(at.weights + WORD * job.weight_words, parameters)
        return at

    def chain(
        self,
        jobs: Sequence[tuple[Job, Addresses]],
        changes: Mapping[str, int] | None = None,
    ) -> list[int]:
        """Store descriptors; returns their addresses. `changes`: words of the last one, by name."""
        places = [self.take(len(DESCRIPTOR)) for _ in jobs]
        for (job, at), place, following in zip(jobs, places, [*places[1:], 0], strict=True):
            words = encode(job, at.input, at.weights, at.output, following)
            self.store(place, np.array(words, np.uint32))
        for index, register in enumerate(DESCRIPTOR):
            if changes and register.name in changes:
                word = changes[register.name] & 0xFFFF_FFFF
                self.memory.words[places[-1] // WORD + index] = word
        return places
