"""Runs firmware images on Verilated SoCs."""

from heepstor.sim.console import Console, pseudo_terminal, standard
from heepstor.sim.elf import (
    Span,
    config_hash,
    functions,
    sections,
    symbol_address,
    symbolize,
    variables,
)
from heepstor.sim.instruments import (
    CALLS,
    CHECKPOINT,
    Checkpoint,
    Instruments,
    Watch,
    Window,
    layer_index,
    layer_option,
    window,
)
from heepstor.sim.profile import Cost, FunctionCost, Profile, read_profile
from heepstor.sim.runner import DEFAULT_CYCLE_LIMIT, Dump, Progress, Reason, SimResult, run

__all__ = [
    "CALLS",
    "CHECKPOINT",
    "DEFAULT_CYCLE_LIMIT",
    "Checkpoint",
    "Console",
    "Cost",
    "Dump",
    "FunctionCost",
    "Instruments",
    "Profile",
    "Progress",
    "Reason",
    "SimResult",
    "Span",
    "Watch",
    "Window",
    "config_hash",
    "functions",
    "layer_index",
    "layer_option",
    "pseudo_terminal",
    "read_profile",
    "run",
    "sections",
    "standard",
    "symbol_address",
    "symbolize",
    "variables",
    "window",
]
