"""The UVM tests of the array; test_uvm_array.py runs each on several sizes.

A test says what is done; whether it was right is for the scoreboards, which raise in the check
phase.
"""

from __future__ import annotations

import zlib

import cocotb
import numpy as np
import pyuvm
from cocotb.triggers import FallingEdge
from pyuvm import ConfigDB, uvm_test

from verif.uvm import stimulus
from verif.uvm.config import ArrayConfig
from verif.uvm.coverage import FOLDER, Coverage
from verif.uvm.env import ArrayEnv
from verif.uvm.sequences import (
    BACK_TO_BACK,
    HESITANT,
    SLOW,
    AbortSequence,
    BusSequence,
    BusySequence,
    ChaosSequence,
    GemmSequence,
    IllegalSequence,
    InterlockSequence,
    PartialSumsSequence,
    RegisterSequence,
    StatusSequence,
)

SMALLEST_SIZE = 4
_RESET_CYCLES = 5


class ArrayTest(uvm_test):
    """Base: builds the environment, resets the array, runs `stimulus`, reads all state."""

    def build_phase(self) -> None:
        tb = cocotb.top
        name = type(self).__name__
        self.cfg = ArrayConfig(
            tb=tb,
            size=int(tb.Size.value),
            rows=int(tb.AccumulatorRows.value),
            config_hash=int(tb.ConfigHash.value),
            random=np.random.default_rng([cocotb.RANDOM_SEED, zlib.crc32(name.encode())]),
            coverage=Coverage(),
        )
        ConfigDB().set(None, "*", "cfg", self.cfg)
        self.env = ArrayEnv("env", self)

    async def run_phase(self) -> None:
        self.raise_objection()
        await self._reset()
        await self.stimulus()
        # The answer to the last request is in before the test ends, and with it all others.
        await self.start(StatusSequence())
        self.drop_objection()

    async def stimulus(self) -> None:
        """What the test does.

        Raises:
            NotImplementedError: a test must say what it does.
        """
        raise NotImplementedError

    async def start(self, sequence: BusSequence) -> None:
        """Run a sequence to its end."""
        await sequence.start(self.env.agent.sequencer)

    async def gemm(self, m: int, k: int, n: int, special: float = 0.0, **how: object) -> None:
        """Run a random GEMM of a shape."""
        a = stimulus.activations(self.cfg.random, (m, k), special)
        w = stimulus.weights(self.cfg.random, (k, n), special)
        await self.start(GemmSequence(a, w, **how))

    def report_phase(self) -> None:
        name = f"{type(self).__name__}-{self.cfg.size}x{self.cfg.rows}.json"
        self.cfg.coverage.save(FOLDER / name)

    async def _reset(self) -> None:
        self.cfg.tb.reset.value = 1
        for _ in range(_RESET_CYCLES):
            await FallingEdge(self.cfg.tb.clk)
        self.cfg.tb.reset.value = 0
        await FallingEdge(self.cfg.tb.clk)


@pyuvm.test()
class RegistersReadAndWriteAsTheirTableSays(ArrayTest):
    """Reset values, writable bits, bits that do not exist."""

    async def stimulus(self) -> None:
        self._sequence = RegisterSequence(self.env.registers)
        await self.start(self._sequence)

    def check_phase(self) -> None:
        if self._sequence.faults:
            raise AssertionError("\n".join(self._sequence.faults))


@pyuvm.test()
class CornerShapesGiveGoldenBits(ArrayTest):
    """M, K and N just at, below and above what fits."""

    async def stimulus(self) -> None:
        for m in self._around(self.cfg.rows):
            for k in self._around(self.cfg.size):
                for n in self._around(self.cfg.size):
                    await self.gemm(m, k, n)

    def _around(self, limit: int) -> tuple[int, ...]:
        # Several tiles in all directions at once only where they are small: they take time.
        many = (2 * limit + 1,) if self.cfg.size == SMALLEST_SIZE else ()
        return (1, limit - 1, limit, limit + 1, *many)


@pyuvm.test()
class SpecialValuesGiveGoldenBits(ArrayTest):
    """Zeros, subnormals, infinities, NaN, overflow, cancellation; weights at their ends."""

    async def stimulus(self) -> None:
        size, rows = self.cfg.size, self.cfg.rows
        for special in (0.1, 0.5, 1.0):
            await self.gemm(2 * rows, size + 1, size, special)
        await self.start(GemmSequence(*stimulus.cancellation(rows, 2 * size, size)))
        for bits in stimulus.SPECIAL_BITS:
            a = np.full((1, 2), bits, np.uint32).view(np.float32)
            w = np.resize(stimulus.SPECIAL_WEIGHTS, (2, size))
            await self.start(GemmSequence(a, w))
        await self.start(PartialSumsSequence())


@pyuvm.test()
class RandomGemmsGiveGoldenBits(ArrayTest):
    """Random shapes, values, gaps, banks and byte enables."""

    async def stimulus(self) -> None:
        random = self.cfg.random
        limits = (3 * self.cfg.rows, 3 * self.cfg.size, 2 * self.cfg.size)
        for _ in range(6):
            m, k, n = (int(random.integers(1, limit + 1)) for limit in limits)
            await self.gemm(
                m,
                k,
                n,
                special=float(random.choice([0.0, 0.05])),
                gaps=(BACK_TO_BACK, HESITANT, SLOW)[random.integers(3)],
                bank=(None, 0, 1)[random.integers(3)],
                split=bool(random.integers(2)),
            )


@pyuvm.test()
class HazardsOnlyMakeTheBusWait(ArrayTest):
    """Back to back: rows in flight launched again and read, weights rewritten while in use."""

    async def stimulus(self) -> None:
        await self.start(InterlockSequence())
        size = self.cfg.size
        for bank in (0, 1, None):
            for m in (1, 2):
                await self.gemm(m, 4 * size, size, bank=bank)
                await self.gemm(m, 4, 1, bank=bank)
                await self.gemm(m, 4 * size + 1, 2, bank=bank)


@pyuvm.test()
class BusyTellsWhetherAStepIsInFlight(ArrayTest):
    """From the cycle after a launch on, until its sums are in the memory."""

    async def stimulus(self) -> None:
        await self.start(BusySequence())


@pyuvm.test()
class RandomAccessesInAnyOrderGiveWhatTheModelSays(ArrayTest):
    """Everything mixed, back to back and with gaps."""

    async def stimulus(self) -> None:
        for gaps in (BACK_TO_BACK, HESITANT, SLOW):
            await self.start(ChaosSequence(150, gaps))
            await self.start(StatusSequence())


@pyuvm.test()
class IllegalAccessesAreRefusedAndChangeNothing(ArrayTest):
    """Unmapped offsets, wrong directions, partial words, rows that there are not."""

    async def stimulus(self) -> None:
        await self.start(IllegalSequence())


@pyuvm.test()
class AbortDropsWhatIsInFlightAndNothingElse(ArrayTest):
    """At any moment of a step, and GEMMs are right again."""

    async def stimulus(self) -> None:
        await self.start(AbortSequence())
