"""The hardware that the tests of the SoC simulate; without `--full` two descriptions serve all."""

from __future__ import annotations

from heepstor import config

DEFAULT = config.load()

_NARROW = [
    # No power of two; the last four interleaved.
    "memory.banks=6",
    "memory.bank_kib=16",
    "memory.interleaved_banks=4",
    "systolic_array.size=4",
    "systolic_array.ports=2",
    "systolic_array.accumulator_rows=4",
]
SMALL_OVERRIDES = [*_NARROW, "cpu.core=ibex"]
"""Unlike the default in all that matters to a system, and built in half the time."""
SMALL = config.load(overrides=SMALL_OVERRIDES)

PIPELINED_OVERRIDES = [*_NARROW, "cpu.fpu_latency=2"]
"""The default's CPU on such hardware, its FPU pipelined: for `--full`."""
PIPELINED = config.load(overrides=PIPELINED_OVERRIDES)
