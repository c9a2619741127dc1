"""Sequences: single bus accesses, tiles, whole GEMMs as the firmware runs them, and mischief."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pyuvm import uvm_sequence

from heepstor.registers import SYSTOLIC_ARRAY
from verif.uvm import stimulus
from verif.uvm.items import ALL_BYTES, BusRequest, Float32Array, Gemm, Int8Array, Tile
from verif.uvm.model import WORD, encode, offset_of, to_bits, window_bytes
from verif.uvm.registers import RegisterModel

BACK_TO_BACK = (0,)
HESITANT = (0, 0, 0, 0, 1, 1, 2, 5)
SLOW = (0, 3, 12, 40)


class BusSequence(uvm_sequence):
    """Base of all sequences: bus accesses with random gaps drawn from `gaps`."""

    def __init__(self, name: str = "bus", gaps: Sequence[int] = BACK_TO_BACK) -> None:
        super().__init__(name)
        self._gaps = gaps

    @property
    def random(self) -> np.random.Generator:
        """The generator of this run."""
        return self.sequencer.cfg.random

    @property
    def size(self) -> int:
        """Size of the array under test."""
        return self.sequencer.cfg.size

    @property
    def rows(self) -> int:
        """Accumulator rows of the array under test."""
        return self.sequencer.cfg.rows

    async def issue(self, request: BusRequest) -> BusRequest:
        """Hand a request to the driver; returns when it is granted, before it is answered."""
        request.gap = int(self.random.choice(self._gaps))
        await self.start_item(request)
        await self.finish_item(request)
        return request

    async def write(self, offset: int, data: int, byte_enable: int = ALL_BYTES) -> None:
        """A write; returns when it is granted."""
        await self.issue(BusRequest(offset, data, byte_enable))

    async def read(self, offset: int, byte_enable: int = ALL_BYTES) -> int:
        """A read; returns when it is answered."""
        request = await self.issue(BusRequest(offset, None, byte_enable))
        await request.done.wait()
        return request.data

    async def read_all(self, offsets: Sequence[int]) -> list[int]:
        """Reads whose requests do not wait for each other's answers."""
        requests = [await self.issue(BusRequest(offset)) for offset in offsets]
        for request in requests:
            await request.done.wait()
        return [request.data for request in requests]

    async def read_accumulators(self, row: int, m: int, n: int) -> Float32Array:
        """Columns 0..n-1 of `m` accumulator rows from `row` on: [m, n]."""
        offsets = [
            offset_of("ACCUMULATORS", WORD * (r * self.size + c))
            for r in range(row, row + m)
            for c in range(n)
        ]
        words = await self.read_all(offsets)
        return np.array(words, np.uint32).view(np.float32).reshape(m, n)

    async def load_weights(self, bank: int, weights: Int8Array, *, split: bool = False) -> None:
        """Write `weights` [K, N] to a bank, columns beyond N as 0; `split`: in random pieces."""
        padded = np.zeros((len(weights), self.size), np.int8)
        padded[:, : weights.shape[1]] = weights
        for index, word in enumerate(padded.reshape(-1).view("<u4")):
            offset = offset_of(f"WEIGHTS{bank}", WORD * index)
            for byte_enable in self._byte_enables() if split else (ALL_BYTES,):
                await self.write(offset, self._disturbed(int(word), byte_enable), byte_enable)

    def _byte_enables(self) -> Sequence[int]:
        splits = ((0b1111,), (0b0011, 0b1100), (0b0001, 0b0010, 0b0100, 0b1000))
        return splits[self.random.integers(len(splits))]

    def _disturbed(self, word: int, byte_enable: int) -> int:
        """`word` with random bytes where it is not to be written."""
        keep = sum(0xFF << 8 * byte for byte in range(WORD) if byte_enable >> byte & 1)
        return (word & keep) | (int(self.random.integers(1 << 32)) & ~keep & 0xFFFF_FFFF)

    async def launch(self, activations: Float32Array) -> None:
        """One step with the lanes of `activations` [K], in order, the last one launching."""
        *staged, last = (to_bits(value) for value in activations)
        for lane, word in enumerate(staged):
            await self.write(offset_of("STAGE", WORD * lane), word)
        await self.write(offset_of("LAUNCH", WORD * len(staged)), last)

    async def run_tile(self, tile: Tile, *, split: bool = False) -> None:
        """Load a tile's weights and launch its steps."""
        await self.load_weights(tile.bank, tile.weights, split=split)
        word = encode("TILE", ROW=tile.row, BANK=tile.bank, FIRST=int(tile.first))
        await self.write(offset_of("TILE"), word)
        for activations in tile.activations:
            await self.launch(activations)


class GemmSequence(BusSequence):
    """`a` [M, K] times `w` [K, N] as the firmware does it, in tiles; publishes a `Gemm`.

    Banks alternate unless `bank` fixes one, which makes each load of weights wait for the steps
    that still use the bank.
    """

    def __init__(
        self,
        a: Float32Array,
        w: Int8Array,
        *,
        gaps: Sequence[int] = BACK_TO_BACK,
        bank: int | None = None,
        split: bool = False,
    ) -> None:
        super().__init__("gemm", gaps)
        self._a, self._w = a, w
        self._bank, self._split = bank, split

    async def body(self) -> None:
        (m, _), n = self._a.shape, self._w.shape[1]
        result = np.zeros((m, n), np.float32)
        for n0 in range(0, n, self.size):
            for m0 in range(0, m, self.rows):
                chunk = np.s_[m0 : m0 + self.rows]
                columns = np.s_[n0 : n0 + self.size]
                result[chunk, columns] = await self._block(self._a[chunk], self._w[:, columns])
        self.sequencer.products.write(Gemm(self._a, self._w, result))

    async def _block(self, a: Float32Array, w: Int8Array) -> Float32Array:
        """The product of `a` [M, K] and `w` [K, N] where M and N fit; K goes through in tiles."""
        row = int(self.random.integers(self.rows - len(a) + 1))
        for index, k0 in enumerate(range(0, a.shape[1], self.size)):
            lanes = np.s_[k0 : k0 + self.size]
            bank = index % 2 if self._bank is None else self._bank
            tile = Tile(a[:, lanes], w[lanes], row, bank, first=k0 == 0)
            await self.run_tile(tile, split=self._split)
        return await self.read_accumulators(row, len(a), w.shape[1])


class StatusSequence(BusSequence):
    """Reads whatever can be read, for the scoreboard to compare."""

    async def body(self) -> None:
        readable = [r.offset for r in SYSTOLIC_ARRAY.registers if r.access != "WO"]
        await self.read_all(readable)
        await self.read_accumulators(0, self.rows, self.size)


class BusySequence(BusSequence):
    """Launches a step, and reads STATUS in every cycle until long after its end."""

    async def body(self) -> None:
        for row in range(self.rows):
            await self.write(offset_of("TILE"), encode("TILE", ROW=row, FIRST=1))
            await self.launch(stimulus.activations(self.random, (1, self.size))[0])
            await self.read_all([offset_of("STATUS")] * (5 * self.size))


class InterlockSequence(BusSequence):
    """Two steps to one row, so that the second waits, and at once an access that might hurt."""

    async def body(self) -> None:
        same, other = 1, 2
        for bank in (0, 1):
            await self.load_weights(bank, stimulus.weights(self.random, (self.size, self.size)))
        last_weights = offset_of("WEIGHTS0", self.size * self.size - WORD)
        followers = (
            *(BusRequest(self._accumulator(row)) for row in (same, other)),
            *(BusRequest(self._accumulator(row), to_bits(np.float32(7))) for row in (same, other)),
            *(BusRequest(offset, 0x0102_0304) for offset in (offset_of("WEIGHTS0"), last_weights)),
            BusRequest(offset_of("WEIGHTS1"), 0x0506_0708),
            BusRequest(offset_of("STAGE"), to_bits(np.float32(9))),
            BusRequest(offset_of("LAUNCH"), to_bits(np.float32(11))),
            BusRequest(offset_of("TILE"), encode("TILE", ROW=other, BANK=1, FIRST=1)),
        )
        for follower in followers:
            await self._launch_twice(same)
            await self.issue(follower)
            await StatusSequence().start(self.sequencer)

    def _accumulator(self, row: int) -> int:
        return offset_of("ACCUMULATORS", WORD * row * self.size)

    async def _launch_twice(self, row: int) -> None:
        """The second step changes one lane only, so that it follows the first within two cycles."""
        await self.write(offset_of("TILE"), encode("TILE", ROW=row, FIRST=1))
        await self.launch(stimulus.activations(self.random, (1, self.size))[0])
        await self.write(offset_of("TILE"), encode("TILE", ROW=row))
        last_lane = WORD * (self.size - 1)
        await self.write(offset_of("LAUNCH", last_lane), to_bits(np.float32(0.5)))


class PartialSumsSequence(BusSequence):
    """Steps from special partial sums, through lanes that take part and lanes that do not."""

    async def body(self) -> None:
        await self.load_weights(0, np.resize(stimulus.SPECIAL_WEIGHTS, (self.size, self.size)))
        for bits in stimulus.SPECIAL_BITS:
            for activation in (0x0000_0000, 0x8000_0000, bits):
                await self._step(bits, activation)

    async def _step(self, partial_sum: int, activation: int) -> None:
        for column in range(self.size):
            await self.write(offset_of("ACCUMULATORS", WORD * column), partial_sum)
        await self.write(offset_of("TILE"), encode("TILE", ROW=0, FIRST=0))
        await self.write(offset_of("LAUNCH"), activation)
        await self.read_accumulators(0, 1, self.size)


class RegisterSequence(BusSequence):
    """Reset values, then patterns written and read back, through the front door of the model."""

    def __init__(self, model: RegisterModel) -> None:
        super().__init__("registers")
        self._model = model
        self.faults: list[str] = []

    async def body(self) -> None:
        for register in SYSTOLIC_ARRAY.registers:
            if register.access != "WO":
                await self._expect(register.name, "after reset")
        for name in ("STATUS", "TILE"):
            for pattern in (0xFFFF_FFFF, 0x5555_5555, 0xAAAA_AAAA, 0):
                await self._model.by_name[name].write(pattern)
                await self._expect(name, f"after writing 0x{pattern:08x}")

    async def _expect(self, name: str, when: str) -> None:
        register = self._model.by_name[name]
        expected = register.get_mirrored_value()
        _, got = await register.read()
        if got != expected:
            self.faults.append(f"{name} {when}: got 0x{got:08x}, expected 0x{expected:08x}")


class IllegalSequence(BusSequence):
    """Each kind of access that must be refused; after each one all state is read again."""

    async def body(self) -> None:
        await self._prepare()
        for offset in self._beyond():
            await self._refused(BusRequest(offset, 0xDEAD_BEEF))
            await self._refused(BusRequest(offset))
        for register in SYSTOLIC_ARRAY.registers:
            if register.access == "RO":
                await self._refused(BusRequest(register.offset, 0xFFFF_FFFF))
            elif register.access == "WO":
                await self._refused(BusRequest(register.offset))
        for window in ("WEIGHTS0", "WEIGHTS1", "STAGE", "LAUNCH"):
            await self._refused(BusRequest(offset_of(window)))
        for name in ("CTRL", "STATUS", "TILE", "STAGE", "LAUNCH", "ACCUMULATORS"):
            for byte_enable in (0b0001, 0b0011, 0b1100, 0b0111):
                await self._refused(BusRequest(offset_of(name), 0xFFFF_FFFF, byte_enable))
        for row in (self.rows, 0xFFFF):
            await self.write(offset_of("TILE"), encode("TILE", ROW=row, FIRST=1))
            await self._refused(BusRequest(offset_of("LAUNCH"), to_bits(np.float32(1))))
        await self._several_errors()

    async def _prepare(self) -> None:
        """Known weights, lanes and accumulators, so that a side effect would be seen."""
        await self.load_weights(0, np.ones((self.size, self.size), np.int8))
        for row in range(self.rows):
            for column in range(self.size):
                word = to_bits(np.float32(100 * row + column))
                await self.write(offset_of("ACCUMULATORS", WORD * (row * self.size + column)), word)
        await self.write(offset_of("TILE"), encode("TILE", FIRST=1))

    def _beyond(self) -> list[int]:
        """Offsets next to everything that there is, which belong to nothing."""
        registers = [r.offset for r in SYSTOLIC_ARRAY.registers]
        windows = {window.name: window for window in SYSTOLIC_ARRAY.windows}
        beyond = {max(registers) + WORD, 0x0FFC, 0x2200, 0x7FFC}
        for name, used in window_bytes(self.size, self.rows).items():
            if used < windows[name].size:
                beyond |= {offset_of(name, used), offset_of(name, windows[name].size - WORD)}
        return sorted(beyond)

    async def _refused(self, request: BusRequest) -> None:
        await self.issue(request)
        await StatusSequence(gaps=self._gaps).start(self.sequencer)
        await self.write(offset_of("STATUS"), 0xFFFF_FFFF)

    async def _several_errors(self) -> None:
        """The address of the first error stays until STATUS is clear."""
        await self.read(0x0FFC)
        await self.read(offset_of("CTRL"))
        await self.write(offset_of("TILE"), encode("TILE", ROW=self.rows))
        await self.write(offset_of("LAUNCH"), 0)
        for clear in ("ERR_ACCESS", "ERR_ADDRESS", "ERR_ROW"):
            await self.read_all([offset_of("STATUS"), offset_of("ERROR_ADDRESS")])
            await self.write(offset_of("STATUS"), encode("STATUS", **{clear: 1}))
        await self.read(offset_of("STATUS"))
        await self.read(offset_of("CTRL"))
        await self.read_all([offset_of("STATUS"), offset_of("ERROR_ADDRESS")])


class AbortSequence(BusSequence):
    """Aborts after some steps at a random moment, then shows that a GEMM is right again."""

    async def body(self) -> None:
        for wait in (0, 1, 2, self.size, 2 * self.size, 3 * self.size, 5 * self.size):
            await self._work(int(self.random.integers(1, self.rows + 1)))
            if wait:
                await self.issue_after(wait, BusRequest(offset_of("CTRL"), 1))
            else:
                await self.write(offset_of("CTRL"), encode("CTRL", ABORT=1))
            await StatusSequence().start(self.sequencer)
            shape = (self.rows + 1, self.size + 1)
            a = stimulus.activations(self.random, shape)
            w = stimulus.weights(self.random, shape[::-1])
            await GemmSequence(a, w).start(self.sequencer)

    async def issue_after(self, cycles: int, request: BusRequest) -> None:
        """A request after a gap that is given."""
        request.gap = cycles
        await self.start_item(request)
        await self.finish_item(request)

    async def _work(self, m: int) -> None:
        k = int(self.random.integers(1, self.size + 1))
        a = stimulus.activations(self.random, (m, k))
        w = stimulus.weights(self.random, (k, self.size))
        for first in (True, False):
            await self.run_tile(Tile(a, w, 0, int(self.random.integers(2)), first))


class ChaosSequence(BusSequence):
    """Random accesses of every kind in any order, hardly any time between them."""

    def __init__(self, count: int, gaps: Sequence[int] = HESITANT) -> None:
        super().__init__("chaos", gaps)
        self._count = count

    async def body(self) -> None:
        for bank in (0, 1):
            await self.load_weights(bank, stimulus.weights(self.random, (self.size, self.size)))
        await self.launch(stimulus.activations(self.random, (1, self.size))[0])
        actions = {
            self._write_weights: 5,
            self._write_tile: 3,
            self._launch: 12,
            self._access_accumulator: 8,
            self._read_register: 4,
            self._illegal: 1,
            self._clear_errors: 1,
            self._abort: 0.1,
        }
        shares = np.array(list(actions.values())) / sum(actions.values())
        for index in self.random.choice(len(actions), self._count, p=shares):
            await list(actions)[index]()

    async def _write_weights(self) -> None:
        index = int(self.random.integers(self.size * self.size // WORD))
        bank, byte_enable = int(self.random.integers(2)), int(self.random.integers(1, 16))
        word = int(self.random.integers(1 << 32))
        await self.write(offset_of(f"WEIGHTS{bank}", WORD * index), word, byte_enable)

    async def _write_tile(self) -> None:
        row, bank, first = (int(self.random.integers(n)) for n in (self.rows, 2, 2))
        await self.write(offset_of("TILE"), encode("TILE", ROW=row, BANK=bank, FIRST=first))

    async def _launch(self) -> None:
        k = int(self.random.integers(1, self.size + 1))
        await self.launch(stimulus.activations(self.random, (1, k), special=0.1)[0])

    async def _access_accumulator(self) -> None:
        row, column = int(self.random.integers(self.rows)), int(self.random.integers(self.size))
        offset = offset_of("ACCUMULATORS", WORD * (row * self.size + column))
        if self.random.random() < 0.2:
            value = stimulus.activations(self.random, (1, 1), special=0.2)[0, 0]
            await self.write(offset, to_bits(value))
        else:
            await self.issue(BusRequest(offset))

    async def _read_register(self) -> None:
        registers = SYSTOLIC_ARRAY.registers
        await self.issue(BusRequest(registers[self.random.integers(len(registers))].offset))

    async def _illegal(self) -> None:
        offset = WORD * int(self.random.integers(SYSTOLIC_ARRAY.size // WORD))
        await self.issue(BusRequest(offset))

    async def _clear_errors(self) -> None:
        await self.write(offset_of("STATUS"), int(self.random.integers(1 << 32)))

    async def _abort(self) -> None:
        await self.write(offset_of("CTRL"), encode("CTRL", ABORT=1))
