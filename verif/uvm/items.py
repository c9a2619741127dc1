"""What travels through the environment: bus transactions, tiles, and whole GEMMs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from cocotb.triggers import Event
from pyuvm import uvm_sequence_item

Float32Array = npt.NDArray[np.float32]
Int8Array = npt.NDArray[np.int8]

ALL_BYTES = 0xF


class BusRequest(uvm_sequence_item):
    """One OBI transaction for the driver.

    `gap` is the number of idle cycles before it. The driver sets `data` of a read, then `done`.
    """

    def __init__(
        self, offset: int, data: int | None = None, byte_enable: int = ALL_BYTES, gap: int = 0
    ) -> None:
        super().__init__("bus_request")
        self.write = data is not None
        self.offset = offset
        self.data = data or 0
        self.byte_enable = byte_enable
        self.gap = gap
        self.done = Event()


@dataclass(frozen=True)
class BusTransaction:
    """One OBI transaction as the monitor saw it; cycles count the rising edges of the clock.

    `irq` is the interrupt line at the edge that saw the answer.
    """

    write: bool
    offset: int
    byte_enable: int
    data: int
    requested: int
    granted: int
    answered: int
    irq: bool


@dataclass(frozen=True)
class Tile:
    """Steps that share a bank and a part of K: row m of `activations` goes to accumulator row + m.

    `activations` is [M, K], `weights` [K, N], K and N at most the array's size.
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
