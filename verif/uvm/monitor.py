"""The monitor of an OBI port: what happened on it, and breaches of its protocol.

It works on the probe of the port (obi_probe.sv) and does not care which side is under test.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from cocotb.triggers import ValueChange
from pyuvm import ConfigDB, uvm_analysis_port, uvm_monitor

from verif.uvm.config import PortConfig
from verif.uvm.items import BusTransaction, Reset


class Seen(NamedTuple):
    """What a rising edge saw: the fields of `seen_o` in obi_probe.sv."""

    cycle: int
    waited: int
    reset: int
    granted: int
    answered: int
    withdrawn: int
    changed: int
    unasked: int
    cut_off: int
    error: int
    state_at_request: int
    state: int
    write: int
    byte_enable: int
    address: int
    wdata: int
    rdata: int


_WIDTHS = Seen(32, 32, 1, 1, 1, 1, 1, 1, 1, 1, 5, 5, 1, 4, 32, 32, 32)
_BREACHES = {
    "withdrawn": "a request was withdrawn before its grant",
    "changed": "a request was changed while it waited",
    "unasked": "an answer to no request",
}


def _unpack(vector: int) -> Seen:
    fields = []
    for width in reversed(_WIDTHS):
        fields.append(vector & ((1 << width) - 1))
        vector >>= width
    return Seen(*reversed(fields))


class ObiMonitor(uvm_monitor):
    """Publishes each transaction when it is answered, each reset, and keeps the faults it saw."""

    def build_phase(self) -> None:
        self._port: PortConfig = ConfigDB().get(self, "", "port")
        self.transactions = uvm_analysis_port("transactions", self)
        self.resets = uvm_analysis_port("resets", self)
        self.faults: list[str] = []
        self._unanswered: deque[Seen] = deque()

    async def run_phase(self) -> None:
        tb = self._port.tb
        while True:
            await ValueChange(tb.activity)
            self._take(_unpack(int(tb.seen.value)))

    def _take(self, seen: Seen) -> None:
        for flag, breach in _BREACHES.items():
            if getattr(seen, flag):
                self.faults.append(f"cycle {seen.cycle}: {breach} (0x{seen.address:08x})")
        if seen.reset:
            self._reset(seen)
        # An answer comes at least one cycle after its grant, so it is never for this grant.
        if seen.answered and not seen.unasked:
            self.transactions.write(self._transaction(self._unanswered.popleft(), seen))
        if seen.granted:
            self._unanswered.append(seen)

    def _reset(self, seen: Seen) -> None:
        """What was not answered yet never will be."""
        unanswered = tuple(self._transaction(request, request) for request in self._unanswered)
        self._unanswered.clear()
        cut_off = self._transaction(seen, seen) if seen.cut_off else None
        self.resets.write(Reset(unanswered, cut_off, seen.state_at_request, bool(seen.waited)))

    def _transaction(self, request: Seen, answer: Seen) -> BusTransaction:
        return BusTransaction(
            write=bool(request.write),
            offset=request.address % self._port.window_bytes,
            byte_enable=request.byte_enable,
            data=request.wdata if request.write else answer.rdata,
            requested=request.cycle - request.waited,
            granted=request.cycle,
            answered=answer.cycle,
            state_at_request=request.state_at_request,
            state_at_answer=answer.state,
            error=bool(answer.error),
        )

    def check_phase(self) -> None:
        never = [
            f"cycle {seen.cycle}: request to 0x{seen.address:08x} never answered"
            for seen in self._unanswered
        ]
        if self.faults or never:
            raise AssertionError("OBI protocol:\n" + "\n".join(self.faults + never))
