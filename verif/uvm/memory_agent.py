"""The OBI agent of a manager port: a memory that answers it, with waits and errors.

It is told everything by its MemoryConfig. Like the other agent it moves at the falling edge.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from cocotb.triggers import FallingEdge
from pyuvm import ConfigDB, uvm_agent, uvm_component

from verif.uvm.config import MemoryConfig, PortConfig
from verif.uvm.monitor import ObiMonitor

WORD = 4
ERROR_DATA = 0xBADA_CCE5
"""What a read that is answered with an error gives."""


class Memory:
    """Words by index, written by bytes; a word that was never written is 0."""

    def __init__(self) -> None:
        self._words: dict[int, int] = {}

    def read(self, index: int) -> int:
        """The word at `index`."""
        return self._words.get(index, 0)

    def write(self, index: int, word: int, byte_enable: int) -> None:
        """Write the bytes of `word` that `byte_enable` names."""
        mask = sum(0xFF << 8 * byte for byte in range(WORD) if byte_enable >> byte & 1)
        self._words[index] = self.read(index) & ~mask | word & mask


@dataclass
class _Answer:
    """An answer on its way: `wait` more cycles after those before it are gone."""

    wait: int
    data: int
    error: bool


class MemoryResponder(uvm_component):
    """Grants requests and answers them in their order."""

    def build_phase(self) -> None:
        self._port: PortConfig = ConfigDB().get(self, "", "port")
        self._cfg: MemoryConfig = ConfigDB().get(self, "", "memory")
        self._tb = self._port.tb
        self.memory = Memory()
        self._answers: deque[_Answer] = deque()
        self._grant_wait: int | None = None

    async def run_phase(self) -> None:
        while True:
            await FallingEdge(self._tb.clk)
            # What was granted at the last rising edge is answered at the next one at the earliest.
            self._answer()
            self._grant()

    def _grant(self) -> None:
        """Grant the request that is there, when it has waited long enough."""
        self._tb.gnt.value = 0
        if not self._tb.req.value:
            self._grant_wait = None
            return
        if self._grant_wait is None:
            self._grant_wait = self._draw(self._cfg.grant_waits)
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
        wait = self._draw(self._cfg.answer_waits)
        if index >= self._cfg.words or self._cfg.random.random() < self._cfg.errors:
            return _Answer(wait, ERROR_DATA, error=True)
        if tb.we.value:
            self.memory.write(index, int(tb.wdata.value), int(tb.be.value))
            return _Answer(wait, 0, error=False)
        return _Answer(wait, self.memory.read(index), error=False)

    def _answer(self) -> None:
        """Give the oldest answer, if it is due."""
        due = bool(self._answers) and self._answers[0].wait == 0
        if due:
            answer = self._answers.popleft()
            self._tb.rdata.value = answer.data
            self._tb.err.value = answer.error
        elif self._answers:
            self._answers[0].wait -= 1
        unasked = self._cfg.unasked and not self._answers
        self._tb.rvalid.value = due or unasked

    def _draw(self, waits: tuple[int, ...]) -> int:
        return int(self._cfg.random.choice(waits))


class ObiMemoryAgent(uvm_agent):
    """A memory on a manager port, and the monitor of the port."""

    def build_phase(self) -> None:
        self.responder = MemoryResponder("responder", self)
        self.monitor = ObiMonitor("monitor", self)
