"""Sequences on the bus sequencer: accesses, tiles as the firmware runs them, and mischief."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
from cocotb.triggers import FallingEdge, RisingEdge, Timer, with_timeout
from pyuvm import uvm_sequence

from heepstor.job import encode as encode_job
from heepstor.registers import DESCRIPTOR, SYSTOLIC_ARRAY, Register
from verif.uvm import stimulus
from verif.uvm.coverage import STALLS, STATES, TARGETS
from verif.uvm.items import (
    ALL_BYTES,
    BACK_TO_BACK,
    BusRequest,
    ChainItem,
    Float32Array,
    Int8Array,
    KTile,
    TileItem,
)
from verif.uvm.job_stimulus import matrix
from verif.uvm.memory import WORD
from verif.uvm.model import OF_CHAINS, encode, offset_of, to_bits, window_bytes
from verif.uvm.registers import RegisterModel

_WORD_BITS = 32
JOB_PLACE = 0x400
"""Where sequences of accesses put a descriptor."""
JOB_NOT_ALIGNED = 2
"""What JOB may be written to without consequences: a chain that is refused."""
_CYCLE_NS = 10
_CHAIN_CYCLES = 60_000
_POLL_CYCLES = 40
_NOTHING = 0x0FFC  # an offset between the registers and the windows

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
        if request.gap is None:
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

    def store_job(self, place: int, following: int = 0, **changes: int) -> int:
        """Put the descriptor of a small job into memory; its data is what lies behind it."""
        job = matrix(self.size, 2, 2, 1, **changes)
        data = place + WORD * len(DESCRIPTOR)
        words = encode_job(job, data, data, data + WORD * job.map_words * 2, following)
        self.sequencer.cfg.memory.words[place // WORD :][: len(words)] = words
        return place

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

    async def run_tile(self, tile: KTile, *, split: bool = False) -> None:
        """Load the weights of a K tile and launch its steps."""
        await self.load_weights(tile.bank, tile.weights, split=split)
        word = encode("TILE", ROW=tile.row, BANK=tile.bank, FIRST=int(tile.first))
        await self.write(offset_of("TILE"), word)
        for activations in tile.activations:
            await self.launch(activations)


class TileSequence(BusSequence):
    """A tile: its K tiles one after the other, then its sums read back into `result`."""

    def __init__(self, tile: TileItem) -> None:
        super().__init__("tile", tile.gaps)
        self._tile = tile

    async def body(self) -> None:
        tile = self._tile
        for index, k0 in enumerate(range(0, tile.a.shape[1], self.size)):
            lanes = np.s_[k0 : k0 + self.size]
            bank = index % 2 if tile.bank is None else tile.bank
            part = KTile(tile.a[:, lanes], tile.w[lanes], tile.row, bank, first=k0 == 0)
            await self.run_tile(part, split=tile.split)
        tile.result = await self.read_accumulators(tile.row, len(tile.a), tile.w.shape[1])


class ChainSequence(BusSequence):
    """Starts a chain of jobs, waits for its end, reads what the registers tell of it."""

    def __init__(self, chain: ChainItem) -> None:
        super().__init__("chain")
        self._chain = chain

    async def body(self) -> None:
        chain = self._chain
        await self.write(
            offset_of("IRQ_ENABLE"), encode("IRQ_ENABLE", DONE=int(chain.by_interrupt))
        )
        await self.write(offset_of("JOB"), chain.place)
        for request in chain.meanwhile:
            await self.issue(request)
        chain.status = await self._end()
        values = await self.read_all([offset_of(name) for name in OF_CHAINS])
        chain.registers = dict(zip(OF_CHAINS, values, strict=True))
        await self.write(offset_of("STATUS"), chain.status)

    async def _end(self) -> int:
        """STATUS when no job runs any more."""
        for _ in range(_CHAIN_CYCLES // _POLL_CYCLES):
            if self._chain.by_interrupt:
                await self._interrupt()
            else:
                await Timer(_POLL_CYCLES * _CYCLE_NS, "ns")
            status = await self.read(offset_of("STATUS"))
            if not status & encode("STATUS", JOB=1):
                return status
            # It was an access of ours that was refused.
            await self.write(offset_of("STATUS"), status)
        raise AssertionError(f"a chain of jobs did not end in {_CHAIN_CYCLES} cycles")

    async def _interrupt(self) -> None:
        tb = self.sequencer.cfg.port.tb
        if not tb.irq.value:
            await with_timeout(RisingEdge(tb.irq), _CHAIN_CYCLES * _CYCLE_NS, "ns")
        await FallingEdge(tb.clk)


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


class ResetValuesSequence(BusSequence):
    """Reads every register that can be read, through the front door of the register model."""

    def __init__(self, model: RegisterModel) -> None:
        super().__init__("registers")
        self._model = model
        self.faults: list[str] = []

    async def body(self) -> None:
        for register in SYSTOLIC_ARRAY.registers:
            if register.access != "WO":
                await self._expect(register.name, "after reset")

    async def _expect(self, name: str, when: str, expected: int | None = None) -> None:
        """Read a register; what is expected is the model's value unless it is given."""
        register = self._model.by_name[name]
        if expected is None:
            expected = register.get_mirrored_value()
        _, got = await register.read()
        if got != expected:
            self.faults.append(f"{name} {when}: got 0x{got:08x}, expected 0x{expected:08x}")


class RegisterSequence(ResetValuesSequence):
    """Each register by its access policy, through the front door of the register model.

    At the end no register has its reset value, so that a reset has something to undo.
    """

    async def body(self) -> None:
        await super().body()
        for register in SYSTOLIC_ARRAY.registers:
            if register.name != "JOB":  # a write starts a job
                await getattr(self, f"_check_{register.access.lower()}")(register)
        await self.write(offset_of("IRQ_ENABLE"), encode("IRQ_ENABLE", DONE=1))
        await self._check_job()
        await self.write(offset_of("TILE"), encode("TILE", BANK=1, FIRST=1))
        await self.write(offset_of("LAUNCH"), 0)
        await self._provoke_all_errors()

    async def _check_ro(self, register: Register) -> None:
        """A write is refused."""
        _, before = await self._model.by_name[register.name].read()
        await self._model.by_name[register.name].write(0xFFFF_FFFF)
        await self._expect_refused(register)
        if register.name != "ERROR_ADDRESS":  # that one now tells of the refusal
            await self._expect(register.name, "after a write that is refused", expected=before)

    async def _check_job(self) -> None:
        """It reads the address of the job that ran last; a job leaves the counters at no 0."""
        place = self.store_job(JOB_PLACE)
        await self._run(place)
        await self._expect("STATUS", "after a job", expected=encode("STATUS", DONE=1))
        await self._expect("JOB", "after a job", expected=place)

    async def _check_wo(self, register: Register) -> None:
        """A read is refused; a write is not."""
        await self._expect(register.name, "which cannot be read", expected=0)
        await self._expect_refused(register)
        await self._model.by_name[register.name].write(0)
        await self._expect("STATUS", f"after a write of {register.name}", expected=0)

    async def _check_rw(self, register: Register) -> None:
        """Each bit alone, both ways, and whole words."""
        for pattern in (0xFFFF_FFFF, 0x5555_5555, 0xAAAA_AAAA, *_walking(), 0):
            await self._model.by_name[register.name].write(pattern)
            await self._expect(register.name, f"after writing 0x{pattern:08x}")

    async def _check_rw1c(self, register: Register) -> None:
        """Bits stay until 1 is written to them, and to no other."""
        sticky = [f for f in register.fields if f.name not in ("BUSY", "JOB")]
        all_set = encode(register.name, **{field.name: 1 for field in sticky})
        for pattern in (0, all_set, *(1 << bit for bit in range(_WORD_BITS))):
            await self._provoke_all_errors()
            await self._expect(register.name, "after one error of each kind", expected=all_set)
            await self._model.by_name[register.name].write(pattern)
            left = all_set & ~pattern
            await self._expect(register.name, f"after writing 0x{pattern:08x}", expected=left)
        await self._model.by_name[register.name].write(all_set)

    async def _provoke_all_errors(self) -> None:
        await self.read(_NOTHING)
        await self.read(offset_of("CTRL"))
        await self.write(offset_of("TILE"), encode("TILE", ROW=self.rows))
        await self.write(offset_of("LAUNCH"), 0)
        beyond_memory = WORD * len(self.sequencer.cfg.memory.words)
        beyond_window = self.store_job(JOB_PLACE, segment_words=1, row_step=2, chunk=2)
        for place in (JOB_NOT_ALIGNED, beyond_memory, beyond_window):
            await self._run(place)
        # It takes long enough to refuse something.
        await self.write(offset_of("JOB"), beyond_window)
        await self.write(offset_of("TILE"), 0)
        await self._end_of_job()

    async def _run(self, place: int) -> None:
        await self.write(offset_of("JOB"), place)
        await self._end_of_job()

    async def _end_of_job(self) -> None:
        while await self.read(offset_of("STATUS")) & encode("STATUS", JOB=1):
            pass

    async def _expect_refused(self, register: Register) -> None:
        error = encode("STATUS", ERR_ACCESS=1)
        when = f"after a refused access to {register.name}"
        await self._expect("STATUS", when, expected=error)
        await self._expect("ERROR_ADDRESS", when, expected=register.offset)
        await self._model.by_name["STATUS"].write(error)


def _walking() -> list[int]:
    """A 1 in each bit of a word, then a 0 in each."""
    ones = [1 << bit for bit in range(_WORD_BITS)]
    return ones + [0xFFFF_FFFF ^ one for one in ones]


class StateSequence(BusSequence):
    """Base: brings the array into each of the states that coverage knows."""

    ROW = 1

    async def prepare(self) -> None:
        """Known weights, lanes and sums, whatever was before."""
        for bank in (0, 1):
            await self.load_weights(bank, stimulus.weights(self.random, (self.size, self.size)))
        for row in range(self.rows):
            await self.write(offset_of("TILE"), encode("TILE", ROW=row, FIRST=1))
            await self.launch(stimulus.activations(self.random, (1, self.size))[0])

    async def enter(self, state: str) -> None:
        """Bring the array into a state; the next access meets it, for several cycles on."""
        await self.settle()
        if state == "idle":
            return
        if state == "job runs":  # one after the other, without an end
            place = self.store_job(JOB_PLACE, following=JOB_PLACE)
            await self.write(offset_of("JOB"), place)
            return
        await self.write(offset_of("TILE"), encode("TILE", ROW=self.ROW, FIRST=1))
        await self.issue(self._launch_request())
        if state == "step waits":  # an earlier one to its row is in flight
            await self.write(offset_of("TILE"), encode("TILE", ROW=self.ROW))
            await self.issue(self._launch_request())
        elif state == "weight waits":  # the step has yet to use it
            await self.issue(self.request("write", "WEIGHTS0"))

    async def settle(self) -> None:
        """Wait until nothing is in flight; a chain of jobs is aborted."""
        while status := await self.read(offset_of("STATUS")) & encode("STATUS", BUSY=1, JOB=1):
            if status & encode("STATUS", JOB=1):
                await self.write(offset_of("CTRL"), encode("CTRL", ABORT=1))

    async def look(self) -> None:
        """Read the registers and the sums that the states are about."""
        readable = [r.offset for r in SYSTOLIC_ARRAY.registers if r.access != "WO"]
        await self.read_all(readable)
        await self.read_accumulators(self.ROW, 2, self.size)

    def request(self, kind: str, target: str, gap: int = 0) -> BusRequest:
        """A "read" or "write" of a register, of a word of a window, or of nothing."""
        if target == "nothing":
            offset = _NOTHING
        elif target.startswith("WEIGHTS"):
            offset = offset_of(target, self.size * self.size - WORD)
        elif target == "ACCUMULATORS":
            offset = offset_of(target, WORD * self.ROW * self.size)
        else:
            offset = offset_of(target)
        return BusRequest(offset, self._word(target) if kind == "write" else None, gap=gap)

    def _word(self, target: str) -> int:
        """Something to write, harmless for the states to come."""
        if target == "CTRL":
            return 0
        if target == "TILE":
            return encode("TILE", ROW=self.ROW + 1, BANK=1, FIRST=1)
        if target == "JOB":
            return JOB_NOT_ALIGNED
        if target in ("STAGE", "LAUNCH", "ACCUMULATORS"):
            return to_bits(stimulus.activations(self.random, (1, 1))[0, 0])
        return int(self.random.integers(1 << 32))

    def _launch_request(self) -> BusRequest:
        """A launch of all lanes, with one new value."""
        last_lane = WORD * (self.size - 1)
        return BusRequest(offset_of("LAUNCH", last_lane), self._word("LAUNCH"), gap=0)


class InterlockSequence(StateSequence):
    """Behind a step that waits for another to its row, at once an access that might hurt."""

    async def body(self) -> None:
        await self.prepare()
        same, other = self.ROW, self.ROW + 1
        first_weights = offset_of("WEIGHTS0")
        followers = (
            *(BusRequest(self._sums(row)) for row in (same, other)),
            *(BusRequest(self._sums(row), to_bits(np.float32(7))) for row in (same, other)),
            *(BusRequest(first_weights, 0x0102_0304), self.request("write", "WEIGHTS0")),
            self.request("write", "WEIGHTS1"),
            self.request("write", "STAGE"),
            self.request("write", "LAUNCH"),
            self.request("write", "TILE"),
        )
        for follower in followers:
            await self.enter("step waits")
            await self.issue(follower)
            await StatusSequence().start(self.sequencer)

    def _sums(self, row: int) -> int:
        return offset_of("ACCUMULATORS", WORD * row * self.size)


class EveryAccessInEveryStateSequence(StateSequence):
    """Reads and writes everything there is, and refused accesses, in each state of the array."""

    async def body(self) -> None:
        await self.prepare()
        for state, kind, target in product(STATES, ("read", "write"), TARGETS):
            await self.enter(state)
            await self._then(self.request(kind, target))
        for state in STATES:
            await self.enter(state)
            await self._then(BusRequest(offset_of("STAGE"), 0, byte_enable=0b0011, gap=0))
            await self.enter(state)
            await self.write(offset_of("TILE"), encode("TILE", ROW=self.rows))
            await self._then(self.request("write", "LAUNCH"))
        await self.settle()

    async def _then(self, request: BusRequest) -> None:
        await self.issue(request)
        await self.look()
        await self.write(offset_of("STATUS"), 0xFFFF_FFFF)


class EveryStallSequence(StateSequence):
    """Meets each hazard at once, and after pauses of several lengths."""

    async def body(self) -> None:
        await self.prepare()
        for stall, gap in product(STALLS, (0, 1, 4, 8)):
            what, _, behind = stall.partition(" behind a ")
            kind, target = {
                "weights": ("write", "WEIGHTS1"),
                "read of sums in flight": ("read", "ACCUMULATORS"),
                "write of sums in flight": ("write", "ACCUMULATORS"),
                "JOB behind steps": ("write", "JOB"),
            }.get(what, ("write", what))
            await self.enter(f"{behind} waits" if behind else "busy")
            await self.issue(self.request(kind, target, gap))
            await self.look()


class EveryMomentSequence(StateSequence):
    """Another row is read, and written, in each cycle of a step, its last one included."""

    async def body(self) -> None:
        await self.prepare()
        offset = offset_of("ACCUMULATORS", WORD * (self.ROW + 1) * self.size)
        for gap in range(3 * self.size + 3):
            for word in (None, self._word("ACCUMULATORS")):
                await self.enter("busy")
                await self.issue(BusRequest(offset, word, gap=gap))
                await self.read_accumulators(self.ROW, 2, self.size)


class AbortInEveryStateSequence(StateSequence):
    """ABORT at once, and some cycles later; then a step of lanes of which one alone is staged."""

    async def body(self) -> None:
        for state, gap in product(STATES, (0, 1, self.size, 3 * self.size)):
            await self.prepare()
            await self.enter(state)
            await self.issue(BusRequest(offset_of("CTRL"), encode("CTRL", ABORT=1), gap=gap))
            await StatusSequence().start(self.sequencer)
            await self.write(offset_of("TILE"), encode("TILE", ROW=self.ROW, FIRST=1))
            await self.issue(self._launch_request())
            await self.read_accumulators(self.ROW, 1, self.size)


class ByteEnableSequence(StateSequence):
    """Each set of byte enables in each bank; the product shows which bytes came through."""

    async def body(self) -> None:
        await self.prepare()
        for bank, byte_enable in product((0, 1), range(1 << WORD)):
            index = WORD * int(self.random.integers(self.size * self.size // WORD))
            word = int(self.random.integers(1 << 32))
            await self.write(offset_of(f"WEIGHTS{bank}", index), word, byte_enable)
            await self.write(offset_of("TILE"), encode("TILE", ROW=self.ROW, BANK=bank, FIRST=1))
            await self.issue(self._launch_request())
            await self.read_accumulators(self.ROW, 1, self.size)


class ReloadSequence(StateSequence):
    """Weights of the bank in use rewritten between steps that follow each other closely."""

    async def body(self) -> None:
        await self.prepare()
        for bank in (0, 1):
            await self.settle()
            await self.write(offset_of("TILE"), encode("TILE", ROW=0, BANK=bank, FIRST=1))
            for row in range(self.rows):
                await self.issue(self._launch_request())
                for index in self._words_of_rows(row):
                    word = int(self.random.integers(1 << 32))
                    await self.write(offset_of(f"WEIGHTS{bank}", index), word)
            await self.read_accumulators(0, self.rows, self.size)

    def _words_of_rows(self, start: int) -> list[int]:
        """Byte index of one word in each row of the array, rows in turn from `start` on."""
        rows = [(start + step) % self.size for step in range(self.size)]
        groups = self.random.integers(self.size // WORD, size=self.size)
        words = zip(rows, groups.tolist(), strict=True)
        return [row * self.size + WORD * group for row, group in words]


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
        for name in (
            "CTRL",
            "STATUS",
            "TILE",
            "JOB",
            "IRQ_ENABLE",
            "STAGE",
            "LAUNCH",
            "ACCUMULATORS",
        ):
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
        beyond = {max(registers) + WORD, _NOTHING, 0x2200, 0x7FFC}
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
        await self.read(_NOTHING)
        await self.read(offset_of("CTRL"))
        await self.write(offset_of("TILE"), encode("TILE", ROW=self.rows))
        await self.write(offset_of("LAUNCH"), 0)
        for clear in ("ERR_ACCESS", "ERR_ADDRESS", "ERR_ROW"):
            await self.read_all([offset_of("STATUS"), offset_of("ERROR_ADDRESS")])
            await self.write(offset_of("STATUS"), encode("STATUS", **{clear: 1}))
        await self.read(offset_of("STATUS"))
        await self.read(offset_of("CTRL"))
        await self.read_all([offset_of("STATUS"), offset_of("ERROR_ADDRESS")])


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
