"""Runs firmware images on Verilated SoCs."""

from heepstor.sim.elf import config_hash, symbol_address, symbolize
from heepstor.sim.runner import DEFAULT_CYCLE_LIMIT, Dump, Progress, Reason, SimResult, run

__all__ = [
    "DEFAULT_CYCLE_LIMIT",
    "Dump",
    "Progress",
    "Reason",
    "SimResult",
    "config_hash",
    "run",
    "symbol_address",
    "symbolize",
]
