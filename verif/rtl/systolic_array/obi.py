"""An OBI manager for tests: one access a cycle if the subordinate lets it, protocol checked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from cocotb.triggers import FallingEdge, RisingEdge

ALL_BYTES = 0b1111


@dataclass(frozen=True)
class Access:
    """A read (`data` is None) or a write; `idle` cycles pass before it is asked for."""

    address: int
    data: int | None = None
    enable: int = ALL_BYTES
    idle: int = 0


@dataclass(frozen=True)
class Response:
    """What an access gave: read data, the cycle of its grant, how long it waited for it."""

    data: int
    granted: int
    waited: int


class Manager:
    """Drives the `obi_` ports of `dut`; cycles are counted from its construction."""

    def __init__(self, dut: Any) -> None:
        self._dut = dut
        self.cycle = 0
        dut.obi_req_i.value = 0

    async def write(self, address: int, data: int, enable: int = ALL_BYTES) -> Response:
        """One write, waited for."""
        return (await self.transfer([Access(address, data, enable)]))[0]

    async def read(self, address: int) -> int:
        """One read; returns its data."""
        return (await self.transfer([Access(address)]))[0].data

    async def wait(self, cycles: int) -> None:
        """Let cycles pass without asking for anything."""
        for _ in range(cycles):
            assert not await self._cycle(), "a response that nothing asked for"

    async def transfer(self, accesses: Iterable[Access]) -> list[Response]:
        """Make accesses, each asked for as soon as the one before it is granted.

        Raises:
            AssertionError: a response is missing, late, or one that nothing asked for.
        """
        grants: list[tuple[int, int]] = []  # cycle, cycles waited
        data: list[int] = []
        for access in accesses:
            for _ in range(access.idle):
                await self._collect(grants, data)
            self._drive(access)
            waited = 0
            while not await self._collect(grants, data, waited):
                waited += 1
        await self._collect(grants, data)
        return [Response(d, *grant) for d, grant in zip(data, grants, strict=True)]

    def _drive(self, access: Access) -> None:
        dut = self._dut
        dut.obi_req_i.value = 1
        dut.obi_addr_i.value = access.address
        dut.obi_we_i.value = access.data is not None
        dut.obi_be_i.value = access.enable
        dut.obi_wdata_i.value = access.data or 0

    async def _collect(
        self, grants: list[tuple[int, int]], data: list[int], waited: int = 0
    ) -> bool:
        """One cycle; tells whether the access on the port was granted."""
        owed = len(grants) - len(data)
        assert await self._cycle() == bool(owed), f"cycle {self.cycle}: {owed} responses owed"
        if owed:
            data.append(self._rdata)
        if self._granted:
            grants.append((self.cycle - 1, waited))
            self._dut.obi_req_i.value = 0
        return self._granted

    async def _cycle(self) -> bool:
        """Let a cycle pass; tells whether there was a response in it."""
        dut = self._dut
        await FallingEdge(dut.clk_i)
        self._granted = bool(dut.obi_req_i.value) and bool(dut.obi_gnt_o.value)
        self._rdata = int(dut.obi_rdata_o.value)
        rvalid = bool(dut.obi_rvalid_o.value)
        await RisingEdge(dut.clk_i)
        self.cycle += 1
        return rvalid


def words(base: int, values: Sequence[int]) -> list[Access]:
    """Writes of consecutive words."""
    return [Access(base + 4 * i, value) for i, value in enumerate(values)]
