"""Cycles of a job of `stream` mode, counter by counter, on memory that never makes a port wait.

The job is run cycle by cycle, but only with what decides when something happens (`job_units`).
docs/accelerator.md derives the limits that the sum of all this comes close to. Most blocks of a job
are alike: one that begins in a state of the units in which an equal one began goes as that one
went, and is not run again.

"Never wait" means: a request is granted in the cycle in which it is on the bus, and answered in the
next one, as RAM does while nobody else uses its bank.
"""

from __future__ import annotations

import pickle
from collections import Counter
from dataclasses import dataclass, fields, replace
from functools import cache

from heepstor.config import Config
from heepstor.job import Job
from heepstor.plan.job_blocks import HALVES, Block, Blocks
from heepstor.plan.job_units import Units


@dataclass(frozen=True)
class Counters:
    """The counters of the hardware after one job; cycles, and words of 32 bits."""

    compute: int
    wait_weights: int
    wait_activations: int
    wait_write_back: int
    fill_drain: int
    words_read: int
    words_written: int

    @property
    def cycles(self) -> int:
        """Cycles of the job: the five above."""
        return sum(getattr(self, f.name) for f in fields(self) if not f.name.startswith("words"))


def predict(job: Job, config: Config) -> Counters:
    """The counters of the hardware after a valid job, without the reading of its descriptor."""
    return _run(job, _enough(job, config))


def _enough(job: Job, config: Config) -> Config:
    """The least hardware on which the job takes as many cycles as on this one.

    Whoever tries many configurations asks for jobs on hardware that differs in nothing they use.
    """
    weight_rows = job.k * job.n_tiles
    fits = weight_rows <= config.systolic_array_weight_rows
    return replace(
        config,
        systolic_array_accumulator_rows=HALVES * job.chunk * job.pool * job.tile_group,
        systolic_array_activation_words=min(
            config.systolic_array_activation_words, job.segment_words
        ),
        systolic_array_weight_rows=weight_rows if fits else 0,
        cpu_core="cv32e40p",
        cpu_fpu_latency=0,
        memory_banks=0,
        memory_bank_kib=0,
        memory_interleaved_banks=0,
        memory_stack_kib=0,
        clock_hz=0,
        uart_baud_rate=0,
    )


@cache
def _run(job: Job, config: Config) -> Counters:
    after = cache(_after)
    state, blocks = pickle.dumps(Units(job, config)), Blocks(job, config)
    # The units begin in the cycle after the job's first.
    counts = Counter({field.name: 0 for field in fields(Counters)} | {"fill_drain": 1})
    for block in blocks:
        state, counted, come = after(state, block)
        counts.update(counted)
        blocks.come += come
    units: Units = pickle.loads(state)
    units.finish()
    counts.update(units.counted())
    return Counters(**counts)


def _after(state: bytes, block: Block) -> tuple[bytes, Counter[str], int]:
    """Run a block, as far as all of its steps have gone.

    Returns the state of the units then, what they counted, and the words of the map that came. All
    of it follows from state and block alone.
    """
    units: Units = pickle.loads(state)
    units.run(block)
    counts, come = units.counted(), units.rebase()
    return pickle.dumps(units), counts, come
