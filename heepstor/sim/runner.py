"""Runs a firmware image on a simulator and tells what happened; prints nothing."""

from __future__ import annotations

import codecs
import json
import os
import selectors
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

from heepstor.build import SimulatorBinary
from heepstor.errors import SimulationError
from heepstor.sim import elf as elf_file
from heepstor.sim.console import Console
from heepstor.sim.instruments import Instruments

NOTHING = Instruments()
DEFAULT_CYCLE_LIMIT = 2_000_000_000
_GRACE_S = 10.0  # for a simulator to end after SIGINT, before it is killed
_USAGE_STATUS = 2  # the simulator refused to start and said why

Reason = Literal["exit", "cycle_limit", "signal", "asleep"]
"""Why a simulation ended: the firmware said so; the limit struck; the simulator was told to stop;
the CPU waits for an interrupt with all interrupts disabled."""


@dataclass(frozen=True)
class Dump:
    """Write `size` bytes of memory from `address` to `path` when the firmware writes `marker`."""

    marker: int
    address: int
    size: int
    path: Path


@dataclass(frozen=True)
class Progress:
    """Where a running simulation is."""

    cycles: int
    cycles_per_s: float
    """Since the last report, by the wall clock."""
    marker: int
    """The last one written, 0 before the first."""


@dataclass(frozen=True)
class SimResult:
    """How a simulation went. Cycles count from the end of reset."""

    exit_code: int | None
    """The firmware's; None unless `reason` is "exit"."""
    reason: Reason
    cycles: int
    wall_s: float
    cpu_s: float
    cycles_per_s: float
    """By the wall clock."""
    uart: str
    uart_framing_errors: int
    """Bytes without a stop bit: the firmware's divider is wrong."""
    markers: tuple[tuple[int, int], ...]
    """(cycle, value) of every write of MARKER, in order."""
    pc: int
    """Address of the instruction that was being decoded at the end."""
    dumps: tuple[Path, ...]
    """Files of the dumps asked for, in their order; one is there if its marker was written."""

    @property
    def cycles_per_cpu_s(self) -> float:
        """Speed by the CPU time of the simulator alone, whatever else the machine did."""
        return self.cycles / self.cpu_s if self.cpu_s > 0 else 0.0


def run(
    simulator: SimulatorBinary,
    elf: Path,
    *,
    cycle_limit: int = DEFAULT_CYCLE_LIMIT,
    dumps: Sequence[Dump] = (),
    on_progress: Callable[[Progress], None] | None = None,
    on_output: Callable[[str], None] | None = None,
    on_jtag: Callable[[int], None] | None = None,
    instruments: Instruments = NOTHING,
    console: Console | None = None,
    allow_hash_mismatch: bool = False,
) -> SimResult:
    """Simulate until the firmware ends, a limit strikes, or the simulator is told to stop.

    An interruption (Ctrl-C, or an exception of a callback) ends the simulator, removes the dumps
    and passes through.

    Args:
        simulator: from `heepstor.build.build_soc`.
        elf: the firmware image.
        cycle_limit: cycles after which the simulation ends with reason "cycle_limit".
        dumps: memory to write down; existing files are removed first.
        on_progress: called about once a second.
        on_output: called with what the UART says, in whole lines where it ends them.
        on_jtag: the memory is empty at first, and time stands still: the image comes from a
            debugger. Called with the TCP port of this machine at which OpenOCD is waited for
            (`remote_bitbang`); it must not wait for the simulation to end.
        instruments: what to watch the run with; for some, `simulator` must have been built.
        console: who talks with the firmware; without one, nobody types.
        allow_hash_mismatch: run an image that was built for other hardware, which a test may want.

    Raises:
        SimulationError: the image is for other hardware or cannot be loaded; the simulator crashed.
    """
    if not allow_hash_mismatch:
        _require_same_hardware(simulator, elf)
    if instruments.need_instrumented and not simulator.instrumented:
        raise SimulationError(
            f"{simulator.path}: this simulator writes no traces and no checkpoints; build it for "
            "them (`build_soc(config, instrumented=True)`)"
        )
    for dump in dumps:
        dump.path.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="heepstor-sim-") as folder:
        result_file = Path(folder) / "result.json"
        command = [
            str(simulator.path),
            *(("--jtag", "0") if on_jtag else (str(elf.resolve()),)),
            *("--result", str(result_file)),
            *("--cycle-limit", str(cycle_limit)),
            *instruments.arguments(),
            *(("--uart-input",) if console else ()),
        ]
        for dump in dumps:
            spot = f"{dump.marker}:{dump.address}:{dump.size}:{dump.path.resolve()}"
            command += ["--dump", spot]
        try:
            with _process(command, console.input if console else subprocess.DEVNULL) as process:
                hear = console.output if console else _ignore
                uart, messages = _follow(process, on_output, on_progress, on_jtag, hear)
                _require_success(process.wait(), simulator, messages)
            return _result(result_file, uart, dumps)
        except BaseException:
            for dump in dumps:
                dump.path.unlink(missing_ok=True)
            raise


def _require_same_hardware(simulator: SimulatorBinary, elf: Path) -> None:
    built_for = elf_file.config_hash(elf)
    if built_for != simulator.config_hash:
        raise SimulationError(
            f"{elf}: built for the hardware 0x{built_for:08x}, but the simulator is the hardware "
            f"0x{simulator.config_hash:08x}; build both from one configuration"
        )


@contextmanager
def _process(command: Sequence[str], stdin: int) -> Iterator[subprocess.Popen[bytes]]:
    """A running simulator, which does not outlive the block.

    It has a session of its own: a Ctrl-C at the terminal reaches this process, which decides.
    """
    with subprocess.Popen(
        command,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            yield process
        except BaseException:
            process.send_signal(signal.SIGINT)
            try:
                process.communicate(timeout=_GRACE_S)
            except subprocess.TimeoutExpired:
                process.kill()
            raise


def _follow(
    process: subprocess.Popen[bytes],
    on_output: Callable[[str], None] | None,
    on_progress: Callable[[Progress], None] | None,
    on_jtag: Callable[[int], None] | None,
    hear: Callable[[bytes], None],
) -> tuple[str, list[str]]:
    """Read both streams to their ends: the UART's text, and what was said that is no event.

    `hear` is called with what the UART says before it is cut into lines.
    """
    uart: list[str] = []
    messages: list[str] = []

    def take_output(text: str) -> None:
        uart.append(text)
        if on_output:
            on_output(text)

    def take_message(line: str) -> None:
        event = _event(line)
        if event is None:
            messages.append(line.rstrip("\n"))
        elif isinstance(event, Progress):
            if on_progress:
                on_progress(event)
        elif on_jtag:
            on_jtag(event)

    for stream, line in _lines(process, hear):
        (take_output if stream == "stdout" else take_message)(line)
    return "".join(uart), messages


def _lines(
    process: subprocess.Popen[bytes], hear: Callable[[bytes], None]
) -> Iterator[tuple[str, str]]:
    """(stream, line) as they come; the last line of a stream may lack its end."""
    with selectors.DefaultSelector() as selector:
        for name, stream, tap in (
            ("stdout", process.stdout, hear),
            ("stderr", process.stderr, _ignore),
        ):
            if stream is None:
                raise AssertionError("the simulator's streams are pipes")
            selector.register(stream, selectors.EVENT_READ, _Splitter(name, stream, tap))
        while selector.get_map():
            for key, _ in selector.select():
                splitter: _Splitter = key.data
                yield from splitter.read()
                if splitter.ended:
                    selector.unregister(key.fileobj)


class _Splitter:
    """Cuts what a pipe delivers into lines of text."""

    def __init__(self, name: str, stream: IO[bytes], tap: Callable[[bytes], None]) -> None:
        self.ended = False
        self._tap = tap
        self._name = name
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""

    def read(self) -> list[tuple[str, str]]:
        """The lines that are complete after one read of what is there."""
        data = os.read(self._stream.fileno(), 65536)
        self.ended = not data
        self._tap(data)
        *lines, self._rest = (self._rest + self._decoder.decode(data, final=self.ended)).split("\n")
        complete = [f"{line}\n" for line in lines]
        if self.ended and self._rest:
            complete.append(self._rest)
        return [(self._name, line) for line in complete]


def _ignore(data: bytes) -> None:
    """Who does not listen before there are lines."""


def _event(line: str) -> Progress | int | None:
    """What a line of the simulator tells: its progress, or the port at which it awaits OpenOCD."""
    try:
        fields = json.loads(line)
        if "jtag_port" in fields:
            return int(fields["jtag_port"])
        return Progress(fields["cycles"], fields["cycles_per_s"], fields["marker"])
    except (ValueError, TypeError, KeyError):
        return None


def _require_success(status: int, simulator: SimulatorBinary, messages: Sequence[str]) -> None:
    said = "; ".join(messages)
    if status == _USAGE_STATUS:
        raise SimulationError(said)
    if status < 0:
        name = signal.Signals(-status).name
        raise SimulationError(f"{simulator.path} died of {name}: {said or 'it said nothing'}")
    if status != 0:
        raise SimulationError(f"{simulator.path} failed (status {status}): {said}")


def _result(result_file: Path, uart: str, dumps: Sequence[Dump]) -> SimResult:
    fields: dict[str, Any] = json.loads(result_file.read_text(encoding="utf-8"))
    return SimResult(
        exit_code=fields["exit_code"],
        reason=fields["reason"],
        cycles=fields["cycles"],
        wall_s=fields["wall_s"],
        cpu_s=fields["cpu_s"],
        cycles_per_s=fields["cycles_per_s"],
        uart=uart,
        uart_framing_errors=fields["uart_framing_errors"],
        markers=tuple((cycle, value) for cycle, value in fields["markers"]),
        pc=fields["pc"],
        dumps=tuple(dump.path for dump in dumps),
    )
