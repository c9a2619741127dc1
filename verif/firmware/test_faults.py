"""What the runtime says, and how it ends, when a program goes wrong on the simulated SoC."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from heepstor import build, config, flow, sim
from heepstor.config import Config
from heepstor.registers import STACK_GUARD_BYTES, ExitCode
from heepstor.report import fault, records

PROGRAMS = Path(__file__).parent / "programs"
CONFIG = config.load()
CYCLE_LIMIT = 3_000_000

# Who is on the stack where each fault happens or, for what shows at the layer's end, is found.
FAIL = ["fail", "main", "_start"]
NOWHERE = ["no code", *FAIL]
LAYER = ["main", "_start"]

# Recursions, and the bytes of a frame of each; one that is not on the stack any more.
DEEP, ENDLESS = 8, 13
FRAME = {DEEP: 144, ENDLESS: 16}
LOST = 15

# FAULT of faults.cpp, exit code, cause, what `value` is (None: it depends on the code), callers.
FAULTS = {
    "an illegal instruction": (0, ExitCode.TRAP, "illegal_instruction", 2, FAIL),
    "a breakpoint without a debugger": (1, ExitCode.TRAP, "breakpoint", 3, FAIL),
    "an environment call": (2, ExitCode.TRAP, "environment_call", 11, FAIL),
    "a read of no one's address": (3, ExitCode.BUS_ERROR, "bus_error_read", 0x4000_0000, FAIL),
    "a write to no one's address": (4, ExitCode.BUS_ERROR, "bus_error_write", 0x4000_0008, FAIL),
    "a call of no one's address": (5, ExitCode.BUS_ERROR, "bus_error_fetch", 0x4000_0000, NOWHERE),
    "a call through a null pointer": (6, ExitCode.TRAP, "illegal_instruction", 2, NOWHERE),
    "a span beyond its end": (7, ExitCode.ASSERTION, "assertion", None, FAIL),
    "a stack that is too small": (
        *(DEEP, ExitCode.STACK_OVERFLOW, "stack_overflow"),
        *(None, ["recurse", "recurse", *FAIL]),
    ),
    "an access the array refuses": (
        *(9, ExitCode.ACCELERATOR_ERROR, "accelerator_error"),
        *(0x100, LAYER),
    ),
    "a job the array refuses": (
        *(10, ExitCode.ACCELERATOR_ERROR, "accelerator_error"),
        *(0x1000, LAYER),
    ),
    "a job at no one's address": (
        *(11, ExitCode.ACCELERATOR_ERROR, "accelerator_error"),
        *(0x4000, LAYER),
    ),
    "a write beyond the arena": (12, ExitCode.ASSERTION, "out_of_arena", None, FAIL),
    "an endless recursion": (
        *(ENDLESS, ExitCode.STACK_OVERFLOW, "stack_overflow"),
        *(None, ["ping", "pong", "ping", *FAIL]),
    ),
    "a job that writes beyond the arena": (14, ExitCode.ASSERTION, "out_of_arena", None, LAYER),
    "a lost stack pointer": (LOST, ExitCode.TRAP, "illegal_instruction", 2, ["fail", "main"]),
}


def image_of(number: int, hardware: Config = CONFIG) -> Path:
    program = PROGRAMS / "faults.cpp"
    return build.build_firmware([program], hardware, defines={"FAULT": str(number)}).elf


@cache
def run_fault(number: int, hardware: Config = CONFIG) -> sim.SimResult:
    image = image_of(number, hardware)
    return sim.run(build.build_soc(hardware), image, cycle_limit=CYCLE_LIMIT)


def fault_of(number: int, result: sim.SimResult, hardware: Config = CONFIG) -> fault.Fault:
    described = fault.describe(records.parse(result.uart), image_of(number, hardware), ["only"])
    assert described is not None
    return described


def named(frame: dict[str, str]) -> str:
    """The function's name alone."""
    return frame["function"].removeprefix("(anonymous namespace)::").split("(")[0]


def callers(described: fault.Fault) -> list[str]:
    """Without what is inlined: the last frame at an address is the function that was called."""
    frames = described["backtrace"] + described["outermost"]
    return list({frame["pc"]: named(frame) for frame in frames}.values())


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_reported_with_cause_value_layer_and_callers(name: str) -> None:
    number, exit_code, cause, value, functions = FAULTS[name]
    result = run_fault(number)
    assert result.exit_code == exit_code, result.uart
    panic = re.findall(
        r"^@panic cause=(\w+) pc=(0x[0-9a-f]{8}) value=0x([0-9a-f]{8}) layer=0$",
        result.uart,
        re.MULTILINE,
    )
    assert len(panic) == 1, result.uart
    assert panic[0][0] == cause
    if value is not None:
        assert int(panic[0][2], 16) == value
    last = f"@result status={exit_code.name.lower()} top1=-1 exit={exit_code.value}"
    assert result.uart.splitlines()[-1] == last

    described = fault_of(number, result)
    assert described["layer"] == "only"
    assert described["backtrace"][0]["pc"] == panic[0][1]
    assert callers(described) == functions
    assert described["complete"] is (number not in (DEEP, ENDLESS, LOST))
    assert bool(described["outermost"]) is (number in (DEEP, ENDLESS))


def test_a_log_of_a_board_tells_of_the_same_fault() -> None:
    result = run_fault(0)
    told = fault.lines("illegal_instruction", fault_of(0, result))
    log = f"noise\n{result.uart}"
    assert fault.in_log(log, image_of(0), ["only"]) == told
    damaged = log.replace("@stack address=", "@stack adress=")
    assert fault.in_log(damaged, image_of(0), ["only"]) == []
    assert fault.in_log("@heepstor version=1\n", image_of(0), ["only"]) == []


def test_a_function_that_is_inlined_is_named_before_the_one_it_is_in() -> None:
    innermost, *others = fault_of(7, run_fault(7))["backtrace"]
    assert innermost["function"].startswith("heepstor::Span<")
    assert innermost["location"].startswith("sw/runtime/span.h:")
    assert {"fail": innermost["pc"]}.items() <= {named(one): one["pc"] for one in others}.items()


def stack_pointer_of(result: sim.SimResult) -> int:
    """At the fault."""
    registers = records.parse(result.uart).registers
    assert registers is not None
    return int(registers["sp"], 0)


@pytest.mark.parametrize("number", [DEEP, ENDLESS])
def test_a_stack_overflow_is_found_where_it_begins(number: int) -> None:
    """At the first frame that reaches into the guard, or the next: nothing beyond is written."""
    result = run_fault(number)
    panic = records.parse(result.uart).panic
    assert panic is not None
    end = sim.symbol_address(image_of(number), "__stack_bottom") + STACK_GUARD_BYTES
    assert end - FRAME[number] <= int(panic["value"], 0) < end
    assert end - 2 * FRAME[number] <= stack_pointer_of(result) < end


@pytest.mark.parametrize(("number", "functions"), [(DEEP, "this"), (ENDLESS, "these")])
def test_a_recursion_is_told_in_a_few_lines(number: int, functions: str) -> None:
    result = run_fault(number)
    described = fault_of(number, result)
    shown = fault.lines("stack_overflow", described)
    assert len(shown) < 20
    again = [line for line in shown if line.endswith(f" more like {functions}")]
    assert again
    gap = shown.index(f"  ... {described['skipped_bytes']:,} bytes of the stack are skipped, then")
    assert shown.index(again[0]) < gap
    # What is told are the frames in 512 bytes on one side and 256 on the other, but for those cut.
    known = stack_pointer_of(result) + described["skipped_bytes"]
    top = sim.symbol_address(image_of(number), "__stack_top")
    assert 512 + 256 - 2 * FRAME[number] < top - known <= 512 + 256

    # The outer side is missing.
    cut = re.sub(r"(@stack .*\n){8}(?=@result)", "", result.uart)
    shown = fault.in_log(f"@heepstor\n{cut}", image_of(number), ["only"])
    assert shown[-1] == "  further callers are not known"


def test_an_illegal_instruction_is_found_where_it_is() -> None:
    described = fault_of(0, run_fault(0))
    place = described["backtrace"][0]
    assert word_at(image_of(0), int(place["pc"], 16)) & 0xFFFF == 0
    source, line = place["location"].split(":")
    assert source == "verif/firmware/programs/faults.cpp"
    assert "unimp" in (flow.ROOT / source).read_text().splitlines()[int(line) - 1]


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
