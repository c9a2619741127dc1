"""What the array's register map means, one access after the other, without any timing or job.

Whatever the bus does, reads must give what this model gives: interlocks make every access look as
if the ones before it were over. Only BUSY, and what ABORT still finds in flight, depend on time.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from heepstor.registers import SYSTOLIC_ARRAY, SYSTOLIC_ARRAY_ID
from verif.rtl import sa
from verif.rtl.systolic_array.obi import ALL_BYTES

OFFSET = {r.name: r.offset for r in SYSTOLIC_ARRAY.registers} | {
    w.name: w.offset for w in SYSTOLIC_ARRAY.windows
}
BUSY = 1 << 0
ERR_ADDRESS, ERR_ACCESS, ERR_ROW = 1 << 8, 1 << 9, 1 << 10  # jobs have more of them
ERRORS = ERR_ADDRESS | ERR_ACCESS | ERR_ROW
_ACCESS = {r.name: r.access for r in SYSTOLIC_ARRAY.registers} | {
    w.name: w.access for w in SYSTOLIC_ARRAY.windows
}


def tile(row: int, bank: int = 0, first: bool = False) -> int:
    """Value of the TILE register."""
    return row | bank << 16 | first << 17


@dataclass
class Model:
    """State of the array as software sees it."""

    size: int
    rows: int
    config_hash: int = 0
    stream_geometry: int = 0
    irq_enable: int = 0
    tile: int = 0
    steps: int = 0
    errors: int = 0
    error_address: int = 0
    weights: sa.Int8Array = field(init=False)  # [bank, row, column]
    accumulators: sa.Float32Array = field(init=False)  # [row, column]
    staged: sa.Float32Array = field(init=False)

    def __post_init__(self) -> None:
        self.weights = np.zeros((2, self.size, self.size), np.int8)
        self.accumulators = np.zeros((self.rows, self.size), np.float32)
        self.staged = np.zeros(self.size, np.float32)

    def locate(self, offset: int) -> tuple[str, int] | None:
        """Name of the register or window at an offset, and the byte in it; None: no one's."""
        size_of = {
            "WEIGHTS0": self.size**2,
            "WEIGHTS1": self.size**2,
            "STAGE": 4 * self.size,
            "LAUNCH": 4 * self.size,
            "ACCUMULATORS": 4 * self.size * self.rows,
        }
        for name, base in OFFSET.items():
            if base <= offset < base + size_of.get(name, 4):
                return name, offset - base
        return None

    def access(self, address: int, data: int | None = None, enable: int = ALL_BYTES) -> int:
        """Make an access; returns what a read gives, 0 for a write."""
        offset = address & 0xFFFC
        place = self.locate(offset)
        error = self._error(place, data, enable)
        if error or place is None:
            self.error_address = self.error_address if self.errors else offset
            self.errors |= error
            return 0
        name, byte = place
        if data is None:
            return self._read(name, byte)
        self._write(name, byte, data, enable)
        return 0

    def _error(self, place: tuple[str, int] | None, data: int | None, enable: int) -> int:
        if place is None:
            return ERR_ADDRESS
        name = place[0]
        refused = "WO" if data is None else "RO"
        partial = data is not None and enable != ALL_BYTES and not name.startswith("WEIGHTS")
        if _ACCESS[name] == refused or partial:
            return ERR_ACCESS
        return ERR_ROW if name == "LAUNCH" and self.tile & 0xFFFF >= self.rows else 0

    def _read(self, name: str, byte: int) -> int:
        if name == "ACCUMULATORS":
            return sa.bits(self.accumulators)[byte // 4]
        return {
            "ID": SYSTOLIC_ARRAY_ID,
            "GEOMETRY": self.size | self.rows << 16,
            "CONFIG_HASH": self.config_hash,
            "STATUS": self.errors,
            "ERROR_ADDRESS": self.error_address,
            "TILE": self.tile,
            "STEPS": self.steps,
            "STREAM_GEOMETRY": self.stream_geometry,
            "IRQ_ENABLE": self.irq_enable,
        }.get(name, 0)  # the others count jobs, and tell of them

    def _write(self, name: str, byte: int, data: int, enable: int) -> None:
        if name == "CTRL":
            if data & 1:
                self.abort()
        elif name == "STATUS":
            self.errors &= ~data
        elif name == "TILE":
            self.tile = data & 0x3_FFFF
        elif name == "IRQ_ENABLE":
            self.irq_enable = data & 1
        elif name in ("WEIGHTS0", "WEIGHTS1"):
            codes = self.weights[int(name[-1])].reshape(-1)
            for i in range(4):
                if enable >> i & 1:
                    codes[byte + i] = np.uint8(data >> 8 * i & 0xFF).view(np.int8)
        elif name == "ACCUMULATORS":
            self.accumulators.reshape(-1)[byte // 4] = sa.floats([data])[0]
        else:
            self.staged[byte // 4] = sa.floats([data])[0]
            if name == "LAUNCH":
                self._launch(lanes=byte // 4 + 1)

    def _launch(self, lanes: int) -> None:
        row, bank, first = self.tile & 0xFFFF, self.tile >> 16 & 1, self.tile >> 17
        start = np.zeros(self.size, np.float32) if first else self.accumulators[row]
        self.accumulators[row] = sa.step(start, self.staged, self.weights[bank], range(lanes))
        self.tile = self.tile & ~0xFFFF | (row + 1) & 0xFFFF
        self.steps += 1

    def abort(self) -> None:
        """ABORT with nothing in flight."""
        self.tile = self.steps = self.errors = 0
        self.staged[:] = 0
