"""Runs firmware images on Verilated SoCs."""

from heepstor.sim.elf import (
    Span,
    config_hash,
    sections,
    symbol_address,
    symbolize,
    variables,
)
from heepstor.sim.runner import DEFAULT_CYCLE_LIMIT, Dump, Progress, Reason, SimResult, run

__all__ = [
    "DEFAULT_CYCLE_LIMIT",
    "Dump",
    "Progress",
    "Reason",
    "SimResult",
    "Span",
    "config_hash",
    "run",
    "sections",
    "symbol_address",
    "symbolize",
    "variables",
]
