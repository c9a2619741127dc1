"""The bare SoC: small programs on the CPU, the bus, the RAM, the peripherals."""

from __future__ import annotations

import pytest

from heepstor.config import Config
from heepstor.registers import ExitCode
from verif.system import bare
from verif.system.hardware import DEFAULT, PIPELINED, SMALL

on_each_hardware = pytest.mark.parametrize(
    "hardware",
    [
        pytest.param(DEFAULT, id="default"),
        pytest.param(SMALL, id="small"),
        pytest.param(PIPELINED, id="pipelined", marks=pytest.mark.full),
    ],
)


@pytest.mark.early
@on_each_hardware
def test_firmware_divides_after_reset_talks_and_leaves_with_its_exit_code(hardware: Config) -> None:
    result = bare.run("boot", hardware)
    assert (result.reason, result.exit_code) == ("exit", 42)
    assert result.uart == "Hello, HEEPstor\nno newline at the end"
    assert result.uart_framing_errors == 0


@on_each_hardware
def test_every_word_and_byte_of_memory_is_its_own(hardware: Config) -> None:
    result = bare.run("memory", hardware)
    assert (result.reason, result.exit_code) == ("exit", ExitCode.PASS)


@on_each_hardware
def test_access_to_no_ones_address_is_answered_recorded_and_interrupts(hardware: Config) -> None:
    """And nothing but the firmware talks: Ibex's model tells of each illegal instruction."""
    result = bare.run("bus_error", hardware)
    assert (result.reason, result.exit_code, result.uart) == ("exit", ExitCode.PASS, "")


def test_timer_interrupt_wakes_the_cpu_at_the_compared_count() -> None:
    result = bare.run("timer", DEFAULT)
    assert (result.reason, result.exit_code) == ("exit", ExitCode.PASS)
    (slept, before), (woke, after) = result.markers
    assert (before, after) == (1, 2)
    # The count starts a few instructions before the first marker.
    assert 950 <= woke - slept <= 1100, (slept, woke)


def test_wrong_divider_of_the_firmware_shows_as_garbage() -> None:
    result = bare.run("wrong_divider", DEFAULT)
    assert result.exit_code == ExitCode.PASS
    assert "unreadable" not in result.uart
    assert result.uart_framing_errors > 0
