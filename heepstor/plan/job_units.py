"""The units of the array, reduced to what decides when something happens.

Each class is a unit of rtl/systolic_array by the same name, with the registers that hold counts and
none that holds data; its `tick` is what the unit does at a clock edge. Most cycles of a job whose
window often starts anew are alike: steps wait, all else is still, and each port brings a word of
the map. `Units` does such cycles at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from operator import gt
from typing import NamedTuple

from heepstor.config import Config
from heepstor.job import Job, Restart
from heepstor.plan.job_blocks import HALVES, Block, Entry, Step, Window, slices, steps_of

_WEIGHTS, _ACTIVATIONS, _NOBODY = range(3)
"""Clients of a port, in the order of their priority; `_NOBODY`: it writes, or has nothing to do."""

_WRITE_DEPTH = 8
_WEIGHT_FIFO = 8
_EPILOGUE_LATENCY = 4
_ANSWERED = 2
"""Cycles after which a port has answered what it took."""
_BANKS = 2
_ROWS, _REST, _IDLE = range(3)
_WAITS = "wait_activations"


class _Unit:
    """What is restored from bytes before each block that is run."""

    def __setstate__(self, state: dict[str, object]) -> None:
        # One by one, as in __init__: attributes that come as a whole dictionary take Python twice
        # as long to read.
        for name, value in state.items():
            setattr(self, name, value)


class Port(_Unit):
    """sa_port: who is taken in this cycle, and what comes back two cycles later."""

    def __init__(self) -> None:
        self.writes = 0  # in the queue
        self.taken = _NOBODY  # in this cycle
        self.answered = _NOBODY  # the client that gets an answer in this cycle
        self.written = False  # a write was granted in this cycle
        self._on_bus = _NOBODY
        self._takes_write = False
        self._quiet = 0  # cycles since something was taken, as far as it matters

    def arbitrate(self, weights: bool, activations: bool) -> None:
        """Decide who is taken, of those who ask."""
        self._takes_write = self.writes > 0
        if self._takes_write:
            self.taken = _NOBODY
        else:
            self.taken = _WEIGHTS if weights else _ACTIVATIONS if activations else _NOBODY

    @property
    def brings_activations(self) -> bool:
        """Words of the map come one a cycle, as long as they are asked for."""
        return self.answered == self._on_bus == _ACTIVATIONS

    @property
    def is_idle(self) -> bool:
        """Nothing waits, is on the bus or unanswered."""
        return not self.writes and self._quiet == _ANSWERED

    def tick(self, pushed: bool) -> None:
        """Clock edge; `pushed`: a write came in this cycle."""
        is_busy = self._takes_write or self.taken != _NOBODY
        self.answered, self.written = self._on_bus, self._takes_write
        self._on_bus = self.taken
        self.writes += pushed - self._takes_write
        self._quiet = 0 if is_busy else min(self._quiet + 1, _ANSWERED)


class Activations(_Unit):
    """sa_activations: how far the window is filled."""

    def __init__(self, job: Job, config: Config) -> None:
        self._ports = range(config.systolic_array_ports)
        self.asks = [False for _ in self._ports]
        self._begin(0)
        reach = min(config.systolic_array_activation_words, job.segment_words)
        self._limit = min(reach, job.map_words) if job.restart is Restart.NEVER else 0

    def _begin(self, first_port: int) -> None:
        count = len(self._ports)
        self._asked = [(port - first_port) % count for port in self._ports]
        self._come = list(self._asked)
        self.filled = 0

    @property
    def is_quiet(self) -> bool:
        """Nothing is asked for or under way: the window may start anew."""
        return not any(self.asks) and self._asked == self._come

    def skip(self, need: int) -> int:
        """The next cycles in which every port brings a word, while a step waits for `need`.

        Returns how many they are; the last word of the window is not asked for in them.
        """
        count = len(self._ports)
        asking = (self._limit - 1 - max(self._asked)) // count
        waiting = -(-(need - self.filled) // count)
        cycles = max(0, min(asking, waiting)) if all(self.asks) else 0
        self._advance(cycles * count)
        return cycles

    def rebase(self) -> int:
        """Count words from the first one that has yet to come; returns how many have."""
        come = self.filled
        self._limit -= come
        self._advance(-come)
        return come

    def _advance(self, words: int) -> None:
        self._asked = [lin + words for lin in self._asked]
        self._come = [lin + words for lin in self._come]
        self.filled += words

    def tick(self, ports: list[Port], waits: bool, window: Window | None) -> None:
        """Clock edge; `waits`: a restart is wanted; `window`: what the window is from now on."""
        if self.filled < self._limit:
            self._read(ports, may_ask=not waits)
        if window is not None:
            if window.port is not None:
                self._begin(window.port)
            self._limit = window.limit

    def _read(self, ports: list[Port], may_ask: bool) -> None:
        count = len(self._ports)
        for q, port in enumerate(ports):
            is_taken = port.taken == _ACTIVATIONS
            if is_taken:
                self._asked[q] += count
            has_more = may_ask and self._asked[q] < self._limit
            self.asks[q] = (self.asks[q] and not is_taken) or has_more
            if port.answered == _ACTIVATIONS:
                self._come[q] += count
                self.filled = min(self._come)


class WeightFetch(_Unit):
    """sa_weight_fetch: words of weights by port, then scales and biases through port 0."""

    def __init__(self, job: Job, ports: int) -> None:
        self._words, self._ports = job.weight_words, ports
        self._held = [0] * ports  # places in the FIFO, asked for or filled
        self._to_come = [0] * ports
        self._params_to_ask = self._params_to_come = 2 * job.columns
        self._is_params_turn = False
        self.start()

    def start(self) -> None:
        """Begin to read all weights."""
        self._to_ask = [-(-(self._words - q) // self._ports) for q in range(self._ports)]
        self._to_give = self._words

    @property
    def is_still(self) -> bool:
        """Nothing is asked for or under way."""
        is_asking = any(map(self.asks, range(self._ports)))
        return self.params_are_there and not (
            self._is_params_turn or is_asking or any(self._to_come)
        )

    @property
    def is_done(self) -> bool:
        """All weights of a pass have left."""
        return self._to_give == 0

    @property
    def _rests(self) -> bool:
        """Everything has come and left, until weights are read again."""
        return self.is_done and self.params_are_there and not self._is_params_turn

    @property
    def params_are_there(self) -> bool:
        """Scales and biases have come."""
        return self._params_to_come == 0

    @property
    def beat(self) -> int:
        """Words that can leave in this cycle; 0: not all of them are there."""
        words = min(self._ports, self._to_give)
        is_whole = all(map(gt, self._held[:words], self._to_come[:words]))
        return words if is_whole else 0

    def asks(self, port: int) -> bool:
        """Whether it wants to read through a port."""
        if port == 0 and self._is_params_turn:
            return self._params_to_ask > 0
        return self._asks_weights(port)

    def _asks_weights(self, port: int) -> bool:
        return self._to_ask[port] > 0 and self._held[port] < _WEIGHT_FIFO

    def tick(self, ports: list[Port], popped: int) -> None:
        """Clock edge; `popped` words left."""
        if self._rests:
            return
        port_0_is_free = not self._asks_weights(0) and self._to_come[0] == 0
        was_params_turn, had_params = self._is_params_turn, self._params_to_come > 0
        for q, port in enumerate(ports):
            asked, came = port.taken == _WEIGHTS, port.answered == _WEIGHTS
            if q == 0 and was_params_turn:
                self._params_to_ask -= asked
                self._params_to_come -= came
                asked = came = False
            self._to_ask[q] -= asked
            self._to_come[q] += asked - came
            self._held[q] += asked - (q < popped)
        self._to_give -= popped
        if was_params_turn:
            self._is_params_turn = self._params_to_come > 0
        else:
            self._is_params_turn = had_params and port_0_is_free


class Weights(_Unit):
    """sa_weights: which tiles are in the core."""

    def __init__(self, job: Job, config: Config) -> None:
        self._size = config.systolic_array_size
        self._beat_bytes = 4 * config.systolic_array_ports
        self.fetch = WeightFetch(job, config.systolic_array_ports)
        self._tiles = _weight_tiles(job, self._size)
        rows = sum(rows for rows, _ in self._tiles)
        self._fits = rows <= config.systolic_array_weight_rows
        self._passes = 0  # that the steps have before them
        self._ahead = 1  # passes; the steps have yet to begin the first one
        self._is_first_pass = True
        self._state = _ROWS
        self._tile = self._row = self._level = 0
        self._begun = self._loaded = 0
        self._bank = 0
        self._offered: tuple[int, int, bool] | None = None

    def begin(self, block: Block) -> None:
        """The steps come to a block."""
        self._ahead -= block.begins_pass
        self._passes = block.passes

    @property
    def tile_is_ready(self) -> bool:
        """The tile of the next step is in the core."""
        return self._loaded > 0

    @property
    def is_still(self) -> bool:
        """Nothing changes before a tile is done."""
        is_full = self._state == _ROWS and self._row == 0 and self._begun == _BANKS
        has_room = self._level < self._size and self.fetch.beat > 0
        return (
            (is_full or self._state == _IDLE)
            and self._offered is None
            and not has_room
            and self.fetch.is_still
        )

    @property
    def is_idle(self) -> bool:
        """Nothing is left to load."""
        is_done = self.fetch.is_done and self.fetch.params_are_there
        return self._state == _IDLE and self._offered is None and is_done

    def tick(self, ports: list[Port], core: Core, offered_bank: int, tile_done: bool) -> None:
        """Clock edge; `offered_bank`: of the step before the core in this cycle, -1 for none."""
        replays = not self._is_first_pass and self._fits
        rows, columns = self._tiles[self._tile]
        leaves = self._offered is not None and core.takes_weights(*self._offered[:2], offered_bank)
        may_leave = (
            self._state == _ROWS
            and (self._row > 0 or self._begun < _BANKS)
            and (self._offered is None or leaves)
        )
        taken = may_leave and (replays or self._level >= columns)
        popped = self._fill(columns if taken and not replays else 0)
        was_done = self.fetch.is_done
        self.fetch.tick(ports, popped)

        self._begun += (taken and self._row == 0) - tile_done
        self._loaded += (leaves and self._offered is not None and self._offered[2]) - tile_done
        if leaves:
            self._offered = None
        pass_ends = False
        if taken:
            is_last = self._row == rows - 1
            self._offered = self._bank, self._row, is_last
            self._row = 0 if is_last else self._row + 1
            if is_last:
                self._bank ^= 1
                self._tile = (self._tile + 1) % len(self._tiles)
                pass_ends = self._tile == 0
        if (pass_ends and replays) or (self._state == _REST and was_done):
            self._next_pass()
        elif pass_ends:
            self._state = _REST

    def _fill(self, taken: int) -> int:
        """The gearbox: `taken` bytes leave, words enter; returns how many."""
        level = self._level - taken
        popped = 0
        if self._state == _REST or level < self._size:
            popped = self.fetch.beat
        self._level = 0 if self._state == _REST else level + 4 * popped
        return popped

    def _next_pass(self) -> None:
        self._ahead += 1
        self._is_first_pass = False
        has_more = self._ahead < self._passes
        self._state = _ROWS if has_more else _IDLE
        if has_more and not self._fits:
            self.fetch.start()


def _weight_tiles(job: Job, size: int) -> list[tuple[int, int]]:
    """Rows and columns of the tiles of one pass over the weights."""
    lanes = [rows for _, rows in job.k_tiles(size)]
    columns = [len(tile) for tile in slices(job.columns, job.tile_columns)]
    return [
        (rows, columns[tile])
        for group in slices(len(columns), job.tile_group)
        for rows in lanes
        for tile in group
    ]


class Core(_Unit):
    """sa_core: what waits for steps in flight."""

    def __init__(self, config: Config) -> None:
        self._size = config.systolic_array_size
        self._latency = 3 * self._size + 1
        self._half_rows = config.systolic_array_accumulator_rows // 2
        self._now = 0
        self._row_free = [0] * config.systolic_array_accumulator_rows  # from this cycle on
        self._entered = [-self._latency] * _BANKS  # when the last step of a bank did

    def takes_step(self, row: int) -> bool:
        """No step in flight is to write the row."""
        return self._row_free[row] <= self._now

    def takes_weights(self, bank: int, row: int, offered_bank: int) -> bool:
        """No step, in flight or at the door, has yet to use this row of weights."""
        last_use = 2 * row + self._size - 1
        return bank != offered_bank and self._now - self._entered[bank] >= last_use

    def takes_read(self, row: int, entering_row: int) -> bool:
        """A row of sums can be read while a step enters to another (-1 for none)."""
        collides = entering_row >= 0 and row // self._half_rows == entering_row // self._half_rows
        return self._row_free[row] <= self._now and not collides

    def skip(self, cycles: int) -> None:
        """Cycles in which no step enters."""
        self._now += cycles

    def rebase(self) -> None:
        """Count cycles from now on, and forget how long ago it was that matters no more."""
        self._row_free = [max(cycle - self._now, 0) for cycle in self._row_free]
        self._entered = [max(cycle - self._now, -self._latency) for cycle in self._entered]
        self._now = 0

    def tick(self, row: int, bank: int) -> None:
        """Clock edge; a step to `row` enters, -1 for none."""
        if row >= 0:
            self._row_free[row] = self._now + self._latency
            self._entered[bank] = self._now
        self._now += 1


class Drain(_Unit):
    """sa_drain: rows of sums on their way to the write queues."""

    def __init__(self, job: Job, config: Config) -> None:
        self._ports = config.systolic_array_ports
        self._pool = job.pool
        self._sums: list[_Sums] = []
        self._index = 0  # of the row behind the current one, among the first sums
        self._final = 0
        self._has_row = False
        self._current: _DrainedRow | None = None
        self._columns_left = 0
        self._room = [_WRITE_DEPTH] * self._ports
        self._pipeline = [0] * (_EPILOGUE_LATENCY + 1)  # lanes that write, by age
        self.block_done = False
        self.pushed = 0

    def begin(self, block: Block) -> None:
        """The steps come to a block."""
        self._sums.append(_Sums(block.first_row, block.columns, len(block.k_tiles[0].needs)))
        if self._current is None:
            self._next_row()

    @property
    def is_still(self) -> bool:
        """Nothing changes before a row of sums is final."""
        has_row = self._has_row or self._final > 0
        return not has_row and not any(self._pipeline) and self._all_written

    @property
    def _all_written(self) -> bool:
        return all(room == _WRITE_DEPTH for room in self._room)

    @property
    def is_done(self) -> bool:
        """Every result was granted on the bus."""
        return self._current is None and self._all_written

    def tick(
        self, ports: list[Port], core: Core, entering_row: int, row_final: bool, has_params: bool
    ) -> None:
        """Clock edge; `pushed` and `block_done` tell what this cycle was."""
        lanes = self._issue(has_params)
        ended = self._columns_left <= 0 and lanes > 0 and self._current is not None
        emits = lanes if lanes and self._current and self._current.emits else 0
        self.block_done = ended and self._current is not None and self._current.ends_block
        if ended:
            self._next_row()
        taken = (
            self._current is not None
            and self._final > 0
            and (ended or not self._has_row)
            and core.takes_read(self._current.row, entering_row)
        )
        self._final += row_final - taken
        self._has_row = taken or (self._has_row and not ended)
        for q, port in enumerate(ports):
            self._room[q] += port.written - (q < emits)
        self.pushed = self._pipeline.pop()
        self._pipeline.insert(0, emits)

    def _next_row(self) -> None:
        self._current = None
        if self._sums:
            sums, index = self._sums[0], self._index
            ends_block = index == len(sums.columns) * sums.rows - 1
            self._current = _DrainedRow(
                sums.first_row + index,
                sums.columns[index // sums.rows],
                emits=index % self._pool == self._pool - 1,
                ends_block=ends_block,
            )
            self._columns_left = self._current.columns
            self._index = 0 if ends_block else index + 1
            if ends_block:
                del self._sums[0]

    def _issue(self, has_params: bool) -> int:
        """Columns that enter the epilogue in this cycle."""
        if self._current is None or not self._has_row or not has_params:
            return 0
        lanes = min(self._ports, self._columns_left)
        if self._current.emits and not all(self._room[:lanes]):
            return 0
        self._columns_left -= lanes
        return lanes


class _Sums(NamedTuple):
    """Those of a block."""

    first_row: int
    columns: tuple[int, ...]
    rows: int
    """Of each n tile."""


class _DrainedRow(NamedTuple):
    """A row of sums, as the drain reads it."""

    row: int
    columns: int
    emits: bool
    ends_block: bool


class Steps(_Unit):
    """sa_steps: the step that waits for its words, and the one before the core."""

    def __init__(self) -> None:
        self._steps: Iterator[Step] = iter([])
        self._next: Step | None = None
        self._window: Window | None = None  # of the next step, until it is the window
        self._free_halves = HALVES
        self._has_begun = False
        self._reason = ""  # why no step is before the core
        self.bank = 0
        self.offered: Entry | None = None
        self.counts: Counter[str] = Counter()

    def begin(self, block: Block) -> None:
        """Come to a block."""
        self._steps = iter(list(steps_of(block)))
        self._take_next()

    def _take_next(self) -> None:
        self._next = next(self._steps, None)
        self._window = self._next.window if self._next else None

    @property
    def has_next(self) -> bool:
        """Not all steps of the block have gone."""
        return self._next is not None

    @property
    def wants_restart(self) -> bool:
        """The next step begins a window that has yet to start anew."""
        return self._window is not None and self._window.port is not None

    @property
    def waits_for(self) -> int | None:
        """The words that the next step has been waiting for, None if it waits for none."""
        waits = self.offered is None and self._window is None
        return self._next.need if waits and self._reason == _WAITS and self._next else None

    def skip(self, cycles: int) -> None:
        """Cycles in which the next step goes on to wait for its words."""
        self.counts[_WAITS if self._has_begun else "fill_drain"] += cycles

    def enters(self, core: Core, tile_is_ready: bool) -> Entry | None:
        """The step that enters the core in this cycle; the cycle is counted."""
        step = self.offered
        cause = self._reason
        if step is not None:
            takes = tile_is_ready and core.takes_step(step.row)
            cause = "compute" if takes else "fill_drain" if tile_is_ready else "wait_weights"
            if not takes:
                step = None
        self._has_begun = self._has_begun or step is not None
        self.counts[cause if self._has_begun and cause else "fill_drain"] += 1
        return step

    def tick(
        self, activations: Activations, entered: Entry | None, block_done: bool
    ) -> Window | None:
        """Clock edge; returns the window that begins, if one does."""
        following, waits = self._next, self.wants_restart
        window = self._opened(activations)
        if self.offered is None or entered is not None:
            self.offered = None
            self._reason = (
                "" if following is None else self._obstacle(activations, following, waits)
            )
            if following is not None and not self._reason:
                self._go(following)
        self._free_halves += block_done
        if entered is not None and entered.ends_tile:
            self.bank ^= 1
        return window

    def _opened(self, activations: Activations) -> Window | None:
        window = self._window
        if self.wants_restart and not activations.is_quiet:
            return None
        self._window = None
        return window

    def _obstacle(self, activations: Activations, step: Step, waits: bool) -> str:
        if step.begins_block and not self._free_halves:
            return "wait_write_back"
        if waits or step.need > activations.filled:
            return _WAITS
        return ""

    def _go(self, step: Step) -> None:
        self.offered = step.entry
        self._free_halves -= step.begins_block
        self._take_next()


class Units:
    """All units of the array."""

    def __init__(self, job: Job, config: Config) -> None:
        self._ports = [Port() for _ in range(config.systolic_array_ports)]
        self._activations, self._weights = Activations(job, config), Weights(job, config)
        self._core, self._drain, self._steps = Core(config), Drain(job, config), Steps()
        self._read = self._written = 0

    def run(self, block: Block) -> None:
        """The cycles until all steps of the block have gone."""
        self._steps.begin(block)
        self._weights.begin(block)
        self._drain.begin(block)
        while self._steps.has_next:
            self._skip()
            self._tick()

    def finish(self) -> None:
        """The cycles behind the last block."""
        is_done = False
        while not is_done:
            is_done = (
                self._drain.is_done
                and self._weights.is_idle
                and not any(self._activations.asks)
                and all(port.is_idle for port in self._ports)
            )
            self._tick()

    def counted(self) -> Counter[str]:
        """The counters since this was asked last."""
        counts = self._steps.counts
        counts.update(words_read=self._read, words_written=self._written)
        self._steps.counts = Counter()
        self._read = self._written = 0
        return counts

    def rebase(self) -> int:
        """Count cycles and words from now on; returns the words of the map that have come."""
        self._core.rebase()
        return self._activations.rebase()

    def _tick(self) -> None:
        ports, activations, weights = self._ports, self._activations, self._weights
        core, drain, walker = self._core, self._drain, self._steps
        for q, port in enumerate(ports):
            port.arbitrate(weights.fetch.asks(q), activations.asks[q])
            self._read += port.taken != _NOBODY
            self._written += port.written
        waits, has_params = walker.wants_restart, weights.fetch.params_are_there
        offered_bank = walker.bank if walker.offered and weights.tile_is_ready else -1
        entered = walker.enters(core, weights.tile_is_ready)
        entering_row = entered.row if entered else -1
        bank = walker.bank

        drain.tick(ports, core, entering_row, bool(entered and entered.ends_row), has_params)
        window = walker.tick(activations, entered, drain.block_done)
        activations.tick(ports, waits, window)
        weights.tick(ports, core, offered_bank, bool(entered and entered.ends_tile))
        core.tick(entering_row, bank)
        for q, port in enumerate(ports):
            port.tick(q < drain.pushed)

    def _skip(self) -> None:
        """Do the next cycles at once if only words of the map come in them."""
        need = self._steps.waits_for
        if need is None or not (self._weights.is_still and self._drain.is_still):
            return
        if not all(port.brings_activations for port in self._ports):
            return
        cycles = self._activations.skip(need)
        self._core.skip(cycles)
        self._steps.skip(cycles)
        self._read += cycles * len(self._ports)
