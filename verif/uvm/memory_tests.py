"""UVM tests of the memory agent, on the manager of obi_manager_tb.sv."""

from __future__ import annotations

from typing import ClassVar

import cocotb
import numpy as np
import pyuvm
from cocotb.triggers import ClockCycles, FallingEdge
from pyuvm import ConfigDB, uvm_subscriber, uvm_test

from verif.uvm.config import MemoryConfig, PortConfig
from verif.uvm.items import BusTransaction
from verif.uvm.memory import WORD, Memory
from verif.uvm.memory_agent import ERROR_DATA, ObiMemoryAgent

_CYCLES = 2000
_BREACH_CYCLES = 200
_SLOW = (0, 0, 1, 2, 7)


class MemoryScoreboard(uvm_subscriber):
    """Compares what the port saw with a memory of its own, which does each access in order."""

    def build_phase(self) -> None:
        self._words = len(ConfigDB().get(self, "", "memory").memory.words)
        self._memory = Memory(self._words)
        self.faults: list[str] = []
        self.seen = self.errors = 0
        self.latencies: set[int] = set()

    def write(self, tt: BusTransaction) -> None:
        self.seen += 1
        self.errors += tt.error
        self.latencies.add(tt.answered - tt.granted)
        index = tt.offset // WORD
        if index >= self._words and not tt.error:
            self.faults.append(f"word {index} beyond the memory was answered without an error")
        if tt.write and not tt.error:
            self._memory.write(index, tt.data, tt.byte_enable)
        expected = ERROR_DATA if tt.error else self._memory.read(index)
        if not tt.write and tt.data != expected:
            self.faults.append(f"word {index}: got 0x{tt.data:08x}, expected 0x{expected:08x}")


class MemoryTest(uvm_test):
    """Base: an agent on the port of the manager, which is let loose for some cycles."""

    settings: ClassVar[dict[str, object]] = {}
    fault = 0
    cycles = _CYCLES

    def build_phase(self) -> None:
        self._tb = cocotb.top
        window = WORD << 16
        memory = MemoryConfig(
            np.random.default_rng(cocotb.RANDOM_SEED),
            Memory(int(self._tb.Words.value)),
            **self.settings,
        )
        ConfigDB().set(None, "*", "port", PortConfig(self._tb, base=0, window_bytes=window))
        ConfigDB().set(None, "*", "memory", memory)
        self.agent = ObiMemoryAgent("agent", self)
        self.scoreboard = MemoryScoreboard("scoreboard", self)

    def connect_phase(self) -> None:
        self.agent.monitor.transactions.connect(self.scoreboard.analysis_export)

    async def run_phase(self) -> None:
        self.raise_objection()
        await FallingEdge(self._tb.clk)
        self._tb.fault.value = self.fault
        self._tb.enable.value = 1
        await ClockCycles(self._tb.clk, self.cycles)
        self._tb.fault.value = 0
        self._tb.enable.value = 0
        await ClockCycles(self._tb.clk, 20 * max(_SLOW))
        self.drop_objection()

    def check_phase(self) -> None:
        assert not self.scoreboard.faults, "\n".join(self.scoreboard.faults[:10])
        assert self.scoreboard.seen > self.cycles // 20


@pyuvm.test()
class QuickMemoryAnswersWithWhatWasWritten(MemoryTest):
    """Granted at once, answered in the next cycle; only what is beyond the memory fails."""

    def check_phase(self) -> None:
        super().check_phase()
        assert self.scoreboard.latencies == {1}
        assert 0 < self.scoreboard.errors < self.scoreboard.seen // 10


@pyuvm.test()
class SlowMemoryAnswersWithWhatWasWritten(MemoryTest):
    """Grants and answers wait at random."""

    settings: ClassVar[dict[str, object]] = {"grant_waits": _SLOW, "answer_waits": _SLOW}

    def check_phase(self) -> None:
        super().check_phase()
        assert {1, 2, 3, 8} <= self.scoreboard.latencies


@pyuvm.test()
class MemoryAnswersSomeAccessesWithAnErrorAndDoesNotDoThem(MemoryTest):
    """A quarter of the accesses fails."""

    settings: ClassVar[dict[str, object]] = {"errors": 0.25, "answer_waits": _SLOW}

    def check_phase(self) -> None:
        super().check_phase()
        assert 0.1 < self.scoreboard.errors / self.scoreboard.seen < 0.5


class BreachTest(MemoryTest):
    """Base: a breach of the protocol is planted, and the monitor must report it and nothing else.

    The scoreboard does not look: what the memory did with a request that changed is undefined.
    """

    cycles = _BREACH_CYCLES
    settings: ClassVar[dict[str, object]] = {"grant_waits": (0, 2, 3)}
    breach = ""

    def connect_phase(self) -> None:
        """Nothing to connect."""

    def check_phase(self) -> None:
        # The monitor would fail in its own check phase, which comes first of children, so its
        # faults are taken away by extract_phase.
        assert self._found, f"no breach was reported; planted: {self.breach}"
        others = [fault for fault in self._found if self.breach not in fault]
        assert not others, others

    def extract_phase(self) -> None:
        self._found = self.agent.monitor.faults[:]
        self.agent.monitor.faults.clear()


@pyuvm.test()
class WithdrawnRequestIsReported(BreachTest):
    """The manager gives up before the grant."""

    fault = 1
    breach = "a request was withdrawn before its grant"


@pyuvm.test()
class AddressThatChangesWhileItWaitsIsReported(BreachTest):
    """The manager changes its mind before the grant."""

    fault = 2
    breach = "a request was changed while it waited"


@pyuvm.test()
class DataThatChangesWhileItWaitsIsReported(BreachTest):
    """The manager changes what it writes before the grant."""

    fault = 3
    breach = "a request was changed while it waited"


@pyuvm.test()
class AnswerToNoRequestIsReported(BreachTest):
    """The memory answers what nobody asked."""

    settings: ClassVar[dict[str, object]] = {"unasked": True}
    breach = "an answer to no request"
