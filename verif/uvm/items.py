"""What travels through the environment: bus transactions, resets, tiles, and whole GEMMs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntFlag

import numpy as np
import numpy.typing as npt
from cocotb.triggers import Event
from pyuvm import uvm_sequence_item

Float32Array = npt.NDArray[np.float32]
Int8Array = npt.NDArray[np.int8]

ALL_BYTES = 0xF
BACK_TO_BACK = (0,)


class BusRequest(uvm_sequence_item):
    """One OBI transaction for the driver.

    `gap` is the number of idle cycles before it; where it is None the sequence draws one. The
    driver sets `data` of a read, then `done`. After a reset that cut the request off, `done` comes
    without an answer.
    """

    def __init__(
        self,
        offset: int,
        data: int | None = None,
        byte_enable: int = ALL_BYTES,
        gap: int | None = None,
    ) -> None:
        super().__init__("bus_request")
        self.write = data is not None
        self.offset = offset
        self.data = data or 0
        self.byte_enable = byte_enable
        self.gap = gap
        self.done = Event()


class ResetRequest(uvm_sequence_item):
    """A reset of `cycles` cycles, `after` cycles from now."""

    def __init__(self, after: int = 0, cycles: int = 3) -> None:
        super().__init__("reset_request")
        self.after = after
        self.cycles = cycles


class TileItem(uvm_sequence_item):
    """One tile of a product: `a` [M, K] times `w` [K, N], M rows and N columns that fit the array.

    K may be anything: it goes through in steps of the array's size, banks alternating unless `bank`
    fixes one, which makes each load of weights wait for the steps that still use the bank. The sums
    are in the accumulator rows from `row` on. `split` writes weights in random pieces of a word.
    The driver sets `result` [M, N] from what it read back; None where a reset cut the tile off.
    """

    def __init__(
        self,
        a: Float32Array,
        w: Int8Array,
        *,
        row: int = 0,
        bank: int | None = None,
        split: bool = False,
        gaps: Sequence[int] = BACK_TO_BACK,
    ) -> None:
        super().__init__("tile")
        self.a, self.w = a, w
        self.row, self.bank, self.split, self.gaps = row, bank, split, gaps
        self.result: Float32Array | None = None


class ChainItem(uvm_sequence_item):
    """A chain of jobs that lies in memory, its first descriptor at `place`.

    The words at the addresses `broken` are answered with an error. With `by_interrupt` the CPU
    sleeps until the end, else it asks. `meanwhile` is what it does after the start. `cut` says what
    may end the chain before its time: "abort", "reset" or ""; `spoiled` what of its last descriptor
    is not valid. The driver publishes it twice, and sets what memory held `before` it, then what
    it held `after` it, STATUS at the end, and the `registers` that tell of the chain.
    """

    def __init__(
        self,
        place: int,
        *,
        broken: frozenset[int] = frozenset(),
        by_interrupt: bool = False,
        meanwhile: Sequence[BusRequest] = (),
        cut: str = "",
        spoiled: str = "",
    ) -> None:
        super().__init__("chain")
        self.place, self.broken, self.by_interrupt = place, broken, by_interrupt
        self.meanwhile, self.cut, self.spoiled = meanwhile, cut, spoiled
        self.before: npt.NDArray[np.uint32] = np.zeros(0, np.uint32)
        self.after: npt.NDArray[np.uint32] | None = None
        self.status = 0
        self.registers: dict[str, int] = {}


class ArrayState(IntFlag):
    """State of the array as systolic_array_tb.sv shows it."""

    BUSY = 1
    STEP_WAITS = 2
    WEIGHT_WAITS = 4
    IRQ = 8
    JOB = 16


@dataclass(frozen=True)
class BusTransaction:
    """One OBI transaction as the monitor saw it; cycles count the rising edges of the clock.

    `state_at_request` is the design's state at the first edge of the request, `state_at_answer`
    that at the edge of the answer.
    """

    write: bool
    offset: int
    byte_enable: int
    data: int
    requested: int
    granted: int
    answered: int
    state_at_request: int = 0
    state_at_answer: int = 0
    error: bool = False

    @property
    def irq(self) -> bool:
        """The array's interrupt line when the answer came."""
        return bool(self.state_at_answer & ArrayState.IRQ)


@dataclass(frozen=True)
class Reset:
    """A reset as the monitor saw it: `state` is that of the last edge before it.

    `unanswered` was granted and never answered. `cut_off` was asked for at the reset's first edge:
    memories have no reset, so a write may have been done. `request_waited`: it had waited before.
    """

    unanswered: tuple[BusTransaction, ...]
    cut_off: BusTransaction | None
    state: int
    request_waited: bool


@dataclass(frozen=True)
class KTile:
    """Rows of activations [M, K] that share weights [K, N]; row m goes to accumulator row + m.

    K and N are at most the array's size.
    """

    activations: Float32Array
    weights: Int8Array
    row: int
    bank: int
    first: bool


@dataclass(frozen=True)
class Gemm:
    """A whole product as software sees it: `a` [M, K], `w` [K, N], `result` [M, N] as read back."""

    a: Float32Array
    w: Int8Array
    result: Float32Array
