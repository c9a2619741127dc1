"""The memory behind the array's manager ports: it grants, waits and answers as it likes."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
from cocotb.triggers import FallingEdge, RisingEdge

from verif.rtl import sa

_MAX_WAIT = 4
"""Cycles between a grant and its answer, at most."""


class Memory:
    """Words from address 0 on; what lies beyond them is answered with an error.

    Attributes:
        words: what is stored.
        is_slow: whether it keeps its managers waiting now and then.
        reads: words granted to be read, `writes` to be written, errors included.
        answers: how many it still gives; None: all that are owed.
        errors: cycle, port and address of each answer that was an error, in their order.
    """

    def __init__(self, dut: Any, words: int) -> None:
        self.words = np.zeros(words, np.uint32)
        self.is_slow = True
        self.reads = 0
        self.writes = 0
        self.answers: int | None = None
        self.errors: list[tuple[int, int, int]] = []
        self._dut = dut
        self._ports = len(dut.obi_mgr_req_o)
        self._rng = sa.generator()
        # By port: cycle from which it may be answered, data, address.
        self._due: list[deque[tuple[int, int, int]]] = [deque() for _ in range(self._ports)]
        self._cycle = 0

    def forget(self) -> None:
        """Owe no answer any more, after a reset."""
        for due in self._due:
            due.clear()

    def has(self, address: int) -> bool:
        """Whether a word is there."""
        return address // 4 < len(self.words)

    async def serve(self) -> None:
        """Answers for ever; begins right after a rising edge."""
        while True:
            grants = self._drive()
            await FallingEdge(self._dut.clk_i)
            self._take(grants)
            await RisingEdge(self._dut.clk_i)
            self._cycle += 1

    def _drive(self) -> int:
        """Drive answers and grants of this cycle; returns which ports are granted."""
        dut = self._dut
        valid, error, data = 0, 0, 0
        for port, due in enumerate(self._due):
            if due and due[0][0] <= self._cycle and self.answers != 0:
                _, word, address = due.popleft()
                self.answers = self.answers and self.answers - 1
                valid |= 1 << port
                data |= word << 32 * port
                if not self.has(address):
                    error |= 1 << port
                    self.errors.append((self._cycle, port, address))
        grants = (1 << self._ports) - 1
        if self.is_slow:
            grants &= int(self._rng.integers(0, 1 << self._ports))
        dut.obi_mgr_gnt_i.value = grants
        dut.obi_mgr_rvalid_i.value = valid
        dut.obi_mgr_err_i.value = error
        dut.obi_mgr_rdata_i.value = data
        return grants

    def _take(self, grants: int) -> None:
        """Make the accesses that are granted in this cycle."""
        dut = self._dut
        granted = int(dut.obi_mgr_req_o.value) & grants
        if not granted:
            return
        writes = int(dut.obi_mgr_we_o.value)
        addresses = sa.unpack(int(dut.obi_mgr_addr_o.value), self._ports)
        data = sa.unpack(int(dut.obi_mgr_wdata_o.value), self._ports)
        for port in range(self._ports):
            if granted >> port & 1:
                self._access(port, addresses[port], data[port] if writes >> port & 1 else None)

    def _access(self, port: int, address: int, data: int | None) -> None:
        wait = int(self._rng.integers(0, _MAX_WAIT)) if self.is_slow else 0
        self.reads += data is None
        self.writes += data is not None
        word = 0xDEAD_BEEF
        if self.has(address) and data is None:
            word = int(self.words[address // 4])
        elif self.has(address):
            self.words[address // 4] = data
        self._due[port].append((self._cycle + 1 + wait, word, address))
