"""What lies above the bus: tiles translated to bus requests, resets, and the virtual sequencer."""

from __future__ import annotations

from collections.abc import Sequence

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge
from pyuvm import ConfigDB, uvm_agent, uvm_analysis_port, uvm_driver, uvm_sequencer

from verif.uvm.agent import ObiSequencer
from verif.uvm.config import ArrayConfig, PortConfig
from verif.uvm.items import ChainItem, TileItem
from verif.uvm.memory_agent import MemoryResponder
from verif.uvm.sequences import ChainSequence, TileSequence


class TileDriver(uvm_driver):
    """Does each tile by a sequence on the bus sequencer `bus`, and publishes it when it is over."""

    bus: ObiSequencer

    def build_phase(self) -> None:
        self._port: PortConfig = ConfigDB().get(self, "", "port")
        self.tiles = uvm_analysis_port("tiles", self)
        self._resets = 0

    async def run_phase(self) -> None:
        resets = cocotb.start_soon(self._count_resets())
        try:
            while True:
                tile = await self.seq_item_port.get_next_item()
                await self._do(tile)
                self.seq_item_port.item_done()
        finally:
            resets.cancel()

    async def _do(self, tile: TileItem) -> None:
        before = self._resets
        await TileSequence(tile).start(self.bus)
        if self._resets != before:
            tile.result = None
        self.tiles.write(tile)

    async def _count_resets(self) -> None:
        while True:
            await RisingEdge(self._port.tb.reset)
            self._resets += 1


class TileAgent(uvm_agent):
    """Sequencer and driver of tiles."""

    def build_phase(self) -> None:
        self.sequencer = uvm_sequencer("sequencer", self)
        self.driver = TileDriver("driver", self)

    def connect_phase(self) -> None:
        self.driver.seq_item_port.connect(self.sequencer.seq_item_export)


class ChainDriver(uvm_driver):
    """Runs each chain of jobs by a sequence on the bus sequencer `bus`.

    It publishes each one when it begins and, with all that is known of it, when it has ended.
    """

    bus: ObiSequencer

    def build_phase(self) -> None:
        self.cfg: ArrayConfig = ConfigDB().get(self, "", "cfg")
        self.chains = uvm_analysis_port("chains", self)

    async def run_phase(self) -> None:
        while True:
            chain: ChainItem = await self.seq_item_port.get_next_item()
            chain.before = self.cfg.memory.words.copy()
            self.chains.write(chain)
            await ChainSequence(chain).start(self.bus)
            chain.after = self.cfg.memory.words.copy()
            self.chains.write(chain)
            self.seq_item_port.item_done()


class ChainAgent(uvm_agent):
    """Sequencer and driver of chains of jobs."""

    def build_phase(self) -> None:
        self.sequencer = uvm_sequencer("sequencer", self)
        self.driver = ChainDriver("driver", self)

    def connect_phase(self) -> None:
        self.driver.seq_item_port.connect(self.sequencer.seq_item_export)


class ResetDriver(uvm_driver):
    """Drives the reset."""

    def build_phase(self) -> None:
        self._port: PortConfig = ConfigDB().get(self, "", "port")

    async def run_phase(self) -> None:
        tb = self._port.tb
        await FallingEdge(tb.clk)
        while True:
            request = await self.seq_item_port.get_next_item()
            for _ in range(request.after):
                await FallingEdge(tb.clk)
            tb.reset.value = 1
            for _ in range(request.cycles):
                await FallingEdge(tb.clk)
            tb.reset.value = 0
            await FallingEdge(tb.clk)
            self.seq_item_port.item_done()


class ResetAgent(uvm_agent):
    """Sequencer and driver of the reset."""

    def build_phase(self) -> None:
        self.sequencer = uvm_sequencer("sequencer", self)
        self.driver = ResetDriver("driver", self)

    def connect_phase(self) -> None:
        self.driver.seq_item_port.connect(self.sequencer.seq_item_export)


class VirtualSequencer(uvm_sequencer):
    """Holds what a virtual sequence uses; `products` publishes whole GEMMs.

    `ports` answer the array's own ports.
    """

    bus: ObiSequencer
    tiles: uvm_sequencer
    chains: uvm_sequencer
    ports: Sequence[MemoryResponder]
    reset: uvm_sequencer

    def build_phase(self) -> None:
        self.cfg: ArrayConfig = ConfigDB().get(self, "", "cfg")
        self.products = uvm_analysis_port("products", self)
