"""The UVM tests of the array; test_uvm_array.py runs each on several sizes.

A test says what is done; whether it was right is for the scoreboards, which raise in the check
phase.
"""

from __future__ import annotations

import os
import zlib
from dataclasses import replace
from typing import Any

import cocotb
import numpy as np
import pyuvm
from pyuvm import ConfigDB, uvm_test

from heepstor import config
from heepstor.config import Config
from heepstor.registers import SYSTOLIC_ARRAY
from verif.harness import seeds, session
from verif.uvm import stimulus
from verif.uvm.config import ArrayConfig, PortConfig
from verif.uvm.coverage import Coverage, session_folder
from verif.uvm.env import ArrayEnv
from verif.uvm.items import BACK_TO_BACK, Float32Array, Int8Array, ResetRequest
from verif.uvm.memory import Memory
from verif.uvm.sequences import (
    HESITANT,
    SLOW,
    BusSequence,
    BusySequence,
    ByteEnableSequence,
    ChaosSequence,
    EveryAccessInEveryStateSequence,
    EveryMomentSequence,
    EveryStallSequence,
    IllegalSequence,
    InterlockSequence,
    PartialSumsSequence,
    RegisterSequence,
    ReloadSequence,
    ResetValuesSequence,
    StatusSequence,
)
from verif.uvm.virtual_sequences import (
    AbortSequence,
    GemmSequence,
    RandomGemmSequence,
    ResetSequence,
    ResetStormSequence,
    SoakSequence,
    TailSequence,
    VirtualSequence,
)

SMALLEST_SIZE = 4
SOAK_VARIABLE = "HEEPSTOR_SOAK"
"""Environment variable: how many items the soak test does, whatever the effort."""
_QUICK_SOAK_ITEMS, _FULL_SOAK_ITEMS = 8, 400
_RESET_CYCLES = 5
_MEMORY_WORDS = 1 << 13


def _hardware(tb: Any) -> Config:
    """The configuration that the test top was built with."""
    return replace(
        config.load(),
        systolic_array_size=int(tb.Size.value),
        systolic_array_accumulator_rows=int(tb.AccumulatorRows.value),
        systolic_array_ports=int(tb.Ports.value),
        systolic_array_activation_words=int(tb.ActivationWords.value),
        systolic_array_weight_rows=int(tb.WeightRows.value),
    )


class ArrayTest(uvm_test):
    """Base: builds the environment, resets the array, runs `stimulus`, reads all state."""

    def build_phase(self) -> None:
        tb = cocotb.top
        name = type(self).__name__
        port = PortConfig(tb, SYSTOLIC_ARRAY.base, SYSTOLIC_ARRAY.size)
        self.cfg = ArrayConfig(
            port=port,
            size=int(tb.Size.value),
            rows=int(tb.AccumulatorRows.value),
            hardware=_hardware(tb),
            config_hash=int(tb.ConfigHash.value),
            random=np.random.default_rng([cocotb.RANDOM_SEED, zlib.crc32(name.encode())]),
            coverage=Coverage(),
            memory=Memory(_MEMORY_WORDS),
        )
        ConfigDB().set(None, "*", "cfg", self.cfg)
        ConfigDB().set(None, "*", "port", port)
        self.env = ArrayEnv("env", self)

    async def run_phase(self) -> None:
        self.raise_objection()
        await self.reset()
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

    async def start(self, sequence: BusSequence | VirtualSequence) -> None:
        """Run a sequence to its end, on the sequencer that it is for."""
        is_bus = isinstance(sequence, BusSequence)
        await sequence.start(self.env.bus.sequencer if is_bus else self.env.sequencer)

    async def reset(self) -> None:
        """Reset the array."""
        request = ResetRequest(cycles=_RESET_CYCLES)
        await self.env.reset.sequencer.start_item(request)
        await self.env.reset.sequencer.finish_item(request)

    async def gemm(self, a: Float32Array, w: Int8Array, **how: object) -> None:
        """Run a GEMM of given operands."""
        await self.start(GemmSequence(a, w, **how))

    async def gemm_of(self, m: int, k: int, n: int, special: float = 0.0, **how: object) -> None:
        """Run a random GEMM of a shape."""
        a = stimulus.activations(self.cfg.random, (m, k), special)
        await self.gemm(a, stimulus.weights(self.cfg.random, (k, n), special), **how)

    def report_phase(self) -> None:
        name = f"{type(self).__name__}-{self.cfg.size}x{self.cfg.rows}-seed{seeds.base()}.json"
        self.cfg.coverage.save(session_folder() / name)


@pyuvm.test()
class RegistersReadAndWriteAsTheirTableSays(ArrayTest):
    """Each register: its reset value, its access policy bit by bit, and the reset value again."""

    async def stimulus(self) -> None:
        model = self.env.registers
        policies = RegisterSequence(model)
        await self.start(policies)
        await self.reset()
        for register in model.by_name.values():
            register.reset()
        after_reset = ResetValuesSequence(model)
        await self.start(after_reset)
        self._faults = policies.faults + after_reset.faults

    def check_phase(self) -> None:
        if self._faults:
            raise AssertionError("\n".join(self._faults))


@pyuvm.test()
class CornerShapesGiveGoldenBits(ArrayTest):
    """M, K and N just at, below and above what fits, and all tails."""

    async def stimulus(self) -> None:
        for m in self._around(self.cfg.rows):
            for k in self._around(self.cfg.size):
                for n in self._around(self.cfg.size):
                    await self.gemm_of(m, k, n)
        await self.start(TailSequence())

    def _around(self, limit: int) -> tuple[int, ...]:
        # Several tiles in all directions at once only where they are small: they take time.
        many = (2 * limit + 1,) if self.cfg.size == SMALLEST_SIZE else ()
        return (1, limit - 1, limit, limit + 1, *many)


@pyuvm.test()
class SpecialValuesGiveGoldenBits(ArrayTest):
    """Zeros, subnormals, infinities, NaN, overflow, cancellation; weights at their ends."""

    async def stimulus(self) -> None:
        random, size, rows = self.cfg.random, self.cfg.size, self.cfg.rows
        for special in (0.1, 0.5, 1.0):
            await self.gemm_of(2 * rows, size + 1, size, special)
        await self.gemm(*stimulus.cancellation(rows, 2 * size, size))
        for code in (-128, -127, 127, 0):
            a = stimulus.mixed(random, (rows, size), stimulus.MIXES["everything"])
            await self.gemm(a, np.full((size, size), code, np.int8))
        await self.gemm(*stimulus.every_pair())
        for bits in stimulus.SPECIAL_BITS:
            a = np.full((1, 2), bits, np.uint32).view(np.float32)
            await self.gemm(a, np.resize(stimulus.SPECIAL_WEIGHTS, (2, size)))
        await self.start(PartialSumsSequence())


@pyuvm.test()
class RandomGemmsGiveGoldenBits(ArrayTest):
    """Random shapes, classes of values, gaps, banks and byte enables."""

    async def stimulus(self) -> None:
        for _ in range(6):
            await self.start(RandomGemmSequence())


@pyuvm.test()
class HazardsOnlyMakeTheBusWait(ArrayTest):
    """Rows in flight launched again and read, weights rewritten while in use, in every pattern."""

    async def stimulus(self) -> None:
        await self.start(InterlockSequence())
        await self.start(EveryStallSequence())
        await self.start(EveryMomentSequence())
        await self.start(ReloadSequence())
        size = self.cfg.size
        for bank in (0, 1):
            await self.gemm_of(1, 4 * size, size, bank=bank)
            await self.gemm_of(2, 4 * size + 1, 2, bank=bank)


@pyuvm.test()
class EveryAccessIsRightInEveryState(ArrayTest):
    """Each register, window and refusal while idle, busy, a step waits, a weight waits."""

    async def stimulus(self) -> None:
        await self.start(EveryAccessInEveryStateSequence())
        await self.start(ByteEnableSequence())


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


@pyuvm.test()
class ResetInTheMiddleLeavesAnArrayThatWorks(ArrayTest):
    """In each state, with an answer due, with a request waiting, and at random moments."""

    async def stimulus(self) -> None:
        await self.start(ResetSequence())
        await self.start(ResetStormSequence(4))


@pyuvm.test()
class LongSoakOfEverythingGivesGoldenBits(ArrayTest):
    """Random items one after the other; HEEPSTOR_SOAK says how many, else the session's effort."""

    async def stimulus(self) -> None:
        items = session.of(quick=_QUICK_SOAK_ITEMS, full=_FULL_SOAK_ITEMS)
        await self.start(SoakSequence(int(os.environ.get(SOAK_VARIABLE, items))))
