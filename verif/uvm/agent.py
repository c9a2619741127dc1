"""The OBI agent: plays the bus manager on the array's subordinate port, and watches it.

Everything moves at the falling edge, half a cycle away from where the array looks.
"""

from __future__ import annotations

from collections import deque
from typing import Any, NamedTuple

import cocotb
from cocotb.triggers import FallingEdge, ValueChange
from pyuvm import ConfigDB, uvm_agent, uvm_analysis_port, uvm_driver, uvm_monitor, uvm_sequencer

from heepstor.registers import SYSTOLIC_ARRAY
from verif.uvm.config import ArrayConfig
from verif.uvm.items import BusRequest, BusTransaction


class Seen(NamedTuple):
    """What a rising edge saw on the bus: the fields of `seen` in systolic_array_tb.sv."""

    cycle: int
    waited: int
    granted: int
    answered: int
    irq: int
    write: int
    byte_enable: int
    address: int
    wdata: int
    rdata: int


_WIDTHS = Seen(32, 32, 1, 1, 1, 1, 4, 32, 32, 32)


def _unpack(vector: int) -> Seen:
    fields = []
    for width in reversed(_WIDTHS):
        fields.append(vector & ((1 << width) - 1))
        vector >>= width
    return Seen(*reversed(fields))


class ObiDriver(uvm_driver):
    """Drives requests as fast as they come; an item is done for it when it is granted.

    Answers come later, in the order of the requests; `done` of the item tells.
    """

    def build_phase(self) -> None:
        self._cfg: ArrayConfig = ConfigDB().get(self, "", "cfg")
        self._tb: Any = self._cfg.tb
        self._unanswered: deque[BusRequest] = deque()

    async def run_phase(self) -> None:
        answers = cocotb.start_soon(self._take_answers())
        await FallingEdge(self._tb.clk)
        try:
            while True:
                request = await self.seq_item_port.get_next_item()
                await self._drive(request)
                self.seq_item_port.item_done()
        finally:
            answers.cancel()

    async def _drive(self, request: BusRequest) -> None:
        for _ in range(request.gap):
            await FallingEdge(self._tb.clk)
        self._tb.we.value = request.write
        self._tb.be.value = request.byte_enable
        self._tb.addr.value = self._cfg.base + request.offset
        self._tb.wdata.value = request.data
        self._tb.req.value = 1
        self._unanswered.append(request)
        for _ in range(self._cfg.timeout_cycles):
            await FallingEdge(self._tb.clk)
            if self._tb.granted.value:
                # The next request, if there is one, raises it again in this very time step.
                self._tb.req.value = 0
                return
        raise AssertionError(
            f"request to 0x{request.offset:04x} not granted in {self._cfg.timeout_cycles} cycles"
        )

    async def _take_answers(self) -> None:
        while True:
            await ValueChange(self._tb.activity)
            if self._tb.answered.value:
                request = self._unanswered.popleft()
                if not request.write:
                    request.data = int(self._tb.answer.value)
                request.done.set()


class ObiMonitor(uvm_monitor):
    """Publishes each transaction when it is answered, and checks the subordinate's protocol."""

    def build_phase(self) -> None:
        self._cfg: ArrayConfig = ConfigDB().get(self, "", "cfg")
        self.transactions = uvm_analysis_port("transactions", self)
        self._unanswered: deque[Seen] = deque()
        self._faults: list[str] = []

    async def run_phase(self) -> None:
        tb = self._cfg.tb
        while True:
            await ValueChange(tb.activity)
            seen = _unpack(int(tb.seen.value))
            # An answer comes at least one cycle after its grant, so it is never for this grant.
            if seen.answered:
                self._answer(seen)
            if seen.granted:
                self._unanswered.append(seen)

    def _answer(self, seen: Seen) -> None:
        if not self._unanswered:
            self._faults.append(f"cycle {seen.cycle}: an answer to no request")
            return
        request = self._unanswered.popleft()
        self.transactions.write(
            BusTransaction(
                write=bool(request.write),
                offset=request.address % SYSTOLIC_ARRAY.size,
                byte_enable=request.byte_enable,
                data=request.wdata if request.write else seen.rdata,
                requested=request.cycle - request.waited,
                granted=request.cycle,
                answered=seen.cycle,
                irq=bool(seen.irq),
            )
        )

    def check_phase(self) -> None:
        self._faults += [
            f"cycle {seen.cycle}: request to 0x{seen.address:08x} never answered"
            for seen in self._unanswered
        ]
        if self._faults:
            raise AssertionError("OBI protocol:\n" + "\n".join(self._faults))


class ObiSequencer(uvm_sequencer):
    """The sequencer of bus requests; `products` publishes what sequences computed with them."""

    def build_phase(self) -> None:
        self.cfg: ArrayConfig = ConfigDB().get(self, "", "cfg")
        self.products = uvm_analysis_port("products", self)


class ObiAgent(uvm_agent):
    """Sequencer, driver and monitor of the array's bus port."""

    def build_phase(self) -> None:
        self.sequencer = ObiSequencer("sequencer", self)
        self.driver = ObiDriver("driver", self)
        self.monitor = ObiMonitor("monitor", self)

    def connect_phase(self) -> None:
        self.driver.seq_item_port.connect(self.sequencer.seq_item_export)
