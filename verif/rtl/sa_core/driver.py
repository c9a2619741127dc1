"""Drives the three request ports of sa_core, as a front end made of registers would."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from verif.rtl import bench, sa


@dataclass(frozen=True)
class Step:
    """acc[row] := (first ? +0 : acc[row]) + activations * weights of a bank; lanes 0, 1, ..."""

    row: int
    activations: sa.Float32Array
    bank: int = 0
    first: bool = False


@dataclass(frozen=True)
class Weights:
    """Weights [S] of a row, of which bit n of `enable` says whether column n is written."""

    bank: int
    row: int
    codes: sa.Int8Array
    enable: int = -1


@dataclass(frozen=True)
class Sum:
    """A row of the accumulators, read (`data` is None), or one word of it, written."""

    row: int
    column: int = 0
    data: int | None = None


class Core:
    """sa_core under test. Every port is driven by itself; `cycle` counts from the reset."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.size = int(dut.Size.value)
        self.rows = int(dut.AccumulatorRows.value)
        self.latency = sa.step_latency(self.size)
        self.rng = sa.generator()
        self.cycle = 0

    async def start(self) -> None:
        """Reset, with nothing on any port; every weight and every accumulator is zero then."""
        self.abort(False)
        self.offer_step(None)
        self.offer_weights(None)
        self.offer_sum(None)
        await bench.start(self.dut)
        for bank in range(2):
            await self.load(bank, np.zeros((self.size, self.size), np.int8))
        for row in range(self.rows):
            await self.write_row(row, np.zeros(self.size, np.float32))

    def abort(self, value: bool) -> None:
        """Drive abort_i."""
        self.dut.abort_i.value = value

    def offer_step(self, step: Step | None) -> None:
        """Drive the step port; a step has as many lanes as activations."""
        dut = self.dut
        dut.step_valid_i.value = step is not None
        if step:
            lanes = len(step.activations)
            dut.step_row_i.value = step.row
            dut.step_first_i.value = step.first
            dut.step_bank_i.value = step.bank
            dut.step_lanes_i.value = (1 << lanes) - 1
            dut.step_activations_i.value = sa.pack(sa.bits(step.activations))

    def offer_weights(self, weights: Weights | None) -> None:
        """Drive the weight port."""
        dut = self.dut
        dut.weight_valid_i.value = weights is not None
        if weights:
            dut.weight_bank_i.value = weights.bank
            dut.weight_row_i.value = weights.row
            dut.weight_enable_i.value = weights.enable & ((1 << self.size) - 1)
            dut.weight_data_i.value = sa.pack((c & 0xFF for c in weights.codes.tolist()), 8)

    def offer_sum(self, access: Sum | None) -> None:
        """Drive the accumulator port."""
        dut = self.dut
        dut.acc_valid_i.value = access is not None
        if access:
            dut.acc_write_i.value = access.data is not None
            dut.acc_row_i.value = access.row
            dut.acc_column_i.value = access.column
            dut.acc_wdata_i.value = access.data or 0

    async def settled(self) -> tuple[bool, bool, bool]:
        """Which of what is offered (step, weights, sum) is taken in this cycle."""
        dut = self.dut
        await bench.settled(dut)
        ports = (
            (dut.step_valid_i, dut.step_ready_o),
            (dut.weight_valid_i, dut.weight_ready_o),
            (dut.acc_valid_i, dut.acc_ready_o),
        )
        step, weights, access = (bool(v.value) and bool(r.value) for v, r in ports)
        return step, weights, access

    async def next_cycle(self, cycles: int = 1) -> None:
        """To the beginning of a later cycle."""
        await bench.next_cycle(self.dut, cycles)
        self.cycle += cycles

    async def enter(self, step: Step) -> int:
        """Offer a step until it is taken; returns the cycles that it waited."""
        self.offer_step(step)
        waited = await self._until_taken(0)
        self.offer_step(None)
        return waited

    async def load_row(self, weights: Weights) -> int:
        """Offer weights until they are taken; returns the cycles that they waited."""
        self.offer_weights(weights)
        waited = await self._until_taken(1)
        self.offer_weights(None)
        return waited

    async def load(self, bank: int, weights: sa.Int8Array) -> None:
        """Write all weights [S, S] of a bank."""
        for row, codes in enumerate(weights):
            await self.load_row(Weights(bank, row, codes))

    async def access(self, access: Sum) -> tuple[list[int], int]:
        """Read or write accumulators; returns what was read and the cycles waited."""
        self.offer_sum(access)
        waited = await self._until_taken(2)
        self.offer_sum(None)
        words: list[int] = []
        if access.data is None:
            await bench.settled(self.dut)
            words = self.read_words()
            await self.next_cycle()
        return words, waited

    def read_words(self) -> list[int]:
        """The row that the access of the cycle before has read."""
        return sa.unpack(int(self.dut.acc_rdata_o.value), self.size)

    async def read_row(self, row: int) -> list[int]:
        """The words of a row of accumulators."""
        return (await self.access(Sum(row)))[0]

    async def write_row(self, row: int, values: sa.Float32Array) -> None:
        """Write the words of a row of accumulators."""
        for column, word in enumerate(sa.bits(values)):
            await self.access(Sum(row, column, word))

    async def _until_taken(self, port: int) -> int:
        waited = 0
        while not (await self.settled())[port]:
            waited += 1
            await self.next_cycle()
        await self.next_cycle()
        return waited
