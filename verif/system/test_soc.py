"""The bare SoC: small programs on the CPU, the bus, the RAM, the peripherals."""

from __future__ import annotations

import pytest

from heepstor import config as configuration
from heepstor.registers import ExitCode
from verif.system import bare

CONFIG = configuration.load()
# Fewer and smaller banks than a power of two, the last four interleaved, a pipelined FPU, a small
# array with two ports.
INTERLEAVED_OVERRIDES = [
    "memory.banks=6",
    "memory.bank_kib=16",
    "memory.interleaved_banks=4",
    "cpu.fpu_latency=2",
    "systolic_array.size=4",
    "systolic_array.ports=2",
    "systolic_array.accumulator_rows=4",
]
INTERLEAVED = configuration.load(overrides=INTERLEAVED_OVERRIDES)
CONFIGS = {"default": CONFIG, "interleaved": INTERLEAVED}


@pytest.mark.parametrize("name", CONFIGS)
def test_firmware_divides_after_reset_talks_and_leaves_with_its_exit_code(name: str) -> None:
    result = bare.run("boot", CONFIGS[name])
    assert (result.reason, result.exit_code) == ("exit", 42)
    assert result.uart == "Hello, HEEPstor\nno newline at the end"
    assert result.uart_framing_errors == 0


@pytest.mark.parametrize("name", CONFIGS)
def test_every_word_and_byte_of_memory_is_its_own(name: str) -> None:
    result = bare.run("memory", CONFIGS[name])
    assert (result.reason, result.exit_code) == ("exit", ExitCode.PASS)


@pytest.mark.parametrize("name", CONFIGS)
def test_access_to_no_ones_address_is_answered_recorded_and_interrupts(name: str) -> None:
    result = bare.run("bus_error", CONFIGS[name])
    assert (result.reason, result.exit_code) == ("exit", ExitCode.PASS)


def test_timer_interrupt_wakes_the_cpu_at_the_compared_count() -> None:
    result = bare.run("timer", CONFIG)
    assert (result.reason, result.exit_code) == ("exit", ExitCode.PASS)
    (slept, before), (woke, after) = result.markers
    assert (before, after) == (1, 2)
    # The count starts a few instructions before the first marker.
    assert 950 <= woke - slept <= 1100, (slept, woke)


def test_wrong_divider_of_the_firmware_shows_as_garbage() -> None:
    result = bare.run("wrong_divider", CONFIG)
    assert result.exit_code == ExitCode.PASS
    assert "unreadable" not in result.uart
    assert result.uart_framing_errors > 0
