"""What the runtime says, and how it ends, when a program goes wrong on the simulated SoC."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from heepstor import build, config, sim
from heepstor.registers import ExitCode

PROGRAMS = Path(__file__).parent / "programs"
CONFIG = config.load()
CYCLE_LIMIT = 2_000_000

# FAULT of faults.cpp, exit code, cause, and what `value` is (None: it depends on the code).
FAULTS = {
    "an illegal instruction": (0, ExitCode.TRAP, "illegal_instruction", 2),
    "a breakpoint without a debugger": (1, ExitCode.TRAP, "breakpoint", 3),
    "an environment call": (2, ExitCode.TRAP, "environment_call", 11),
    "a read of no one's address": (3, ExitCode.BUS_ERROR, "bus_error_read", 0x4000_0000),
    "a write to no one's address": (4, ExitCode.BUS_ERROR, "bus_error_write", 0x4000_0008),
    "a jump to no one's address": (5, ExitCode.BUS_ERROR, "bus_error_fetch", 0x4000_0000),
    "a call through a null pointer": (6, ExitCode.TRAP, "illegal_instruction", 2),
    "a span beyond its end": (7, ExitCode.ASSERTION, "assertion", None),
    "a stack that is too small": (8, ExitCode.STACK_OVERFLOW, "stack_overflow", None),
    "an access the array refuses": (9, ExitCode.ACCELERATOR_ERROR, "accelerator_error", 0x100),
    "a job the array refuses": (10, ExitCode.ACCELERATOR_ERROR, "accelerator_error", 0x1000),
    "a job at no one's address": (11, ExitCode.ACCELERATOR_ERROR, "accelerator_error", 0x4000),
}


def run_fault(number: int) -> sim.SimResult:
    image = build.build_firmware([PROGRAMS / "faults.cpp"], CONFIG, defines={"FAULT": str(number)})
    return sim.run(build.build_soc(CONFIG), image.elf, cycle_limit=CYCLE_LIMIT)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_reported_with_its_cause_value_and_layer(fault: str) -> None:
    number, exit_code, cause, value = FAULTS[fault]
    result = run_fault(number)
    assert result.exit_code == exit_code, result.uart
    panic = re.findall(
        r"^@panic cause=(\w+) pc=0x[0-9a-f]{8} value=0x([0-9a-f]{8}) layer=0$",
        result.uart,
        re.MULTILINE,
    )
    assert len(panic) == 1, result.uart
    assert panic[0][0] == cause
    if value is not None:
        assert int(panic[0][1], 16) == value
    last = f"@result status={exit_code.name.lower()} top1=-1 exit={exit_code.value}"
    assert result.uart.splitlines()[-1] == last


def test_an_illegal_instruction_is_found_where_it_is() -> None:
    image = build.build_firmware([PROGRAMS / "faults.cpp"], CONFIG, defines={"FAULT": "0"})
    pc = int(re.findall(r" pc=(0x\w+)", run_fault(0).uart)[0], 16)
    assert "main" in sim.symbolize(image.elf, pc)
    assert word_at(image.elf, pc) == 0xFFFF_FFFF


def test_an_image_for_another_array_size_is_refused_with_both_sides() -> None:
    other = config.load(overrides=["systolic_array.size=4"])
    image = build.build_firmware([PROGRAMS / "network.cpp"], other)
    result = sim.run(
        build.build_soc(CONFIG), image.elf, cycle_limit=CYCLE_LIMIT, allow_hash_mismatch=True
    )
    assert result.exit_code == ExitCode.HARDWARE_MISMATCH
    assert f"0x{other.hash_hex} in the image, 0x{CONFIG.hash_hex} in the hardware" in result.uart


def test_a_network_whose_outputs_are_not_the_golden_ones_says_which() -> None:
    """network.cpp computes zeros; its expected hashes are made up."""
    image = build.build_firmware([PROGRAMS / "network.cpp"], CONFIG)
    result = sim.run(build.build_soc(CONFIG), image.elf, cycle_limit=CYCLE_LIMIT)
    assert result.exit_code == ExitCode.OUTPUT_MISMATCH
    layers = re.findall(r"^@layer index=(\d) cycles=(\d+) .* ok=0$", result.uart, re.MULTILINE)
    assert [index for index, _ in layers] == ["0", "1"]
    total = re.findall(r"^@total cycles=(\d+)$", result.uart, re.MULTILINE)
    assert int(total[0]) == sum(int(cycles) for _, cycles in layers)


def word_at(elf: Path, address: int) -> int:
    """The word of the image at `address`."""
    with elf.open("rb") as file:
        for section in ELFFile(file).iter_sections():
            offset = address - section["sh_addr"]
            if section["sh_flags"] and 0 <= offset < section["sh_size"]:
                return int.from_bytes(section.data()[offset : offset + 4], "little")
    raise AssertionError(f"nothing is at 0x{address:x}")
