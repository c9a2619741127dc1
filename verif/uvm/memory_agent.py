"""The OBI agent of a manager port: a memory that answers it, with waits and errors.

It is told everything by its MemoryConfig, which may be exchanged at any time. Like the other agent
it moves at the falling edge.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge
from pyuvm import ConfigDB, uvm_agent, uvm_component

from verif.uvm.config import MemoryConfig, PortConfig
from verif.uvm.memory import WORD
from verif.uvm.monitor import ObiMonitor

ERROR_DATA = 0xBADA_CCE5
"""What a read that is answered with an error gives."""


@dataclass
class _Answer:
    """An answer on its way: `wait` more cycles after those before it are gone."""

    wait: int
    data: int
    error: bool


class MemoryResponder(uvm_component):
    """Grants requests and answers them in their order; a reset makes it forget them.

    Attributes:
        cfg: what it is told.
        accesses: how many it granted so far, `writes` those that write.
    """

    def build_phase(self) -> None:
        self._port: PortConfig = ConfigDB().get(self, "", "port")
        self.cfg: MemoryConfig = ConfigDB().get(self, "", "memory")
        self._tb = self._port.tb
        self._answers: deque[_Answer] = deque()
        self._grant_wait: int | None = None
        self._answers_now = False
        self.accesses = self.writes = 0

    async def run_phase(self) -> None:
        cocotb.start_soon(self._forget_at_reset())
        while True:
            if self._is_idle():
                # Every cycle that nobody looks at makes the simulation faster.
                await RisingEdge(self._tb.req)
            await FallingEdge(self._tb.clk)
            # What was granted at the last rising edge is answered at the next one at the earliest.
            self._answer()
            self._grant()

    async def _forget_at_reset(self) -> None:
        while True:
            await FallingEdge(self._tb.rst_n)
            self._answers.clear()

    def _is_idle(self) -> bool:
        return not (self._answers or self._answers_now or self.cfg.unasked or self._tb.req.value)

    def _grant(self) -> None:
        """Grant the request that is there, when it has waited long enough."""
        self._tb.gnt.value = 0
        if not self._tb.req.value:
            self._grant_wait = None
            return
        if self._grant_wait is None:
            self._grant_wait = self._draw(self.cfg.grant_waits)
        if self._grant_wait == 0:
            self._tb.gnt.value = 1
            self._answers.append(self._access())
            self._grant_wait = None
        else:
            self._grant_wait -= 1

    def _access(self) -> _Answer:
        """Do the access that is granted now."""
        tb = self._tb
        index = (int(tb.addr.value) - self._port.base) // WORD
        wait = self._draw(self.cfg.answer_waits)
        self.accesses += 1
        self.writes += int(tb.we.value)
        if self._fails(index):
            return _Answer(wait, ERROR_DATA, error=True)
        if tb.we.value:
            self.cfg.memory.write(index, int(tb.wdata.value), int(tb.be.value))
            return _Answer(wait, 0, error=False)
        return _Answer(wait, self.cfg.memory.read(index), error=False)

    def _fails(self, index: int) -> bool:
        cfg = self.cfg
        if index >= len(cfg.memory.words) or index in cfg.broken:
            return True
        return cfg.errors > 0 and cfg.random.random() < cfg.errors

    def _answer(self) -> None:
        """Give the oldest answer, if it is due."""
        due = bool(self._answers) and self._answers[0].wait == 0
        if due:
            answer = self._answers.popleft()
            self._tb.rdata.value = answer.data
            self._tb.err.value = answer.error
        elif self._answers:
            self._answers[0].wait -= 1
        self._answers_now = due or (self.cfg.unasked and not self._answers)
        self._tb.rvalid.value = self._answers_now

    def _draw(self, waits: tuple[int, ...]) -> int:
        return waits[self.cfg.random.integers(len(waits))] if len(waits) > 1 else waits[0]


class ObiMemoryAgent(uvm_agent):
    """A memory on a manager port, and the monitor of the port."""

    def build_phase(self) -> None:
        self.responder = MemoryResponder("responder", self)
        self.monitor = ObiMonitor("monitor", self)
