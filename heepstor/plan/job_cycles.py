"""Cycles of a job of `stream` mode, counter by counter, on memory that never makes a port wait.

The job is run cycle by cycle, but only with what decides when something happens: registers that
hold counts, and no data. Each class is a unit of rtl/systolic_array by the same name, reduced to
that; its `tick` is what the unit does at a clock edge. docs/accelerator.md derives the limits that
the sum of all this comes close to.

Most cycles of a job whose window often starts anew are alike: steps wait, all else is still, and
each port brings a word of the map. `_skip` does such cycles at once.

"Never wait" means: a request is granted in the cycle in which it is on the bus, and answered in the
next one, as RAM does while nobody else uses its bank.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from functools import cache
from operator import gt
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from heepstor.config import Config
from heepstor.job import Job, Restart

_Lins = npt.NDArray[np.int64]

WEIGHTS, ACTIVATIONS, NOBODY = range(3)
"""Clients of a port, in the order of their priority; `NOBODY`: it writes, or has nothing to do."""

_WRITE_DEPTH = 8
_WEIGHT_FIFO = 8
_EPILOGUE_LATENCY = 4
_HALVES = 2
_BANKS = 2
_ROWS, _REST, _IDLE = range(3)
_WAITS = "wait_activations"
_CAUSES = ("compute", "wait_weights", _WAITS, "wait_write_back", "fill_drain")


@dataclass(frozen=True)
class Counters:
    """The counters of the hardware after one job; cycles, and words of 32 bits."""

    compute: int
    wait_weights: int
    wait_activations: int
    wait_write_back: int
    fill_drain: int
    words_read: int
    words_written: int

    @property
    def cycles(self) -> int:
        """Cycles of the job: the five above."""
        return sum(getattr(self, f.name) for f in fields(self) if not f.name.startswith("words"))


class Step(NamedTuple):
    """What decides when a step goes, and what follows from it."""

    row: int
    end_lin: int
    """Words of the map below this must be in the buffer; 0 if no lane takes part."""
    low: int | None
    """Where the window begins from here on; None: where it did."""
    begins_block: bool
    ends_tile: bool
    ends_row: bool


def steps(job: Job, config: Config) -> Iterator[Step]:
    """The steps of a job in their order."""
    half_rows = config.systolic_array_accumulator_rows // 2
    pieces = list(_k_pieces(job, config.systolic_array_size))
    half = 0
    for chunk in _slices(job.windows, job.chunk):
        rows, columns = _positions(job, chunk)
        for group in _slices(job.n_tiles, job.tile_group):
            for index, (band_offset, column_offset, lanes, begins_band) in enumerate(pieces):
                begins_window = {
                    Restart.NEVER: index == 0 and group.start == 0,
                    Restart.BAND: begins_band,
                    Restart.TILE: True,
                }[job.restart]
                ends = _end_lins(job, rows + band_offset, columns + column_offset, lanes)
                first_lin = int(rows[0] + band_offset + columns[0] + column_offset)
                low = min(max(first_lin, 0), job.map_words) if begins_window else None
                row = half * half_rows
                last = len(ends) - 1
                for tile in range(len(group)):
                    for position, end_lin in enumerate(ends):
                        is_first = tile == 0 and position == 0
                        yield Step(
                            row,
                            end_lin,
                            low if is_first else None,
                            begins_block=index == 0 and is_first,
                            ends_tile=position == last,
                            ends_row=index == len(pieces) - 1,
                        )
                        row += 1
            half = (half + 1) % _HALVES


def _slices(count: int, most: int) -> Iterator[range]:
    for first in range(0, count, most):
        yield range(first, min(first + most, count))


def _k_pieces(job: Job, size: int) -> Iterator[tuple[int, int, int, bool]]:
    """Of each k tile: offsets of its row and column, its lanes, and whether it begins a band."""
    for band in range(job.bands):
        for run in range(job.runs):
            for first in range(0, job.run, size):
                offsets = band * job.band_step, run * job.run_step + first
                yield *offsets, min(size, job.run - first), run == 0 and first == 0


def _positions(job: Job, chunk: range) -> tuple[_Lins, _Lins]:
    """Row and column, in words, of the positions of a chunk of windows, in their order."""
    window, dy, dx = np.meshgrid(
        np.arange(chunk.start, chunk.stop),
        np.arange(job.pool_rows),
        np.arange(job.pool_columns),
        indexing="ij",
    )
    y, x = np.divmod(window, job.window_columns)
    rows = job.row_start + (y * job.pool_rows + dy) * job.row_step
    columns = job.column_start + (x * job.pool_columns + dx) * job.column_step
    return rows.ravel(), columns.ravel()


def _end_lins(job: Job, rows: _Lins, columns: _Lins, lanes: int) -> list[int]:
    """Lin behind the last lane that takes part, for each position; 0 where none does."""
    ends = np.minimum(columns + lanes, job.row_words)
    some = (rows >= 0) & (rows < job.map_words) & (ends > np.maximum(columns, 0))
    end_lins: list[int] = np.where(some, rows + ends, 0).tolist()
    return end_lins


class _Port:
    """sa_port: who is taken in this cycle, and what comes back two cycles later."""

    def __init__(self) -> None:
        self.writes = 0  # in the queue
        self.taken = NOBODY  # in this cycle
        self.answered = NOBODY  # the client that gets an answer in this cycle
        self.written = False  # a write was granted in this cycle
        self._on_bus = NOBODY
        self._is_write = self._takes_write = False
        self._quiet = 0  # cycles since something was taken

    def arbitrate(self, weights: bool, activations: bool) -> None:
        """Decide who is taken, of those who ask."""
        self._takes_write = self.writes > 0
        if self._takes_write:
            self.taken = NOBODY
        else:
            self.taken = WEIGHTS if weights else ACTIVATIONS if activations else NOBODY

    @property
    def brings_activations(self) -> bool:
        """Words of the map come one a cycle, as long as they are asked for."""
        return self.answered == self._on_bus == ACTIVATIONS

    @property
    def is_idle(self) -> bool:
        """Nothing waits, is on the bus or unanswered."""
        return not self.writes and self._quiet >= 2

    def tick(self, pushed: bool) -> None:
        """Clock edge; `pushed`: a write came in this cycle."""
        is_busy = self._takes_write or self.taken != NOBODY
        self.answered, self.written = self._on_bus, self._takes_write
        self._on_bus = self.taken
        self.writes += pushed - self._takes_write
        self._quiet = 0 if is_busy else self._quiet + 1


class _Activations:
    """sa_activations: how far the window is filled."""

    def __init__(self, job: Job, config: Config) -> None:
        self._map_words = job.map_words
        self._reach = min(config.systolic_array_activation_words, job.segment_words)
        self._ports = range(config.systolic_array_ports)
        self._is_open = job.restart is Restart.NEVER
        self.asks = [False for _ in self._ports]
        self._begin(0)

    def _begin(self, lin: int) -> None:
        count = len(self._ports)
        self._asked = [lin + (port - lin) % count for port in self._ports]
        self._come = list(self._asked)
        self.filled = min(self._come)

    @property
    def is_quiet(self) -> bool:
        """Nothing is asked for or under way: the window may start anew."""
        return not any(self.asks) and self._asked == self._come

    def skip(self, low: int, end_lin: int) -> int:
        """The next cycles in which every port brings a word, while a step waits for `end_lin`.

        Returns how many they are; the last word of the window is not asked for in them.
        """
        limit = min(low + self._reach, self._map_words)
        count = len(self._ports)
        asking = (limit - 1 - max(self._asked)) // count
        waiting = -(-(end_lin - self.filled) // count)
        cycles = max(0, min(asking, waiting)) if all(self.asks) else 0
        self._asked = [lin + cycles * count for lin in self._asked]
        self._come = [lin + cycles * count for lin in self._come]
        self.filled += cycles * count
        return cycles

    def tick(self, ports: list[_Port], low: int, waits: bool, restart: int | None) -> None:
        """Clock edge; `waits`: a restart is wanted; `restart`: it happens, at this lin."""
        if self.filled >= self._map_words and restart is None:
            return  # all of the map has come
        limit = min(low + self._reach, self._map_words)
        may_ask = self._is_open and not waits
        count = len(self._ports)
        for q, port in enumerate(ports):
            is_taken = port.taken == ACTIVATIONS
            if is_taken:
                self._asked[q] += count
            self.asks[q] = (self.asks[q] and not is_taken) or (may_ask and self._asked[q] < limit)
            if port.answered == ACTIVATIONS:
                self._come[q] += count
                self.filled = min(self._come)
        if restart is not None:
            self._is_open = True
            self._begin(restart)


class _WeightFetch:
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

    def tick(self, ports: list[_Port], popped: int) -> None:
        """Clock edge; `popped` words left."""
        if self._rests:
            return
        port_0_is_free = not self._asks_weights(0) and self._to_come[0] == 0
        was_params_turn, had_params = self._is_params_turn, self._params_to_come > 0
        for q, port in enumerate(ports):
            asked, came = port.taken == WEIGHTS, port.answered == WEIGHTS
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


class _Weights:
    """sa_weights: which tiles are in the core."""

    def __init__(self, job: Job, config: Config) -> None:
        self._size = config.systolic_array_size
        self._beat_bytes = 4 * config.systolic_array_ports
        self.fetch = _WeightFetch(job, config.systolic_array_ports)
        self._tiles = _weight_tiles(job, self._size)
        rows = sum(rows for rows, _ in self._tiles)
        self._fits = rows <= config.systolic_array_weight_rows
        self._passes_left = -(-job.windows // job.chunk)
        self._is_first_pass = True
        self._state = _ROWS
        self._tile = self._row = self._level = 0
        self._begun = self._loaded = 0
        self._bank = 0
        self._offered: tuple[int, int, bool] | None = None

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

    def tick(self, ports: list[_Port], core: _Core, offered_bank: int, tile_done: bool) -> None:
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
        self._passes_left -= 1
        self._is_first_pass = False
        self._state = _ROWS if self._passes_left else _IDLE
        if self._passes_left and not self._fits:
            self.fetch.start()


def _weight_tiles(job: Job, size: int) -> list[tuple[int, int]]:
    """Rows and columns of the tiles of one pass over the weights."""
    lanes = [rows for _, rows in job.k_tiles(size)]
    columns = [len(tile) for tile in _slices(job.columns, job.tile_columns)]
    return [
        (rows, columns[tile])
        for group in _slices(len(columns), job.tile_group)
        for rows in lanes
        for tile in group
    ]


class _Core:
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

    def tick(self, row: int, bank: int) -> None:
        """Clock edge; a step to `row` enters, -1 for none."""
        if row >= 0:
            self._row_free[row] = self._now + self._latency
            self._entered[bank] = self._now
        self._now += 1


class _Drain:
    """sa_drain: rows of sums on their way to the write queues."""

    def __init__(self, job: Job, config: Config) -> None:
        self._ports = config.systolic_array_ports
        self._rows = _drained_rows(job, config)
        self._final = 0
        self._has_row = False
        self._current = next(self._rows, None)
        self._columns_left = self._current.columns if self._current else 0
        self._room = [_WRITE_DEPTH] * self._ports
        self._pipeline = [0] * (_EPILOGUE_LATENCY + 1)  # lanes that write, by age
        self.block_done = False
        self.pushed = 0

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
        self, ports: list[_Port], core: _Core, entering_row: int, row_final: bool, has_params: bool
    ) -> None:
        """Clock edge; `pushed` and `block_done` tell what this cycle was."""
        lanes = self._issue(has_params)
        ended = self._columns_left <= 0 and lanes > 0 and self._current is not None
        emits = lanes if lanes and self._current and self._current.emits else 0
        self.block_done = ended and self._current is not None and self._current.ends_block
        if ended:
            self._current = next(self._rows, None)
            self._columns_left = self._current.columns if self._current else 0
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

    def _issue(self, has_params: bool) -> int:
        """Columns that enter the epilogue in this cycle."""
        if self._current is None or not self._has_row or not has_params:
            return 0
        lanes = min(self._ports, self._columns_left)
        if self._current.emits and not all(self._room[:lanes]):
            return 0
        self._columns_left -= lanes
        return lanes


class _DrainedRow(NamedTuple):
    row: int
    columns: int
    emits: bool
    ends_block: bool


def _drained_rows(job: Job, config: Config) -> Iterator[_DrainedRow]:
    half_rows = config.systolic_array_accumulator_rows // 2
    columns = [len(tile) for tile in _slices(job.columns, job.tile_columns)]
    half = 0
    for chunk in _slices(job.windows, job.chunk):
        for group in _slices(len(columns), job.tile_group):
            rows = len(chunk) * job.pool
            for index in range(len(group) * rows):
                yield _DrainedRow(
                    half * half_rows + index,
                    columns[group[index // rows]],
                    emits=index % job.pool == job.pool - 1,
                    ends_block=index == len(group) * rows - 1,
                )
            half = (half + 1) % _HALVES


class _Steps:
    """sa_steps: the step that waits for its words, and the one before the core."""

    def __init__(self, job: Job, config: Config) -> None:
        self._steps = steps(job, config)
        self._restarts = job.restart is not Restart.NEVER
        self._next: Step | None = next(self._steps)
        self._window_waits = True
        self._free_halves = _HALVES
        self._has_begun = False
        self._reason = ""  # why no step is before the core
        self.low = 0
        self.bank = 0
        self.offered: Step | None = None
        self.counts = dict.fromkeys(_CAUSES, 0)

    @property
    def wants_restart(self) -> bool:
        """The next step begins a window that has yet to start anew."""
        return self._window_waits and self._restarts

    @property
    def waits_for(self) -> int | None:
        """The lin that the next step has been waiting for, None if it waits for no words."""
        waits = self.offered is None and not self._window_waits
        return self._next.end_lin if waits and self._reason == _WAITS and self._next else None

    def skip(self, cycles: int) -> None:
        """Cycles in which the next step goes on to wait for its words."""
        self.counts[_WAITS if self._has_begun else "fill_drain"] += cycles

    def enters(self, core: _Core, tile_is_ready: bool) -> Step | None:
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

    def tick(self, activations: _Activations, entered: Step | None, block_done: bool) -> int | None:
        """Clock edge; returns where the window starts anew, if it does."""
        following, restart = self._next, None
        waits = self.wants_restart
        if self._window_waits and following is not None and following.low is not None:
            restart = self._move_window(activations, following.low)
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
        return restart

    def _move_window(self, activations: _Activations, low: int) -> int | None:
        if not self._restarts:
            self.low = max(self.low, low)
        elif activations.is_quiet:
            self.low = low
        else:
            return None
        self._window_waits = False
        return low if self._restarts else None

    def _obstacle(self, activations: _Activations, step: Step, waits: bool) -> str:
        if step.begins_block and not self._free_halves:
            return "wait_write_back"
        if waits or step.end_lin > activations.filled:
            return _WAITS
        return ""

    def _go(self, step: Step) -> None:
        self.offered = step
        self._free_halves -= step.begins_block
        self._next = next(self._steps, None)
        self._window_waits = self._next is not None and self._next.low is not None


def predict(job: Job, config: Config) -> Counters:
    """The counters of the hardware after a valid job, without the reading of its descriptor."""
    return _run(job, _enough(job, config))


def _enough(job: Job, config: Config) -> Config:
    """The least hardware on which the job takes as many cycles as on this one.

    Whoever tries many configurations asks for jobs on hardware that differs in nothing they use.
    """
    weight_rows = job.k * job.n_tiles
    fits = weight_rows <= config.systolic_array_weight_rows
    return replace(
        config,
        systolic_array_accumulator_rows=_HALVES * job.chunk * job.pool * job.tile_group,
        systolic_array_activation_words=min(
            config.systolic_array_activation_words, job.segment_words
        ),
        systolic_array_weight_rows=weight_rows if fits else 0,
        cpu_core="cv32e40p",
        cpu_fpu_latency=0,
        memory_banks=0,
        memory_bank_kib=0,
        memory_interleaved_banks=0,
        memory_stack_kib=0,
        clock_hz=0,
        uart_baud_rate=0,
    )


@cache
def _run(job: Job, config: Config) -> Counters:
    ports = [_Port() for _ in range(config.systolic_array_ports)]
    activations, weights = _Activations(job, config), _Weights(job, config)
    core, drain, walker = _Core(config), _Drain(job, config), _Steps(job, config)
    read = written = 0
    is_done = False
    # The units begin in the cycle after the job's first.
    walker.counts["fill_drain"] += 1
    while not is_done:
        read += _skip(ports, activations, weights, core, drain, walker)
        is_done = (
            drain.is_done
            and weights.is_idle
            and not any(activations.asks)
            and all(port.is_idle for port in ports)
        )
        for q, port in enumerate(ports):
            port.arbitrate(weights.fetch.asks(q), activations.asks[q])
            read += port.taken != NOBODY
            written += port.written
        low, waits, has_params = walker.low, walker.wants_restart, weights.fetch.params_are_there
        offered_bank = walker.bank if walker.offered and weights.tile_is_ready else -1
        entered = walker.enters(core, weights.tile_is_ready)
        entering_row = entered.row if entered else -1
        bank = walker.bank

        drain.tick(ports, core, entering_row, bool(entered and entered.ends_row), has_params)
        restart = walker.tick(activations, entered, drain.block_done)
        activations.tick(ports, low, waits, restart)
        weights.tick(ports, core, offered_bank, bool(entered and entered.ends_tile))
        core.tick(entering_row, bank)
        for q, port in enumerate(ports):
            port.tick(q < drain.pushed)
    return Counters(**walker.counts, words_read=read, words_written=written)


def _skip(
    ports: list[_Port],
    activations: _Activations,
    weights: _Weights,
    core: _Core,
    drain: _Drain,
    walker: _Steps,
) -> int:
    """Do the next cycles at once if only words of the map come in them; returns how many words."""
    end_lin = walker.waits_for
    if end_lin is None or not (weights.is_still and drain.is_still):
        return 0
    if not all(port.brings_activations for port in ports):
        return 0
    cycles = activations.skip(walker.low, end_lin)
    core.skip(cycles)
    walker.skip(cycles)
    return cycles * len(ports)
