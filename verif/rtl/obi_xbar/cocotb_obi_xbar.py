"""cocotb tests of obi_xbar; test_obi_xbar.py runs them.

Managers and subordinates are models in Python that are stepped once a cycle: inputs after the
rising edge, outputs looked at after the falling one.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge

from verif.rtl import bench

MAX_OUTSTANDING = 2


@dataclass(frozen=True)
class Request:
    """What a manager asks; `addr` is unique in a test, so that no two requests look alike."""

    target: int
    addr: int
    we: int
    be: int
    wdata: int

    @property
    def answer(self) -> int:
        """What the subordinate answers: tells the request and the subordinate."""
        return (self.addr * 0x9E37_79B9 ^ self.target) & 0xFFFF_FFFF

    @property
    def is_error(self) -> bool:
        """Whether the answer is an error."""
        return self.answer >> 16 & 1 == 1


@dataclass
class Manager:
    """Asks for what `draw` gives, now and then (`eagerness`: requests a cycle, at most 1)."""

    draw: Callable[[], Request]
    eagerness: float
    asking: Request | None = None
    awaited: deque[Request] = None  # type: ignore[assignment]
    served: int = 0

    def __post_init__(self) -> None:
        self.awaited = deque()

    def step(self, active: bool) -> None:
        if active and self.asking is None and random.random() < self.eagerness:
            self.asking = self.draw()


@dataclass
class Subordinate:
    """Grants with probability `grants`; answers in order, each after 1 to `delay` cycles."""

    grants: float
    delay: int
    owed: deque[tuple[int, Request]] = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        self.owed = deque()


class Bench:
    """The crossbar between models; `step` is one cycle with all checks."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.managers_count = len(dut.mgr_req_i)
        self.subordinates_count = len(dut.sub_req_o)
        self.target_width = len(dut.mgr_target_i) // self.managers_count
        self.cycle = 0
        self.serial = 0
        self.managers: list[Manager] = []
        self.subordinates: list[Subordinate] = []
        self.held: dict[int, Request] = {}  # kept waiting by a subordinate in the last cycle
        self.log: list[tuple[int, int, int]] = []  # cycle, manager, subordinate of every grant
        dut.mgr_req_i.value = 0
        dut.sub_rvalid_i.value = 0
        dut.sub_gnt_i.value = 0

    def request(self, target: int) -> Request:
        """A request that no other looks like."""
        self.serial += 1
        return Request(
            target,
            self.serial,
            random.getrandbits(1),
            random.getrandbits(4),
            random.getrandbits(32),
        )

    def anything(self) -> Request:
        return self.request(random.randrange(self.subordinates_count))

    async def step(self, active: bool = True) -> None:
        dut = self.dut
        for manager in self.managers:
            manager.step(active)
        self._drive_managers()
        grants = [random.random() < s.grants for s in self.subordinates]
        answers = [bool(s.owed) and s.owed[0][0] <= self.cycle for s in self.subordinates]
        dut.sub_gnt_i.value = pack(grants, 1)
        dut.sub_rvalid_i.value = pack(answers, 1)
        dut.sub_rdata_i.value = pack(
            [
                s.owed[0][1].answer if a else random.getrandbits(32)
                for s, a in zip(self.subordinates, answers, strict=True)
            ],
            32,
        )
        dut.sub_err_i.value = pack(
            [
                s.owed[0][1].is_error if a else bool(random.getrandbits(1))
                for s, a in zip(self.subordinates, answers, strict=True)
            ],
            1,
        )
        await FallingEdge(dut.clk_i)
        self._check_responses()
        for subordinate, answered in zip(self.subordinates, answers, strict=True):
            if answered:
                subordinate.owed.popleft()
        self._check_requests(grants)
        await RisingEdge(dut.clk_i)
        self.cycle += 1

    def _drive_managers(self) -> None:
        dut = self.dut
        asking = [manager.asking for manager in self.managers]
        dut.mgr_req_i.value = pack([r is not None for r in asking], 1)
        known = [r or self.request(0) for r in asking]
        dut.mgr_target_i.value = pack([r.target for r in known], self.target_width)
        dut.mgr_addr_i.value = pack([r.addr for r in known], 32)
        dut.mgr_we_i.value = pack([r.we for r in known], 1)
        dut.mgr_be_i.value = pack([r.be for r in known], 4)
        dut.mgr_wdata_i.value = pack([r.wdata for r in known], 32)

    def _check_responses(self) -> None:
        """Every answer reaches the manager that waits for it, in the order of its requests."""
        valid = unpack(self.dut.mgr_rvalid_o, self.managers_count, 1)
        data = unpack(self.dut.mgr_rdata_o, self.managers_count, 32)
        errors = unpack(self.dut.mgr_err_o, self.managers_count, 1)
        answered = sum(bool(s.owed) and s.owed[0][0] <= self.cycle for s in self.subordinates)
        assert sum(valid) == answered, f"cycle {self.cycle}: {answered} answers, got {valid}"
        for m, manager in enumerate(self.managers):
            if valid[m]:
                assert manager.awaited, f"cycle {self.cycle}: manager {m} awaits nothing"
                request = manager.awaited.popleft()
                got, expected = (data[m], errors[m]), (request.answer, request.is_error)
                assert got == expected, (
                    f"cycle {self.cycle}: manager {m} got {got}, expected {expected}"
                )
                manager.served += 1

    def _check_requests(self, grants: list[bool]) -> None:
        """Subordinates see what managers ask; who is granted is told so; nobody is displaced."""
        dut, count = self.dut, self.subordinates_count
        asked = unpack(dut.sub_req_o, count, 1)
        fields = zip(
            unpack(dut.sub_addr_o, count, 32),
            unpack(dut.sub_we_o, count, 1),
            unpack(dut.sub_be_o, count, 4),
            unpack(dut.sub_wdata_o, count, 32),
            strict=True,
        )
        seen = {s: Request(s, *f) for s, f in enumerate(fields) if asked[s]}
        for s, request in self.held.items():
            assert seen.get(s) == request, (
                f"cycle {self.cycle}: subordinate {s} kept {request} waiting, sees {seen.get(s)}"
            )
        self.held = {s: request for s, request in seen.items() if not grants[s]}

        granted = unpack(dut.mgr_gnt_o, self.managers_count, 1)
        accepted = {s: request for s, request in seen.items() if grants[s]}
        for m, manager in enumerate(self.managers):
            request = manager.asking
            took = request is not None and accepted.get(request.target) == request
            assert bool(granted[m] and request) == took, (
                f"cycle {self.cycle}: manager {m} asks {request}, grant {granted[m]}, "
                f"accepted {accepted}"
            )
            if took and request is not None:
                del accepted[request.target]
                self._accept(m, request)
        assert not accepted, f"cycle {self.cycle}: nobody asked for {accepted}"

    def _accept(self, m: int, request: Request) -> None:
        manager, subordinate = self.managers[m], self.subordinates[request.target]
        manager.asking = None
        manager.awaited.append(request)
        assert len(manager.awaited) <= MAX_OUTSTANDING, f"manager {m} awaits {manager.awaited}"
        ready = self.cycle + random.randint(1, subordinate.delay)
        last = subordinate.owed[-1][0] if subordinate.owed else 0
        subordinate.owed.append((max(ready, last + 1), request))
        self.log.append((self.cycle, m, request.target))

    async def drain(self) -> None:
        """Let everything that was asked end; a request that never ends fails."""
        for _ in range(1000):
            if not any(m.asking or m.awaited for m in self.managers):
                return
            await self.step(active=False)
        waiting = [m.asking or m.awaited for m in self.managers]
        raise AssertionError(f"still waiting after 1000 cycles: {waiting}")


def pack(values: Any, width: int) -> int:
    return sum(int(value) << (width * i) for i, value in enumerate(values))


def unpack(signal: Any, count: int, width: int) -> list[int]:
    value = int(signal.value)
    return [value >> (width * i) & ((1 << width) - 1) for i in range(count)]


async def started(dut: Any) -> Bench:
    test = Bench(dut)
    await bench.start(dut)
    return test


@cocotb.test()
async def random_traffic_arrives_in_order_and_ends(dut: Any) -> None:
    test = await started(dut)
    test.managers = [
        Manager(test.anything, random.choice((0.1, 0.5, 1.0))) for _ in range(test.managers_count)
    ]
    for _ in range(4):
        test.subordinates = [
            Subordinate(random.choice((0.2, 0.7, 1.0)), random.choice((1, 1, 2, 7)))
            for _ in range(test.subordinates_count)
        ]
        for _ in range(1500):
            await test.step()
        await test.drain()
    assert all(manager.served > 100 for manager in test.managers), test.managers


@cocotb.test()
async def managers_of_one_subordinate_take_turns(dut: Any) -> None:
    """Round robin: with everybody asking all the time, each is served once a round."""
    test = await started(dut)
    count = test.managers_count
    for grants, delay in ((1.0, 1), (0.5, 1), (0.5, 4)):
        test.log.clear()
        test.managers = [Manager(lambda: test.request(0), 1.0) for _ in range(count)]
        test.subordinates = [Subordinate(grants, delay) for _ in range(test.subordinates_count)]
        for _ in range(60 * count):
            await test.step()
        order = [m for _, m, _ in test.log]
        assert len(order) >= 5 * count
        for i in range(len(order) - count + 1):
            assert sorted(order[i : i + count]) == list(range(count)), (i, order[i : i + count])
        await test.drain()


@cocotb.test()
async def alternating_between_fast_subordinates_costs_no_cycle(dut: Any) -> None:
    """The cycle table in the header: a grant every cycle, whichever subordinate is next."""
    test = await started(dut)
    test.managers = [Manager(test.anything, 1.0)]
    test.managers += [Manager(test.anything, 0.0) for _ in range(test.managers_count - 1)]
    test.subordinates = [Subordinate(1.0, 1) for _ in range(test.subordinates_count)]
    for _ in range(200):
        await test.step()
    await test.drain()
    cycles = [cycle for cycle, _, _ in test.log]
    assert cycles == list(range(cycles[0], cycles[0] + 200)), cycles


@cocotb.test()
async def managers_of_different_subordinates_do_not_meet(dut: Any) -> None:
    """All pairs at once: each manager with a subordinate of its own is granted in every cycle."""
    test = await started(dut)
    pairs = min(test.managers_count, test.subordinates_count)
    test.managers = [
        Manager(lambda s=s: test.request(s), float(s < pairs)) for s in range(test.managers_count)
    ]
    test.subordinates = [Subordinate(1.0, 1) for _ in range(test.subordinates_count)]
    for _ in range(100):
        await test.step()
    await test.drain()
    assert len(test.log) == 100 * pairs
