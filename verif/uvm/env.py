"""The environment: agent, scoreboards, coverage, register model, and how they are connected."""

from __future__ import annotations

import numpy as np
from pyuvm import ConfigDB, uvm_env, uvm_subscriber

from golden import numpy_twin
from heepstor.registers import SYSTOLIC_ARRAY
from verif.uvm import coverage
from verif.uvm.agent import ObiAgent
from verif.uvm.config import ArrayConfig
from verif.uvm.items import BusTransaction, Gemm
from verif.uvm.model import WORD, ArrayModel
from verif.uvm.registers import RegisterAdapter, RegisterModel

_FAULTS_SHOWN = 10
_REGISTERS_END = max(register.offset for register in SYSTOLIC_ARRAY.registers) + WORD
_REGIONS = {
    "WEIGHTS0": "weights",
    "WEIGHTS1": "weights",
    "STAGE": "staging",
    "LAUNCH": "staging",
    "ACCUMULATORS": "accumulators",
}


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
        self._model = ArrayModel(self.cfg.size, self.cfg.rows, self.cfg.config_hash)

    def write(self, tt: BusTransaction) -> None:
        self.checked += 1
        fault = self._model.check(tt)
        if fault:
            self.faults.append(fault)

    def check_phase(self) -> None:
        assert self.checked, "no bus transaction was checked"
        super().check_phase()


class GemmScoreboard(_Checker):
    """Compares whole products with the golden model, bit for bit."""

    def write(self, tt: Gemm) -> None:
        self.checked += 1
        expected = numpy_twin.gemm(tt.a, tt.w).view(np.uint32)
        got = np.ascontiguousarray(tt.result).view(np.uint32)
        for index in np.argwhere(got != expected)[:_FAULTS_SHOWN]:
            m, n = (int(i) for i in index)
            self.faults.append(
                f"gemm {self.checked} of {tt.a.shape} by {tt.w.shape} at [{m}, {n}]: "
                f"got 0x{got[m, n]:08x}, expected 0x{expected[m, n]:08x}"
            )


def _region(offset: int) -> str:
    """Name of the part of the window that an offset lies in, for coverage."""
    for window in SYSTOLIC_ARRAY.windows:
        if window.offset <= offset < window.offset + window.size:
            return _REGIONS[window.name]
    return "registers" if offset < _REGISTERS_END else "beyond"


class BusCoverage(uvm_subscriber):
    """Counts what happened on the bus."""

    def build_phase(self) -> None:
        self.cfg: ArrayConfig = ConfigDB().get(self, "", "cfg")
        self._last_granted = 0

    def write(self, tt: BusTransaction) -> None:
        gap = tt.requested - self._last_granted - 1
        self._last_granted = tt.granted
        coverage.sample_transaction(self.cfg.coverage, tt, gap, _region(tt.offset))


class GemmCoverage(uvm_subscriber):
    """Counts shapes and values of products."""

    def build_phase(self) -> None:
        self.cfg: ArrayConfig = ConfigDB().get(self, "", "cfg")

    def write(self, tt: Gemm) -> None:
        coverage.sample_gemm(self.cfg.coverage, tt, self.cfg.size, self.cfg.rows)


class ArrayEnv(uvm_env):
    """Everything around one array."""

    def build_phase(self) -> None:
        self.cfg: ArrayConfig = ConfigDB().get(self, "", "cfg")
        self.agent = ObiAgent("agent", self)
        self.bus_scoreboard = BusScoreboard("bus_scoreboard", self)
        self.gemm_scoreboard = GemmScoreboard("gemm_scoreboard", self)
        self.bus_coverage = BusCoverage("bus_coverage", self)
        self.gemm_coverage = GemmCoverage("gemm_coverage", self)
        self.registers = RegisterModel(self.cfg)

    def connect_phase(self) -> None:
        self.agent.monitor.transactions.connect(self.bus_scoreboard.analysis_export)
        self.agent.monitor.transactions.connect(self.bus_coverage.analysis_export)
        self.agent.sequencer.products.connect(self.gemm_scoreboard.analysis_export)
        self.agent.sequencer.products.connect(self.gemm_coverage.analysis_export)
        self.registers.map.set_sequencer(self.agent.sequencer, RegisterAdapter())
