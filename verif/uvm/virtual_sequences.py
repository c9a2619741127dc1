"""Virtual sequences: whole GEMMs in tiles, resets in the middle of things, and the long soak."""

from __future__ import annotations

from collections.abc import Sequence

import cocotb
import numpy as np
from pyuvm import uvm_sequence, uvm_sequence_item, uvm_sequencer

from verif.uvm import stimulus
from verif.uvm.coverage import STATES
from verif.uvm.items import BACK_TO_BACK, Float32Array, Gemm, Int8Array, ResetRequest, TileItem
from verif.uvm.layers import VirtualSequencer
from verif.uvm.sequences import (
    HESITANT,
    SLOW,
    AbortInEveryStateSequence,
    BusSequence,
    ChaosSequence,
    EveryStallSequence,
    ReloadSequence,
    StateSequence,
    StatusSequence,
)


class VirtualSequence(uvm_sequence):
    """Base: runs on the virtual sequencer, sends items to the sequencers that it holds."""

    sequencer: VirtualSequencer

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

    async def do(self, sequence: BusSequence | VirtualSequence) -> None:
        """Run another sequence to its end, on the sequencer that it is for."""
        is_bus = isinstance(sequence, BusSequence)
        await sequence.start(self.sequencer.bus if is_bus else self.sequencer)

    async def send(self, sequencer: uvm_sequencer, item: uvm_sequence_item) -> None:
        """Hand an item to a sequencer, and wait until it is done."""
        await sequencer.start_item(item)
        await sequencer.finish_item(item)

    async def reset(self, after: int = 0) -> None:
        """Reset the array `after` cycles from now."""
        await self.send(self.sequencer.reset, ResetRequest(after))


class GemmSequence(VirtualSequence):
    """`a` [M, K] times `w` [K, N] as the firmware does it, in tiles; publishes a `Gemm`.

    `how` goes to each tile: `gaps`, `bank`, `split`. `result` [M, N] is there at the end, None if
    a reset came.
    """

    def __init__(self, a: Float32Array, w: Int8Array, **how: object) -> None:
        super().__init__("gemm")
        self._a, self._w, self._how = a, w, how
        self.result: Float32Array | None = None

    async def body(self) -> None:
        result = np.zeros((len(self._a), self._w.shape[1]), np.float32)
        for n0 in range(0, self._w.shape[1], self.size):
            for m0 in range(0, len(self._a), self.rows):
                chunk, columns = np.s_[m0 : m0 + self.rows], np.s_[n0 : n0 + self.size]
                tile = await self._tile(self._a[chunk], self._w[:, columns])
                if tile is None:
                    return
                result[chunk, columns] = tile
        self.result = result
        self.sequencer.products.write(Gemm(self._a, self._w, result))

    async def _tile(self, a: Float32Array, w: Int8Array) -> Float32Array | None:
        row = int(self.random.integers(self.rows - len(a) + 1))
        tile = TileItem(a, w, row=row, **self._how)
        await self.send(self.sequencer.tiles, tile)
        return tile.result


class RandomGemmSequence(VirtualSequence):
    """A product of random shape, classes of values, gaps, bank and byte enables."""

    async def body(self) -> None:
        random = self.random
        limits = (3 * self.rows, 3 * self.size, 2 * self.size)
        m, k, n = (int(random.integers(1, limit + 1)) for limit in limits)
        shares = tuple(stimulus.MIXES.values())[random.integers(len(stimulus.MIXES))]
        a = stimulus.mixed(random, (m, k), shares)
        w = stimulus.weights(random, (k, n), special=float(random.choice([0.0, 0.3])))
        gemm = GemmSequence(
            a,
            w,
            gaps=(BACK_TO_BACK, HESITANT, SLOW)[random.integers(3)],
            bank=(None, 0, 1)[random.integers(3)],
            split=bool(random.integers(2)),
        )
        await self.do(gemm)


class TailSequence(VirtualSequence):
    """Each tail of K with each tail of N, after none, one and two whole tiles of K."""

    async def body(self) -> None:
        tails = sorted({1, self.size // 2, self.size - 1, self.size})
        for whole in range(3):
            for lanes in tails:
                for n in tails:
                    k = whole * self.size + lanes
                    a = stimulus.activations(self.random, (1, k))
                    await self.do(GemmSequence(a, stimulus.weights(self.random, (k, n))))


class AbortSequence(VirtualSequence):
    """ABORT in each state; after it a product is right again."""

    async def body(self) -> None:
        await self.do(AbortInEveryStateSequence())
        await self.do(RandomGemmSequence())


class ResetSequence(VirtualSequence):
    """Reset in each state, with an answer due, with a request waiting; then products are right."""

    async def body(self) -> None:
        for state in STATES:
            for after in (0, 1, 2, self.size, 3 * self.size):
                states = await self._enter(state)
                await self.reset(after)
                await states.look()
        await self._reset_while_a_request_waits()
        await self._reset_as_a_write_comes()
        await self.do(StatusSequence())
        await self.do(RandomGemmSequence())

    async def _enter(self, state: str) -> StateSequence:
        states = StateSequence()
        states.sequencer = self.sequencer.bus
        await states.prepare()
        await states.enter(state)
        return states

    async def _reset_while_a_request_waits(self) -> None:
        states = await self._enter("step waits")
        waiting = cocotb.start_soon(states.issue(states.request("write", "STAGE")))
        await self.reset(after=3)
        await waiting

    async def _reset_as_a_write_comes(self) -> None:
        """One of them is on the bus at the first edge of the reset: memories have none."""
        for gap in range(5):
            states = await self._enter("idle")
            write = states.request("write", "ACCUMULATORS", gap)
            writing = cocotb.start_soon(states.issue(write))
            await self.reset(after=3)
            await writing
            await states.look()


class ResetStormSequence(VirtualSequence):
    """Resets at random moments of whatever another sequence does."""

    def __init__(self, resets: int) -> None:
        super().__init__("reset_storm")
        self._resets = resets

    async def body(self) -> None:
        chaos = ChaosSequence(60 * self._resets, HESITANT)
        await self._disturb(chaos.start(self.sequencer.bus))
        shape = (2 * self.rows, 2 * self.size)
        for _ in range(self._resets):
            a = stimulus.activations(self.random, shape)
            w = stimulus.weights(self.random, shape[::-1])
            await self._disturb(GemmSequence(a, w).start(self.sequencer))
        await self.do(RandomGemmSequence())

    async def _disturb(self, work: object) -> None:
        """Do `work`, with some resets while it lasts."""
        task = cocotb.start_soon(work)
        for _ in range(self._resets):
            await self.reset(after=int(self.random.integers(1, 20 * self.size)))
        await task


class SoakSequence(VirtualSequence):
    """`items` times something at random: products mostly, and all kinds of disturbance."""

    def __init__(self, items: int) -> None:
        super().__init__("soak")
        self._items = items

    async def body(self) -> None:
        choices = {
            RandomGemmSequence: 10,
            lambda: ChaosSequence(100, self._gaps()): 4,
            lambda: ResetStormSequence(1): 1,
            EveryStallSequence: 1,
            ReloadSequence: 2,
        }
        shares = np.array(list(choices.values())) / sum(choices.values())
        for index in self.random.choice(len(choices), self._items, p=shares):
            await self.do(list(choices)[index]())
            await self.do(StatusSequence(gaps=self._gaps()))

    def _gaps(self) -> Sequence[int]:
        return (BACK_TO_BACK, HESITANT, SLOW)[self.random.integers(3)]
