"""What the array must answer, one bus transaction after the other.

The contract says that nothing the bus can do gives a wrong result, it only waits. So a model
without time, which does each access at once and in order, predicts every read. Two things depend on
time, and there the model accepts all that is allowed: BUSY, and what ABORT left of the steps in
flight. Whether a chain of jobs runs, the state of the array tells; what registers tell of it is
compared elsewhere (chains.py), here it may be anything, but the same when it is read again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from golden.numpy_twin import canonical_nan
from heepstor import registers
from heepstor.registers import SYSTOLIC_ARRAY, SYSTOLIC_ARRAY_ID
from verif.uvm.items import ALL_BYTES, ArrayState, BusTransaction, Float32Array, Int8Array
from verif.uvm.memory import WORD

_REGISTERS = {register.name: register for register in SYSTOLIC_ARRAY.registers}
_WINDOWS = {window.name: window for window in SYSTOLIC_ARRAY.windows}
_ERRORS = {
    "no such address": "ERR_ADDRESS",
    "wrong direction": "ERR_ACCESS",
    "part of a word": "ERR_ACCESS",
    "no such row": "ERR_ROW",
    "a job runs": "ERR_BUSY",
}
"""The error bit of STATUS by the reason of a refusal."""


_CORE = ("WEIGHTS0", "WEIGHTS1", "STAGE", "LAUNCH", "ACCUMULATORS")
"""What a job has for itself."""


def offset_of(name: str, index: int = 0) -> int:
    """Offset of a register, or of byte `index` of a window."""
    return (_REGISTERS.get(name) or _WINDOWS[name]).offset + index


def encode(register: str, **fields: int) -> int:
    """The word of a register from its fields; those not named are 0."""
    lsb = {field.name: field.lsb for field in _REGISTERS[register].fields}
    return sum(value << lsb[name] for name, value in fields.items())


def decode(register: str, word: int) -> dict[str, int]:
    """The fields of a register's word."""
    return {
        field.name: word >> field.lsb & ((1 << field.width) - 1)
        for field in _REGISTERS[register].fields
    }


_DONE = encode("STATUS", DONE=1)
_OF_JOBS = encode("STATUS", ERR_DESCRIPTOR=1, ERR_WINDOW=1, ERR_BUS=1)
"""Bits of STATUS that the end of a chain may set, besides DONE."""
OF_CHAINS = tuple(
    register.name
    for register in SYSTOLIC_ARRAY.registers
    if register.offset >= offset_of("CYCLES") or register.name in ("JOB", "BUS_ERROR_ADDRESS")
)
"""Registers that tell of the last chain."""


def constants(size: int, rows: int, config_hash: int, stream_geometry: int) -> dict[str, int]:
    """What the registers read that say what the array is."""
    return {
        "ID": SYSTOLIC_ARRAY_ID,
        "GEOMETRY": encode("GEOMETRY", SIZE=size, ACCUMULATOR_ROWS=rows),
        "CONFIG_HASH": config_hash,
        "STREAM_GEOMETRY": stream_geometry,
    }


def window_bytes(size: int, rows: int) -> dict[str, int]:
    """How much of each window there is."""
    return {
        "WEIGHTS0": size * size,
        "WEIGHTS1": size * size,
        "STAGE": WORD * size,
        "LAUNCH": WORD * size,
        "ACCUMULATORS": WORD * rows * size,
    }


def to_bits(value: np.float32) -> int:
    """The 32-bit word of a float."""
    return int(np.float32(value).view(np.uint32))


def to_float(word: int) -> np.float32:
    """The float of a 32-bit word; NaN payloads are kept."""
    return np.uint32(word).view(np.float32)


def accumulate(acc: Float32Array, a: Float32Array, w: Int8Array) -> Float32Array:
    """One step in contract order: `acc` [N] plus `a` [K] times `w` [K, N], k after k."""
    with np.errstate(all="ignore"):
        for activation, weights in zip(a, w.astype(np.float32), strict=True):
            acc = acc + activation * weights
    return canonical_nan(acc)


@dataclass(frozen=True)
class _Target:
    """What an offset is: a register, or the byte `index` of a window."""

    name: str
    access: registers.Access
    index: int = 0


@dataclass(frozen=True)
class Access:
    """What a transaction is: the register or window, or "nothing"; why it is refused, or ""."""

    name: str
    refusal: str


@dataclass(frozen=True)
class _Step:
    """A step that may be in flight: its row, what each column may have held, if that was known."""

    row: int
    before: list[set[int]]
    known_before: npt.NDArray[np.bool_]


class ArrayModel:
    """The programmer's view of an array of `size` with `rows` accumulator rows."""

    def __init__(self, size: int, rows: int, config_hash: int, stream_geometry: int = 0) -> None:
        self.size = size
        self.rows = rows
        self._constants = constants(size, rows, config_hash, stream_geometry)
        self._window_bytes = window_bytes(size, rows)
        # Memories have no reset: what was never written may read as anything.
        self._weights = np.zeros((2, size, size), np.int8)
        self._weights_known = np.zeros((2, size, size), np.bool_)
        self._accumulators = np.zeros((rows, size), np.float32)
        self._accumulators_known = np.zeros((rows, size), np.bool_)
        # The last one may still be on its way to the array when a reset comes.
        self._last_weights: BusTransaction | None = None
        # Words that ABORT may have left as they were before a step in flight.
        self._before_abort: dict[tuple[int, int], set[int]] = {}
        self._in_flight: list[_Step] = []
        self._no_jobs()
        self._abort()

    def classify(self, transaction: BusTransaction) -> Access:
        """What a transaction is that comes next."""
        target = self._target(transaction.offset)
        return Access(target.name if target else "nothing", self._refusal(target, transaction))

    def reset(self, unsure: Sequence[BusTransaction]) -> None:
        """A reset; what was written last may be lost, and what is `unsure` may have been done."""
        for transaction in unsure:
            self._forget(transaction)
        if self._last_weights:
            self._forget(self._last_weights)
        self._abort()
        self._no_jobs()

    def check(self, transaction: BusTransaction) -> str | None:
        """Do the transaction; returns what is wrong with its answer, or None."""
        self._look_for_the_end(transaction)
        target = self._target(transaction.offset)
        refusal = self._refusal(target, transaction)
        allowed: set[int] = {0}
        if target is None or refusal:
            self._latch(_ERRORS[refusal], transaction.offset)
        elif transaction.write:
            self._write(target, transaction)
        else:
            allowed = self._read(target, transaction)
        name = target.name if target else "nothing"
        what = f"{'write' if transaction.write else 'read'} of 0x{transaction.offset:04x} ({name})"
        where = f"{what} at cycle {transaction.granted}"
        if not transaction.write and allowed and transaction.data not in allowed:
            expected = " or ".join(f"0x{word:08x}" for word in sorted(allowed))
            return f"{where}: got 0x{transaction.data:08x}, expected {expected}"
        irq = bool(self._errors & ~_DONE) or bool(self._irq_enable and self._errors & _DONE)
        is_known = irq or not (self._chain_runs or self._unknown)
        if is_known and transaction.irq != irq:
            return f"{where}: irq {transaction.irq}, expected {irq}"
        return None

    def _no_jobs(self) -> None:
        """What a reset leaves of jobs, and of what only a reset clears."""
        self._error_address: int | None = 0
        self._irq_enable = 0
        self._chain_runs = False
        # Bits of STATUS that a chain may have set when it ended.
        self._unknown = 0
        self._of_chains = dict.fromkeys(OF_CHAINS, 0)

    def _look_for_the_end(self, transaction: BusTransaction) -> None:
        """A chain that ran at the last access, and runs no more, has ended in between."""
        if self._chain_runs and not transaction.state_at_request & ArrayState.JOB:
            self._chain_runs = False
            self._errors |= _DONE
            self._unknown = _OF_JOBS & ~self._errors

    def _target(self, offset: int) -> _Target | None:
        offset -= offset % WORD  # byte enables alone say which bytes
        for register in _REGISTERS.values():
            if offset == register.offset:
                return _Target(register.name, register.access)
        for window in _WINDOWS.values():
            index = offset - window.offset
            if 0 <= index < self._window_bytes[window.name]:
                return _Target(window.name, window.access, index)
        return None

    def _refusal(self, target: _Target | None, transaction: BusTransaction) -> str:
        """Why the transaction is refused (of _ERRORS), or "" if it is done."""
        if target is None:
            return "no such address"
        if target.access == ("RO" if transaction.write else "WO"):
            return "wrong direction"
        whole = transaction.byte_enable == ALL_BYTES
        if transaction.write and not whole and not target.name.startswith("WEIGHTS"):
            return "part of a word"
        runs = bool(transaction.state_at_request & ArrayState.JOB)
        if runs and (
            target.name in _CORE or (transaction.write and target.name in ("JOB", "TILE"))
        ):
            return "a job runs"
        if target.name == "LAUNCH" and self._tile["ROW"] >= self.rows:
            return "no such row"
        return ""

    def _forget(self, transaction: BusTransaction) -> None:
        """Of a write of which no one can know whether it was done, what was there is unknown."""
        target = self._target(transaction.offset)
        if not transaction.write or target is None:
            return
        if target.name == "ACCUMULATORS":
            row, column = divmod(target.index // WORD, self.size)
            self._accumulators_known[row, column] = False
            self._before_abort.pop((row, column), None)
        elif target.name.startswith("WEIGHTS"):
            row, column = divmod(target.index, self.size)
            self._weights_known[int(target.name[-1]), row, column : column + WORD] = False

    def _latch(self, error: str, offset: int) -> None:
        if self._unknown:
            self._error_address = None
        elif not self._errors & ~_DONE:
            self._error_address = offset
        self._errors |= encode("STATUS", **{error: 1})

    def _write(self, target: _Target, transaction: BusTransaction) -> None:
        word = transaction.data
        match target.name:
            case "CTRL":
                if decode("CTRL", word)["ABORT"]:
                    self._abort()
            case "STATUS":
                self._errors &= ~word
                self._unknown &= ~word
            case "JOB":
                self._start(word)
            case "TILE":
                self._tile = decode("TILE", word)
            case "IRQ_ENABLE":
                self._irq_enable = word & encode("IRQ_ENABLE", DONE=1)
            case "WEIGHTS0" | "WEIGHTS1":
                self._last_weights = transaction
                self._write_weights(int(target.name[-1]), target.index, transaction)
            case "STAGE":
                self._staged[target.index // WORD] = to_float(word)
            case "LAUNCH":
                self._staged[target.index // WORD] = to_float(word)
                self._launch(target.index // WORD + 1, transaction)
            case "ACCUMULATORS":
                row, column = divmod(target.index // WORD, self.size)
                self._finish(row, transaction)
                self._set_accumulator(row, column, word)

    def _write_weights(self, bank: int, index: int, transaction: BusTransaction) -> None:
        for byte in range(WORD):
            if transaction.byte_enable >> byte & 1:
                row, column = divmod(index + byte, self.size)
                code = transaction.data >> 8 * byte & 0xFF
                self._weights[bank, row, column] = np.uint8(code).view(np.int8)
                self._weights_known[bank, row, column] = True

    def _launch(self, lanes: int, transaction: BusTransaction) -> None:
        row, bank = self._tile["ROW"], self._tile["BANK"]
        before, known_before = self._accumulators[row].copy(), self._accumulators_known[row].copy()
        known = self._weights_known[bank, :lanes].all(axis=0)
        if self._tile["FIRST"]:
            start = np.zeros(self.size, np.float32)
        else:
            start = before
            known &= known_before
            # A step that continues from one that ABORT may have dropped has no known result.
            known &= np.array([(row, n) not in self._before_abort for n in range(self.size)])
        weights = self._weights[bank, :lanes]
        self._accumulators[row] = accumulate(start, self._staged[:lanes], weights)
        self._accumulators_known[row] = known
        # What it held is not sure either, if ABORT has dropped a step to it before.
        held = [
            {to_bits(sum_)} | self._before_abort.pop((row, n), set())
            for n, sum_ in enumerate(before)
        ]
        self._in_flight.append(_Step(row, held, known_before))
        self._last_launch = transaction.granted
        self._tile["ROW"] = (row + 1) & 0xFFFF
        self._steps += 1

    def _read(self, target: _Target, transaction: BusTransaction) -> set[int]:
        """The words that a read may give; empty where it may give any."""
        match target.name:
            case "STATUS":
                return self._status(transaction)
            case "ERROR_ADDRESS":
                if self._error_address is None:
                    self._error_address = transaction.data
                return {self._error_address}
            case "TILE":
                return {encode("TILE", **self._tile)}
            case "STEPS":
                return {self._steps}
            case "IRQ_ENABLE":
                return {self._irq_enable}
            case "ACCUMULATORS":
                row, column = divmod(target.index // WORD, self.size)
                self._finish(row, transaction)
                return self._read_accumulator(row, column, transaction.data)
        if target.name in self._constants:
            return {self._constants[target.name]}
        return self._read_of_chain(target.name, transaction)

    def _start(self, place: int) -> None:
        """A chain of jobs; nothing may be known of what the core has in it afterwards."""
        self._chain_runs = True
        self._of_chains = dict.fromkeys(OF_CHAINS)
        if place % WORD == 0:  # else it is refused before it does anything
            self._weights_known[:] = False
            self._accumulators_known[:] = False
            self._before_abort.clear()

    def _status(self, transaction: BusTransaction) -> set[int]:
        """What STATUS may read; what it reads is known from then on."""
        runs = encode("STATUS", JOB=1) if transaction.state_at_request & ArrayState.JOB else 0
        self._errors |= transaction.data & self._unknown
        self._unknown = 0
        return {self._errors | runs | busy for busy in self._busy(transaction)}

    def _read_of_chain(self, name: str, transaction: BusTransaction) -> set[int]:
        """A register that a chain sets: anything while it runs, what it read then after it."""
        value = self._of_chains[name]
        if value is not None:
            return {value}
        if not transaction.state_at_request & ArrayState.JOB:
            self._of_chains[name] = transaction.data
        return set()

    def _busy(self, transaction: BusTransaction) -> set[int]:
        """The values that BUSY may have; where it reads 0, nothing is in flight from then on."""
        busy = encode("STATUS", BUSY=1)
        if transaction.state_at_request & ArrayState.JOB:
            return {0, busy}
        if transaction.granted <= self._last_launch + self.size:
            return {busy}  # a sum takes at least a cycle a row
        if not self._in_flight and transaction.granted > self._finished + 1:
            return {0}
        if not transaction.data & busy:
            self._in_flight.clear()
            self._finished = transaction.answered
        return {0, busy}

    def _finish(self, row: int, transaction: BusTransaction) -> None:
        """An access to `row` waited for its steps, and so for those launched before them."""
        rows = [step.row for step in self._in_flight]
        if row in rows:
            last = len(rows) - 1 - rows[::-1].index(row)
            del self._in_flight[: last + 1]
            self._finished = transaction.answered

    def _read_accumulator(self, row: int, column: int, got: int) -> set[int]:
        expected = to_bits(self._accumulators[row, column])
        allowed = {expected} | self._before_abort.get((row, column), set())
        known = bool(self._accumulators_known[row, column])
        if not known or got in allowed:
            self._set_accumulator(row, column, got)  # what it read now, it must read again
        return allowed if known else set()

    def _set_accumulator(self, row: int, column: int, word: int) -> None:
        self._before_abort.pop((row, column), None)
        self._accumulators[row, column] = to_float(word)
        self._accumulators_known[row, column] = True

    def _abort(self) -> None:
        for step in self._in_flight:
            self._accumulators_known[step.row] &= step.known_before
            for column, before in enumerate(step.before):
                self._before_abort.setdefault((step.row, column), set()).update(before)
        self._in_flight = []
        self._last_launch = -self.size - 1
        self._finished = 0
        self._errors = 0
        self._unknown = 0
        self._chain_runs = False
        self._tile = decode("TILE", 0)
        self._steps = 0
        self._staged = np.zeros(self.size, np.float32)
