"""The environment: agent, scoreboards, coverage, register model, and how they are connected."""

from __future__ import annotations

import numpy as np
from pyuvm import ConfigDB, uvm_env, uvm_subscriber

from golden import numpy_twin
from verif.uvm.agent import ObiAgent
from verif.uvm.config import ArrayConfig
from verif.uvm.items import BusTransaction, Gemm, Reset, TileItem
from verif.uvm.layers import ResetAgent, TileAgent, VirtualSequencer
from verif.uvm.model import ArrayModel
from verif.uvm.registers import RegisterAdapter, RegisterModel
from verif.uvm.sampling import BusSampler, sample_gemm, sample_tile

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
            self._model.reset(tt.unanswered)
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
        self.reset = ResetAgent("reset", self)
        self.sequencer = VirtualSequencer("sequencer", self)
        self.bus_scoreboard = BusScoreboard("bus_scoreboard", self)
        self.tile_scoreboard = TileScoreboard("tile_scoreboard", self)
        self.gemm_coverage = GemmCoverage("gemm_coverage", self)
        self.registers = RegisterModel(self.cfg)

    def connect_phase(self) -> None:
        self.tiles.driver.bus = self.bus.sequencer
        self.sequencer.bus = self.bus.sequencer
        self.sequencer.tiles = self.tiles.sequencer
        self.sequencer.reset = self.reset.sequencer
        # One subscriber for both, so that it has them in their order.
        self.bus.monitor.transactions.connect(self.bus_scoreboard.analysis_export)
        self.bus.monitor.resets.connect(self.bus_scoreboard.analysis_export)
        self.tiles.driver.tiles.connect(self.tile_scoreboard.analysis_export)
        self.sequencer.products.connect(self.gemm_coverage.analysis_export)
        self.registers.map.set_sequencer(self.bus.sequencer, RegisterAdapter())
