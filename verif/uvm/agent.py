"""The OBI agent of a subordinate port: plays the bus manager, and watches.

Everything moves at the falling edge, half a cycle away from where the array looks.
"""

from __future__ import annotations

from collections import deque

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge, ValueChange
from pyuvm import ConfigDB, uvm_agent, uvm_driver, uvm_sequencer

from verif.uvm.config import ArrayConfig, PortConfig
from verif.uvm.items import BusRequest
from verif.uvm.monitor import ObiMonitor


class ObiDriver(uvm_driver):
    """Drives requests as fast as they come; an item is done for it when it is granted.

    Answers come later, in the order of the requests; `done` of the item tells. A reset cuts off
    what is waiting or not answered; what comes during a reset waits for its end.
    """

    def build_phase(self) -> None:
        self._port: PortConfig = ConfigDB().get(self, "", "port")
        self._tb = self._port.tb
        self._unanswered: deque[BusRequest] = deque()

    async def run_phase(self) -> None:
        helpers = [cocotb.start_soon(self._take_answers()), cocotb.start_soon(self._cut_off())]
        await FallingEdge(self._tb.clk)
        try:
            while True:
                request = await self.seq_item_port.get_next_item()
                await self._drive(request)
                self.seq_item_port.item_done()
        finally:
            for helper in helpers:
                helper.cancel()

    async def _drive(self, request: BusRequest) -> None:
        for _ in range(request.gap or 0):
            await FallingEdge(self._tb.clk)
        while self._tb.reset.value:
            await FallingEdge(self._tb.clk)
        self._tb.we.value = request.write
        self._tb.be.value = request.byte_enable
        self._tb.addr.value = self._port.base + request.offset
        self._tb.wdata.value = request.data
        self._tb.req.value = 1
        self._unanswered.append(request)
        for _ in range(self._port.timeout_cycles):
            await FallingEdge(self._tb.clk)
            if self._tb.granted.value or request.done.is_set():
                # The next request, if there is one, raises it again in this very time step.
                self._tb.req.value = 0
                return
        raise AssertionError(
            f"request to 0x{request.offset:04x} not granted in {self._port.timeout_cycles} cycles"
        )

    async def _take_answers(self) -> None:
        while True:
            await ValueChange(self._tb.activity)
            if self._tb.answered.value:
                request = self._unanswered.popleft()
                if not request.write:
                    request.data = int(self._tb.answer.value)
                request.done.set()

    async def _cut_off(self) -> None:
        while True:
            await RisingEdge(self._tb.reset)
            for request in self._unanswered:
                request.done.set()
            self._unanswered.clear()


class ObiSequencer(uvm_sequencer):
    """The sequencer of bus requests."""

    def build_phase(self) -> None:
        self.cfg: ArrayConfig = ConfigDB().get(self, "", "cfg")


class ObiAgent(uvm_agent):
    """Sequencer, driver and monitor of the array's bus port."""

    def build_phase(self) -> None:
        self.sequencer = ObiSequencer("sequencer", self)
        self.driver = ObiDriver("driver", self)
        self.monitor = ObiMonitor("monitor", self)

    def connect_phase(self) -> None:
        self.driver.seq_item_port.connect(self.sequencer.seq_item_export)
