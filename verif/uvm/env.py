"""The environment: agent, scoreboards, coverage, register model, and how they are connected."""

from __future__ import annotations

from itertools import islice

import numpy as np
from pyuvm import ConfigDB, uvm_env, uvm_subscriber

from golden import numpy_twin
from verif.uvm.agent import ObiAgent
from verif.uvm.chains import Judge, predict
from verif.uvm.config import ArrayConfig, MemoryConfig, PortConfig
from verif.uvm.items import BusTransaction, ChainItem, Gemm, Reset, TileItem
from verif.uvm.layers import ChainAgent, ResetAgent, TileAgent, VirtualSequencer
from verif.uvm.memory_agent import ObiMemoryAgent
from verif.uvm.model import ArrayModel
from verif.uvm.registers import RegisterAdapter, RegisterModel
from verif.uvm.sampling import BusSampler, sample_chain, sample_gemm, sample_port, sample_tile

_FAULTS_SHOWN = 10


class _Checker(uvm_subscriber):
    """A subscriber that collects faults, and raises them in the check phase."""

    def build_phase(self) -> None:
        self.cfg: ArrayConfig = ConfigDB().get(self, "", "cfg")
        self.faults: list[str] = []
        self.checked = 0

    def check_phase(self) -> None:
        if self.faults:
            shown = "\n".join(self.faults[:_FAULTS_SHOWN])
            raise AssertionError(f"{len(self.faults)} faults\n{shown}")


class BusScoreboard(_Checker):
    """Compares every answer of the array with the model of what a programmer sees."""

    def build_phase(self) -> None:
        super().build_phase()
        cfg = self.cfg
        self._model = ArrayModel(cfg.size, cfg.rows, cfg.config_hash, cfg.stream_geometry)
        self._sampler = BusSampler(self.cfg.coverage)

    def write(self, tt: BusTransaction | Reset) -> None:
        if isinstance(tt, Reset):
            self._model.reset([*tt.unanswered, *([tt.cut_off] if tt.cut_off else [])])
            self._sampler.reset(tt)
            return
        self.checked += 1
        self._sampler.transaction(tt, self._model.classify(tt))
        fault = self._model.check(tt)
        if fault:
            self.faults.append(fault)

    def check_phase(self) -> None:
        assert self.checked, "no bus transaction was checked"
        super().check_phase()


class TileScoreboard(_Checker):
    """Compares tiles with the golden model, bit for bit, and samples them."""

    def write(self, tt: TileItem) -> None:
        sample_tile(self.cfg.coverage, tt, self.cfg.size)
        if tt.result is None:
            return
        self.checked += 1
        expected = numpy_twin.gemm(tt.a, tt.w).view(np.uint32)
        got = np.ascontiguousarray(tt.result).view(np.uint32)
        for index in np.argwhere(got != expected)[:_FAULTS_SHOWN]:
            m, n = (int(i) for i in index)
            self.faults.append(
                f"tile {self.checked} of {tt.a.shape} by {tt.w.shape} at [{m}, {n}]: "
                f"got 0x{got[m, n]:08x}, expected 0x{expected[m, n]:08x}"
            )


class ChainScoreboard(_Checker):
    """Compares each chain of jobs with what it must do to memory and registers, and samples it."""

    def build_phase(self) -> None:
        super().build_phase()
        self._traffic: list[BusTransaction] = []

    def write(self, tt: ChainItem | BusTransaction | Reset) -> None:
        if isinstance(tt, BusTransaction):
            self._traffic.append(tt)
        elif isinstance(tt, Reset):
            self._traffic += tt.unanswered
        else:
            if tt.after is not None:
                self._check(tt)
            self._traffic = []

    def _check(self, chain: ChainItem) -> None:
        self.checked += 1
        runs = predict(chain.place, chain.before, self.cfg.hardware, chain.broken)
        judge = Judge(chain, runs, self._traffic)
        sample_chain(self.cfg.coverage, self.cfg.hardware, chain, runs, judge)
        self.faults += [
            f"chain {self.checked} at 0x{chain.place:x}: {fault}; {runs[-1]}"
            for fault in islice(judge.faults(), _FAULTS_SHOWN)
        ]


class PortCoverage(uvm_subscriber):
    """Counts what the memory on one port did."""

    port: int

    def build_phase(self) -> None:
        self.cfg: ArrayConfig = ConfigDB().get(self, "", "cfg")

    def write(self, tt: BusTransaction) -> None:
        sample_port(self.cfg.coverage, self.port, tt)


class GemmCoverage(uvm_subscriber):
    """Counts shapes of whole products."""

    def build_phase(self) -> None:
        self.cfg: ArrayConfig = ConfigDB().get(self, "", "cfg")

    def write(self, tt: Gemm) -> None:
        sample_gemm(self.cfg.coverage, tt, self.cfg.size, self.cfg.rows)


class ArrayEnv(uvm_env):
    """Everything around one array."""

    def build_phase(self) -> None:
        self.cfg: ArrayConfig = ConfigDB().get(self, "", "cfg")
        self.bus = ObiAgent("bus", self)
        self.tiles = TileAgent("tiles", self)
        self.chains = ChainAgent("chains", self)
        self.ports = [self._port(q) for q in range(self.cfg.hardware.systolic_array_ports)]
        self.reset = ResetAgent("reset", self)
        self.sequencer = VirtualSequencer("sequencer", self)
        self.bus_scoreboard = BusScoreboard("bus_scoreboard", self)
        self.tile_scoreboard = TileScoreboard("tile_scoreboard", self)
        self.chain_scoreboard = ChainScoreboard("chain_scoreboard", self)
        self.port_coverage = [PortCoverage(f"port_{q}", self) for q in range(len(self.ports))]
        for index, coverage in enumerate(self.port_coverage):
            coverage.port = index
        self.gemm_coverage = GemmCoverage("gemm_coverage", self)
        self.registers = RegisterModel(self.cfg)

    def _port(self, index: int) -> ObiMemoryAgent:
        """The memory on one of the array's own ports."""
        name = f"memory_{index}"
        tb = self.cfg.port.tb[f"gen_memory[{index}]"].u_port
        port = PortConfig(tb, 0, 1 << 32)
        ConfigDB().set(self, f"{name}.*", "port", port)
        ConfigDB().set(self, f"{name}.*", "memory", MemoryConfig(self.cfg.random, self.cfg.memory))
        return ObiMemoryAgent(name, self)

    def connect_phase(self) -> None:
        self.tiles.driver.bus = self.bus.sequencer
        self.chains.driver.bus = self.bus.sequencer
        self.sequencer.chains = self.chains.sequencer
        self.sequencer.ports = [agent.responder for agent in self.ports]
        self.sequencer.bus = self.bus.sequencer
        self.sequencer.tiles = self.tiles.sequencer
        self.sequencer.reset = self.reset.sequencer
        # One subscriber for both, so that it has them in their order.
        self.bus.monitor.transactions.connect(self.bus_scoreboard.analysis_export)
        self.bus.monitor.resets.connect(self.bus_scoreboard.analysis_export)
        self.tiles.driver.tiles.connect(self.tile_scoreboard.analysis_export)
        self.chains.driver.chains.connect(self.chain_scoreboard.analysis_export)
        for agent, coverage in zip(self.ports, self.port_coverage, strict=True):
            agent.monitor.transactions.connect(self.chain_scoreboard.analysis_export)
            agent.monitor.resets.connect(self.chain_scoreboard.analysis_export)
            agent.monitor.transactions.connect(coverage.analysis_export)
        self.sequencer.products.connect(self.gemm_coverage.analysis_export)
        self.registers.map.set_sequencer(self.bus.sequencer, RegisterAdapter())
