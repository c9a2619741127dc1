"""Register tables, memory map, interrupts, markers and exit codes of the SoC, as data.

`heepstor.emit.hardware` renders these tables for SystemVerilog and C++; nothing else states them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Any, Literal

Access = Literal["RO", "WO", "RW", "RW1C"]


@dataclass(frozen=True)
class Field:
    """Bits `[lsb + width - 1 : lsb]` of a register."""

    name: str
    lsb: int
    width: int
    doc: str


@dataclass(frozen=True)
class Register:
    """A 32-bit register at a byte offset in its block's window."""

    name: str
    offset: int
    access: Access
    doc: str
    fields: tuple[Field, ...] = ()


@dataclass(frozen=True)
class Window:
    """A span of addresses that is memory rather than a register; `size` in bytes."""

    name: str
    offset: int
    size: int
    access: Access
    doc: str


@dataclass(frozen=True)
class Block:
    """A peripheral: its base address, its registers and windows."""

    name: str
    base: int
    size: int
    registers: tuple[Register, ...]
    windows: tuple[Window, ...] = ()


SYSTOLIC_ARRAY_ID = 0x48535431
"""What the array's ID register reads: "HST1"."""

SYSTOLIC_ARRAY = Block(
    "systolic_array",
    0xF000_0000,
    0x1_0000,
    (
        Register("ID", 0x000, "RO", "identifies the accelerator: 0x48535431"),
        Register(
            "GEOMETRY",
            0x004,
            "RO",
            "built from the parameters of the module",
            (
                Field("SIZE", 0, 8, "processing elements a side"),
                Field("ACCUMULATOR_ROWS", 16, 16, "rows of the accumulator memory"),
            ),
        ),
        Register(
            "CONFIG_HASH", 0x008, "RO", "hash of the configuration the hardware was built from"
        ),
        Register(
            "CTRL",
            0x00C,
            "WO",
            "commands",
            (Field("ABORT", 0, 1, "1: drop what is staged and in flight, clear STATUS and TILE"),),
        ),
        Register(
            "STATUS",
            0x010,
            "RW1C",
            "what the array is doing, and sticky errors (write 1 to clear)",
            (
                Field("BUSY", 0, 1, "a step is in flight (read only)"),
                Field("JOB", 1, 1, "a chain of jobs runs (read only)"),
                Field("DONE", 2, 1, "a chain of jobs has ended"),
                Field("ERR_ADDRESS", 8, 1, "an access to an offset that nothing has"),
                Field(
                    "ERR_ACCESS",
                    9,
                    1,
                    "a write where only reads go, a read where only writes go, or a partial word",
                ),
                Field("ERR_ROW", 10, 1, "a launch with ROW beyond the accumulator memory"),
                Field("ERR_BUSY", 11, 1, "an access that has to wait for the end of a job"),
                Field("ERR_DESCRIPTOR", 12, 1, "a job whose descriptor is not valid"),
                Field("ERR_WINDOW", 13, 1, "a job that needs a word the buffer can never hold"),
                Field("ERR_BUS", 14, 1, "memory answered a job with an error"),
            ),
        ),
        Register("ERROR_ADDRESS", 0x014, "RO", "offset of the first error since STATUS was clear"),
        Register(
            "TILE",
            0x018,
            "RW",
            "what the next steps belong to",
            (
                Field("ROW", 0, 16, "accumulator row of the next step; each launch increments it"),
                Field("BANK", 16, 1, "weight bank that the next steps use"),
                Field("FIRST", 17, 1, "1: sums start from +0; 0: from the accumulator row"),
            ),
        ),
        Register("STEPS", 0x01C, "RO", "steps launched since reset or ABORT"),
        Register(
            "JOB", 0x020, "RW", "address of the current descriptor; a write starts a chain of jobs"
        ),
        Register(
            "IRQ_ENABLE",
            0x024,
            "RW",
            "what besides errors raises the interrupt",
            (Field("DONE", 0, 1, "1: STATUS.DONE does"),),
        ),
        Register(
            "STREAM_GEOMETRY",
            0x028,
            "RO",
            "built from the parameters of the module",
            (
                Field("PORTS", 0, 8, "manager ports"),
                Field("LOG2_ACTIVATION_WORDS", 8, 8, "words of the activation buffer"),
                Field("LOG2_WEIGHT_ROWS", 16, 8, "rows of the weight buffer"),
            ),
        ),
        Register(
            "BUS_ERROR_ADDRESS", 0x02C, "RO", "address of the latest access that ERR_BUS means"
        ),
        Register(
            "CYCLES", 0x030, "RO", "cycles of jobs since JOB was written: the sum of the next five"
        ),
        Register("COMPUTE", 0x034, "RO", "cycles in which a step was issued"),
        Register("WAIT_WEIGHTS", 0x038, "RO", "cycles in which the next step waited for weights"),
        Register("WAIT_ACTIVATIONS", 0x03C, "RO", "cycles in which it waited for activations"),
        Register("WAIT_WRITE_BACK", 0x040, "RO", "cycles in which it waited for free accumulators"),
        Register(
            "FILL_DRAIN",
            0x044,
            "RO",
            "cycles before the first and after the last step, and all others",
        ),
        Register(
            "WORDS_READ", 0x048, "RO", "words that jobs read from memory, descriptors included"
        ),
        Register("WORDS_WRITTEN", 0x04C, "RO", "words that jobs wrote to memory"),
    ),
    (
        Window("WEIGHTS0", 0x1000, 0x800, "WO", "weight bank 0: byte row * size + column"),
        Window("WEIGHTS1", 0x1800, 0x800, "WO", "weight bank 1"),
        Window("STAGE", 0x2000, 0x100, "WO", "word k: stage the activation of lane k"),
        Window(
            "LAUNCH", 0x2100, 0x100, "WO", "word k: stage lane k and launch a step of lanes 0..k"
        ),
        Window(
            "ACCUMULATORS", 0x8000, 0x8000, "RW", "word row * size + column: partial sums, results"
        ),
    ),
)

DESCRIPTOR_VERSION = 1

DESCRIPTOR = (
    Register("NEXT", 0x00, "RO", "address of the next descriptor; 0 ends the chain"),
    Register(
        "CONTROL",
        0x04,
        "RO",
        "",
        (
            Field("VERSION", 0, 8, f"of the descriptor's layout: {DESCRIPTOR_VERSION}"),
            Field("RELU", 8, 1, "1: ReLU follows scale and bias"),
            Field(
                "RESTART", 9, 2, "the window starts anew: 0 never, 1 at each band, 2 at each k tile"
            ),
        ),
    ),
    Register("INPUT", 0x08, "RO", "address of the feature map or matrix"),
    Register("WEIGHTS", 0x0C, "RO", "address of weights, scales, biases"),
    Register("OUTPUT", 0x10, "RO", "address of the result"),
    Register("MAP_WORDS", 0x14, "RO", "words of the feature map, of all rows and channels"),
    Register("ROW_WORDS", 0x18, "RO", "words of one of its rows"),
    Register("ROW_START", 0x1C, "RO", "words from INPUT to the first kernel row; < 0: padding"),
    Register(
        "COLUMN_START", 0x20, "RO", "words from there to the first kernel column; < 0: padding"
    ),
    Register("ROW_STEP", 0x24, "RO", "words between positions below each other"),
    Register("COLUMN_STEP", 0x28, "RO", "words between positions beside each other"),
    Register("BAND_STEP", 0x2C, "RO", "words between bands"),
    Register("RUN_STEP", 0x30, "RO", "words between runs"),
    Register("RUN", 0x34, "RO", "words of a run"),
    Register(
        "TAPS",
        0x38,
        "RO",
        "",
        (Field("BANDS", 0, 16, "bands"), Field("RUNS", 16, 16, "runs of a band")),
    ),
    Register("WINDOWS", 0x3C, "RO", "windows of the whole job"),
    Register(
        "SHAPE",
        0x40,
        "RO",
        "",
        (
            Field("WINDOW_COLUMNS", 0, 16, "windows beside each other"),
            Field("CHUNK", 16, 8, "windows at a time"),
        ),
    ),
    Register(
        "POOL",
        0x44,
        "RO",
        "",
        (
            Field("POOL_COLUMNS", 0, 4, "positions of a window beside each other"),
            Field("POOL_ROWS", 4, 4, "positions of a window below each other"),
            Field("TILE_GROUP", 8, 8, "n tiles at a time"),
        ),
    ),
    Register(
        "COLUMNS",
        0x48,
        "RO",
        "",
        (
            Field("COLUMNS", 0, 16, "output channels"),
            Field("TILE_COLUMNS", 16, 8, "of them in an n tile"),
        ),
    ),
    Register("OUTPUT_STEP", 0x4C, "RO", "words between the outputs of windows"),
    Register("WEIGHT_WORDS", 0x50, "RO", "words of all weights, without scales and biases"),
    Register(
        "SEGMENT_WORDS",
        0x54,
        "RO",
        "words from `low` on that are ever needed; MAP_WORDS if unknown",
    ),
)
"""A job of `stream` mode, as it lies in memory; docs/accelerator.md says what it means."""

STACK_GUARD_BYTES = 512
"""The end of the stack, where nothing may be written. No frame may be larger: whoever calls saves
its return address at the top of its frame, so that no overflow steps over the guard untouched."""

SOC_CTRL = Block(
    "soc_ctrl",
    0x2000_0000,
    0x1_0000,
    (
        Register("EXIT_VALID", 0x00, "RW", "1: the firmware has ended"),
        Register("EXIT_VALUE", 0x04, "RW", "the firmware's exit code"),
        Register("MARKER", 0x08, "RW", "where the firmware is; see Marker"),
        Register("CLOCK_HZ", 0x0C, "RO", "clock of the SoC"),
        Register("CONFIG_HASH", 0x10, "RO", "hash of the configuration"),
        Register("MEMORY_BYTES", 0x14, "RO", "size of the RAM"),
        Register(
            "BUS_ERROR_ADDRESS",
            0x18,
            "RO",
            "address of the first refused access since the status was clear",
        ),
        Register(
            "BUS_ERROR_STATUS",
            0x1C,
            "RW1C",
            "the first refused access",
            (
                Field("VALID", 0, 1, "an access was refused; write 1 to clear"),
                Field("WRITE", 1, 1, "it was a write"),
                Field("FETCH", 2, 1, "it was an instruction fetch"),
            ),
        ),
        Register("RTL_VERSION", 0x20, "RO", "digest of the RTL sources"),
        Register(
            "STACK_GUARD",
            0x24,
            "RW",
            f"address of the last {STACK_GUARD_BYTES} bytes of the stack: a write of the CPU to "
            "them is done, and recorded as if it had been refused; resets to where nobody is",
        ),
    ),
)

BLOCKS = (SYSTOLIC_ARRAY, SOC_CTRL)

RAM_BASE = 0x0000_0000
DEBUG_BASE = 0x1000_0000
RV_TIMER_BASE = 0x2005_0000
UART_BASE = 0x200A_0000
PERIPHERAL_WINDOW = 0x1_0000
"""Size of the window of every peripheral, in bytes."""

BOOT_ADDRESS = 0x180
"""Where the CPU fetches its first instruction."""

JTAG_IDCODE = 0x1000_1C05
"""Of the debug module's TAP: that of X-HEEP, so that OpenOCD configurations made for it work."""

JTAG_IR_BITS = 5
"""Length of that TAP's instruction register."""

BUS_ERROR_DATA = 0xBADA_CCE5
"""What a read from no one's address gives."""


class Interrupt(IntEnum):
    """Bit of `mip` and `mie`: one that every CPU has. (31 is none: Ibex's non-maskable one.)"""

    TIMER = 7
    UART = 11
    SYSTOLIC_ARRAY = 16
    BUS_ERROR = 30


class Marker(IntEnum):
    """Upper four bits of SoC control's MARKER; the lower bits carry the layer's index."""

    LAYER_START = 0x1000_0000
    LAYER_END = 0x2000_0000
    INFERENCE_START = 0x3000_0000
    INFERENCE_END = 0x4000_0000


class ExitCode(IntEnum):
    """How the firmware ended."""

    PASS = 0
    OUTPUT_MISMATCH = 1
    HARDWARE_MISMATCH = 2
    TRAP = 3
    ASSERTION = 4
    BUS_ERROR = 5
    ACCELERATOR_ERROR = 6
    STACK_OVERFLOW = 7
    SELF_TEST = 8


def _without_doc(tree: Any) -> Any:  # noqa: ANN401
    """A nested value without its explanations: wording is not hardware."""
    if isinstance(tree, dict):
        return {key: _without_doc(value) for key, value in tree.items() if key != "doc"}
    if isinstance(tree, list | tuple):
        return [_without_doc(item) for item in tree]
    return tree


def canonical() -> dict[str, Any]:
    """What the configuration hash covers besides the configuration."""
    return {
        "blocks": [_without_doc(asdict(block)) for block in BLOCKS],
        "descriptor": [DESCRIPTOR_VERSION, [_without_doc(asdict(word)) for word in DESCRIPTOR]],
        "addresses": [RAM_BASE, DEBUG_BASE, RV_TIMER_BASE, UART_BASE, BOOT_ADDRESS],
        "stack_guard_bytes": STACK_GUARD_BYTES,
        "enums": {e.__name__: {m.name: m.value for m in e} for e in (Interrupt, Marker, ExitCode)},
    }
