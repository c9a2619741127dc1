"""cocotb tests of sa_port; test_sa_port.py runs them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import cocotb

from verif.rtl import bench, sa
from verif.rtl.sa_port.model import (
    CLIENTS,
    MAX_OUTSTANDING,
    WRITE_DEPTH,
    Access,
    Inputs,
    Outputs,
    Port,
)

WEIGHTS, ACTIVATIONS, DESCRIPTOR = range(CLIENTS)


class Bench:
    """sa_port under test, compared with the model in every cycle."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.model = Port()

    async def start(self) -> None:
        """Reset, with nothing at any input."""
        self._drive(Inputs())
        await bench.start(self.dut)

    async def reset(self) -> None:
        """A cycle of reset; memory forgets what it was asked for, too."""
        self._drive(Inputs())
        self.dut.rst_ni.value = 0
        await bench.next_cycle(self.dut)
        self.dut.rst_ni.value = 1
        self.model = Port()

    async def cycle(self, inputs: Inputs) -> Outputs:
        """One cycle with these inputs.

        Raises:
            AssertionError: the outputs are not the model's.
        """
        self._drive(inputs)
        await bench.settled(self.dut)
        expected = self.model.outputs(inputs)
        seen = self._outputs(inputs)
        assert seen == expected, f"got {seen}, expected {expected}, with {inputs}"
        if seen.rvalid:
            assert int(self.dut.rdata_o.value) == inputs.answer
        self.model.next_cycle(inputs)
        await bench.next_cycle(self.dut)
        return seen

    def _drive(self, inputs: Inputs) -> None:
        dut = self.dut
        dut.flush_i.value = inputs.flush
        dut.write_valid_i.value = inputs.write is not None
        if inputs.write:
            dut.write_address_i.value = inputs.write.address
            dut.write_data_i.value = inputs.write.data
        dut.read_valid_i.value = sa.pack((a is not None for a in inputs.reads), 1)
        dut.read_address_i.value = sa.pack(a or 0 for a in inputs.reads)
        dut.obi_gnt_i.value = inputs.grant
        dut.obi_rvalid_i.value = inputs.answer is not None
        dut.obi_rdata_i.value = inputs.answer or 0
        dut.obi_err_i.value = inputs.is_error

    def _outputs(self, inputs: Inputs) -> Outputs:
        dut = self.dut
        on_bus = self._on_bus() if dut.obi_req_o.value else None
        counted = bool(dut.word_read_o.value), bool(dut.word_written_o.value)
        is_write = on_bus is not None and on_bus.client is None
        if counted != (False, False):
            assert counted == (not is_write, is_write), f"counted as {counted}: {on_bus}"
        return Outputs(
            is_idle=bool(dut.idle_o.value),
            write_ready=bool(dut.write_ready_o.value),
            read_ready=int(dut.read_ready_o.value),
            rvalid=int(dut.rvalid_o.value),
            error_address=int(dut.error_address_o.value) if dut.error_o.value else None,
            on_bus=on_bus,
            is_granted=counted != (False, False),
        )

    def _on_bus(self) -> Access:
        """The request on the bus; whose read it is the bus does not say, so the model does."""
        dut = self.dut
        assert int(dut.obi_be_o.value) == 0b1111
        address = int(dut.obi_addr_o.value)
        if dut.obi_we_o.value:
            return Access(address, data=int(dut.obi_wdata_o.value))
        return Access(address, self.model.on_bus.client if self.model.on_bus else -1)


async def started(dut: Any) -> Bench:
    """A port after reset."""
    port = Bench(dut)
    await port.start()
    return port


def _asking(client: int, address: int) -> list[int | None]:
    """Addresses asked for when only one client wants something."""
    return [address if i == client else None for i in range(CLIENTS)]


@cocotb.test
async def read_is_on_the_bus_in_the_next_cycle_and_answered_in_the_one_after(dut: Any) -> None:
    """The cycle table of sa_port, for each client."""
    port = await started(dut)
    for client in range(CLIENTS):
        taken = await port.cycle(Inputs(reads=_asking(client, 0x100)))
        assert taken.read_ready == 1 << client
        assert (await port.cycle(Inputs(grant=True))).on_bus == Access(0x100, client)
        assert (await port.cycle(Inputs(answer=0xABCD_0123))).rvalid == 1 << client
        assert (await port.cycle(Inputs())).is_idle


@cocotb.test
async def there_is_an_access_in_every_cycle_if_memory_answers_in_the_next(dut: Any) -> None:
    port = await started(dut)
    for i in range(40):
        write = Access(4 * i, data=i) if i % 3 == 0 else None
        reads: list[int | None] = [None, 0x1000 + 4 * i, None]
        answer = i if port.model.granted else None
        seen = await port.cycle(Inputs(write=write, reads=reads, grant=True, answer=answer))
        assert seen.is_granted or i == 0, f"a bubble in cycle {i}"


@cocotb.test
async def writes_come_first_then_weights_activations_and_descriptor(dut: Any) -> None:
    port = await started(dut)
    # One access holds the bus while everybody queues up.
    await port.cycle(Inputs(write=Access(0, data=1), reads=_asking(DESCRIPTOR, 4)))
    reads: list[int | None] = [0x10, 0x20, 0x30]
    order = []
    for i in range(8):
        write = Access(0x40, data=2) if i == 0 else None
        answer = i if port.model.granted else None
        seen = await port.cycle(Inputs(write=write, reads=reads, grant=i > 0, answer=answer))
        for client in range(CLIENTS):
            if seen.read_ready >> client & 1:
                reads[client] = None
        if seen.is_granted and seen.on_bus:
            order.append(seen.on_bus.address)
    assert order == [4, 0, 0x40, 0x10, 0x20, 0x30], order


@cocotb.test
async def no_more_than_max_outstanding_accesses_are_under_way(dut: Any) -> None:
    port = await started(dut)
    for _ in range(2 * MAX_OUTSTANDING):
        await port.cycle(Inputs(reads=_asking(WEIGHTS, 0x40), grant=True))
    assert port.model.granted == MAX_OUTSTANDING


@cocotb.test
async def queue_takes_as_many_writes_as_it_is_deep_and_keeps_their_order(dut: Any) -> None:
    port = await started(dut)
    accepted = []
    for i in range(WRITE_DEPTH + 4):
        write = Access(4 * i, data=100 + i)
        if (await port.cycle(Inputs(write=write))).write_ready:
            accepted.append(write)
    assert len(accepted) == WRITE_DEPTH + 1, "one is on the bus"
    written: list[Access | None] = []
    while len(written) < len(accepted):
        seen = await port.cycle(Inputs(grant=True, answer=0 if port.model.granted else None))
        written += [seen.on_bus] if seen.is_granted else []
    assert written == accepted


@cocotb.test
async def error_is_told_with_its_address_and_given_to_nobody(dut: Any) -> None:
    port = await started(dut)
    for access in (Access(0x50, WEIGHTS), Access(0x60, DESCRIPTOR), Access(0x70, data=3)):
        if access.client is None:
            await port.cycle(Inputs(write=access))
            await port.cycle(Inputs())
        else:
            await port.cycle(Inputs(reads=_asking(access.client, access.address)))
        # One behind it, so that the address is not just the last one.
        await port.cycle(Inputs(reads=_asking(ACTIVATIONS, 0x90), grant=True))
        await port.cycle(Inputs(grant=True))
        seen = await port.cycle(Inputs(answer=7, is_error=True))
        assert (seen.error_address, seen.rvalid) == (access.address, 0)
        assert (await port.cycle(Inputs(answer=8))).rvalid == 1 << ACTIVATIONS


@cocotb.test
async def flush_drops_waiting_writes_and_old_answers_but_not_the_request(dut: Any) -> None:
    port = await started(dut)
    await port.cycle(Inputs(reads=_asking(ACTIVATIONS, 0x10)))
    await port.cycle(Inputs(reads=_asking(ACTIVATIONS, 0x20), grant=True))
    await port.cycle(Inputs(write=Access(0x30, data=1)))
    await port.cycle(Inputs(flush=True, reads=_asking(WEIGHTS, 0x40)))
    assert (await port.cycle(Inputs(grant=True))).on_bus == Access(0x20, ACTIVATIONS)
    # A new read before the old answers have come; an old error is of no interest.
    await port.cycle(Inputs(reads=_asking(DESCRIPTOR, 0x50)))
    await port.cycle(Inputs(grant=True))
    assert (await port.cycle(Inputs(answer=1))).rvalid == 0
    assert (await port.cycle(Inputs(answer=2, is_error=True))).error_address is None
    assert (await port.cycle(Inputs(answer=3))).rvalid == 1 << DESCRIPTOR
    assert (await port.cycle(Inputs())).is_idle


@dataclass(frozen=True)
class Traffic:
    """How likely something happens in a cycle."""

    write: float
    read: float
    grant: float
    answer: float
    error: float = 0.05
    flush: float = 0.02


_TRAFFIC = (
    Traffic(write=0.3, read=0.3, grant=0.7, answer=0.7),
    Traffic(write=0.9, read=0.1, grant=0.3, answer=0.9),  # the queue of writes is full
    Traffic(write=0.1, read=0.9, grant=0.9, answer=0.2),  # answers are awaited
    Traffic(write=0.1, read=0.1, grant=0.9, answer=0.9),  # idle now and then
    Traffic(write=0.5, read=0.5, grant=0.9, answer=0.4, flush=0.3),  # old answers pile up
    Traffic(write=0.4, read=0.9, grant=1, answer=1, error=0, flush=0),
)


def _inputs(port: Port, traffic: Traffic) -> Iterator[Inputs]:
    """Random inputs within the protocol: a client holds its read until it is taken or flushed."""
    reads: list[int | None] = [None] * CLIENTS
    while True:
        for client in range(CLIENTS):
            if reads[client] is None and random.random() < traffic.read:
                reads[client] = _address()
        is_write = random.random() < traffic.write
        is_answer = port.granted > 0 and random.random() < traffic.answer
        inputs = Inputs(
            flush=random.random() < traffic.flush,
            write=Access(_address(), data=random.getrandbits(32)) if is_write else None,
            reads=list(reads),
            grant=random.random() < traffic.grant,
            answer=random.getrandbits(32) if is_answer else None,
            is_error=random.random() < traffic.error,
        )
        ready = port.outputs(inputs).read_ready
        yield inputs
        for client in range(CLIENTS):
            if inputs.flush or ready >> client & 1:
                reads[client] = None


def _address() -> int:
    return 4 * random.getrandbits(30)


@cocotb.test
async def traffic_of_all_kinds_is_served_as_the_model_says(dut: Any) -> None:
    port = await started(dut)
    for traffic in _TRAFFIC:
        stream = _inputs(port.model, traffic)
        for _ in range(600):
            await port.cycle(next(stream))
        # Reads that wait can be taken back only by a flush.
        await port.cycle(replace(next(stream), flush=True))


@cocotb.test
async def reset_at_any_moment_forgets_everything(dut: Any) -> None:
    port = await started(dut)
    for _ in range(20):
        stream = _inputs(port.model, _TRAFFIC[4])
        for _ in range(random.randint(1, 30)):
            await port.cycle(next(stream))
        await port.reset()
        assert (await port.cycle(Inputs())).is_idle
