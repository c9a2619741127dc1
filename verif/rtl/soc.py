"""What the tests of the SoC's modules share: sources and a bus manager for unprefixed OBI ports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge

from heepstor import config
from heepstor.build import rtl

ALL_BYTES = 0b1111
_GRANT_LIMIT = 100  # cycles


def sources(*modules: str) -> list[Path]:
    """Files of `rtl/soc` by module, with the packages that they may need, packages first."""
    own = {path.stem: path for path in rtl.own_files("soc")}
    packages = [*rtl.generated_files(config.load()), own["soc_pkg"]]
    return [*rtl.WAIVERS, *packages, *(own[module] for module in modules)]


def opentitan_sources(*modules: str) -> list[Path]:
    """As `sources`, for modules around OpenTitan's."""
    clock_gate = [path for path in rtl.own_files("common") if path.stem == "clk_gate"]
    shared = ("prim_flop", "prim_flop_2sync", "idle_gate", "obi_tlul")
    return [*rtl.opentitan().files, *clock_gate, *sources(*shared, *modules)]


@dataclass(frozen=True)
class Access:
    """A read (`data` is None) or a write."""

    address: int
    data: int | None = None
    enable: int = ALL_BYTES


class Manager:
    """Drives the OBI ports of `dut`."""

    def __init__(self, dut: Any) -> None:
        self._dut = dut
        self.cycles = 0
        dut.req_i.value = 0

    async def read(self, address: int) -> int:
        """One read, waited for."""
        return (await self.burst([Access(address)]))[0]

    async def write(self, address: int, data: int, enable: int = ALL_BYTES) -> None:
        """One write, waited for."""
        await self.burst([Access(address, data, enable)])

    async def burst(self, accesses: Sequence[Access]) -> list[int]:
        """Make accesses without a pause between grant and next request; returns their read data.

        Raises:
            AssertionError: no grant or response in time, or a response that nothing asked for.
        """
        dut = self._dut
        granted = 0
        data: list[int] = []
        waited = 0
        while len(data) < len(accesses):
            asking = granted < len(accesses)
            dut.req_i.value = asking
            if asking:
                access = accesses[granted]
                dut.addr_i.value = access.address
                dut.we_i.value = access.data is not None
                dut.be_i.value = access.enable
                dut.wdata_i.value = access.data or 0
            await FallingEdge(dut.clk_i)
            if dut.rvalid_o.value:
                assert len(data) < granted, f"response {len(data)} before its grant"
                data.append(int(dut.rdata_o.value))
                waited = 0
            if asking and dut.gnt_o.value:
                granted += 1
                waited = 0
            waited += 1
            assert waited < _GRANT_LIMIT, f"{accesses[len(data)]}: no answer"
            await RisingEdge(dut.clk_i)
            self.cycles += 1
        dut.req_i.value = 0
        return data

    async def idle(self, cycles: int) -> None:
        """Let cycles pass; there must be no response."""
        for _ in range(cycles):
            await FallingEdge(self._dut.clk_i)
            assert not self._dut.rvalid_o.value, "a response that nothing asked for"
            await RisingEdge(self._dut.clk_i)
            self.cycles += 1


class Pulses:
    """Counts the rising edges of a signal from its construction."""

    def __init__(self, signal: Any) -> None:
        self.count = 0
        self._signal = signal
        self._task = cocotb.start_soon(self._run())

    async def _run(self) -> None:
        while True:
            await RisingEdge(self._signal)
            self.count += 1

    def stop(self) -> int:
        """Count no more; returns the count."""
        self._task.cancel()
        return self.count
