"""What sa_port does, cycle by cycle, in terms of queues."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

CLIENTS = 3
WRITE_DEPTH = 8
MAX_OUTSTANDING = 4


@dataclass(frozen=True)
class Access:
    """An access to memory: a write of `data`, or a read for `client`."""

    address: int
    client: int | None = None
    data: int = 0


@dataclass
class Inputs:
    """What goes into the port in one cycle."""

    flush: bool = False
    write: Access | None = None
    reads: list[int | None] = field(default_factory=lambda: [None] * CLIENTS)
    """Addresses that clients ask for."""
    grant: bool = False
    answer: int | None = None
    """The word that comes back, if one does."""
    is_error: bool = False


@dataclass(frozen=True)
class Outputs:
    """What the port shows in one cycle."""

    is_idle: bool
    write_ready: bool
    read_ready: int
    """One bit a client."""
    rvalid: int
    error_address: int | None
    on_bus: Access | None
    is_granted: bool


class Port:
    """The port's state: writes that wait, the request on the bus, what is under way."""

    def __init__(self) -> None:
        self.writes: deque[Access] = deque()
        self.on_bus: Access | None = None
        self.under_way: deque[tuple[Access, bool]] = deque()
        """Accesses on the bus or granted, oldest first; whether someone still cares."""

    @property
    def granted(self) -> int:
        """How many answers are to come."""
        return len(self.under_way) - (self.on_bus is not None)

    def outputs(self, inputs: Inputs) -> Outputs:
        """What the port shows in a cycle with these inputs."""
        chosen = self._chosen(inputs)
        access, is_wanted = self.under_way[0] if self.under_way else (None, False)
        answered = access if inputs.answer is not None and is_wanted else None
        client = answered.client if answered and not inputs.is_error else None
        return Outputs(
            is_idle=not self.writes and not self.under_way,
            write_ready=len(self.writes) < WRITE_DEPTH,
            read_ready=0 if chosen is None or chosen.client is None else 1 << chosen.client,
            rvalid=0 if client is None else 1 << client,
            error_address=answered.address if answered and inputs.is_error else None,
            on_bus=self.on_bus,
            is_granted=self.on_bus is not None and inputs.grant,
        )

    def next_cycle(self, inputs: Inputs) -> None:
        """Past the clock edge at the end of a cycle with these inputs."""
        chosen = self._chosen(inputs)
        write_ready = len(self.writes) < WRITE_DEPTH
        if inputs.answer is not None:
            self.under_way.popleft()
        if inputs.grant:
            self.on_bus = None
        if chosen:
            self.on_bus = chosen
            self.under_way.append((chosen, True))
            if chosen.client is None:
                self.writes.popleft()
        if inputs.write and write_ready:
            self.writes.append(inputs.write)
        if inputs.flush:
            self.writes.clear()
            self.under_way = deque((access, False) for access, _ in self.under_way)

    def _chosen(self, inputs: Inputs) -> Access | None:
        """What goes on the bus at the end of this cycle."""
        is_free = self.on_bus is None or inputs.grant
        if not is_free or len(self.under_way) == MAX_OUTSTANDING or inputs.flush:
            return None
        if self.writes:
            return self.writes[0]
        for client, address in enumerate(inputs.reads):
            if address is not None:
                return Access(address, client)
        return None
