"""A project on a board: built, loaded by JTAG, its console recorded, compared with simulation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from heepstor import flow
from heepstor.board import capture
from heepstor.board.compare import Comparison
from heepstor.board.files import compare_files
from heepstor.errors import PortError, SimulationError
from heepstor.openocd import Adapter, OpenOcd
from heepstor.project import LoadedProject
from heepstor.report import fault


class Debugger(Protocol):
    """What `OpenOcd` can do, as far as it is needed here."""

    def load(self, elf: Path) -> None:
        """Halt the SoC and write an image to its memory; raise unless it is there afterwards."""

    def resume(self) -> None:
        """Let the CPU begin."""


@dataclass(frozen=True)
class Board:
    """How a board is reached."""

    adapter: Adapter
    """Its JTAG pins."""
    port: str
    """Its console, as `/dev/ttyUSB1`."""
    silence_s: float = capture.DEFAULT_SILENCE_S
    """Seconds without a byte after which it counts as dead."""


@dataclass(frozen=True)
class Listener:
    """Who is told what goes on."""

    on_line: Callable[[str], None] = lambda line: None
    """What the board prints, line by line."""
    on_event: Callable[[str], None] = lambda message: None


@dataclass(frozen=True)
class Outcome:
    """How it went."""

    comparison: Comparison
    fault: Sequence[str]
    """Where the firmware failed on the board, for people; empty if it did not."""


def run(
    project: LoadedProject,
    options: flow.Options,
    board: Board,
    *,
    tolerances: Sequence[str] = (),
    listener: Listener = Listener(),
) -> Outcome:
    """Build, simulate, load, record and compare.

    What the board prints is in `build/<project>/fpga.log`, what OpenOCD says in `openocd.log`
    beside it. The board is looked for before anything is built.

    Args:
        project: from `heepstor.project`.
        options: how to build and simulate.
        board: where it is.
        tolerances: limits that overrule the project's (`heepstor.board.tolerance`).
        listener: told what goes on.

    Raises:
        HeepstorError: a tool or a port is not there, the board does not answer, its memory does not
            hold what was loaded, or the simulated run fails; says which.
    """
    folder = flow.ROOT / "build" / project.name
    baud_rate = options.config.uart_baud_rate
    capture.require_port(board.port, baud_rate)
    with OpenOcd(board.adapter, log=folder / "openocd.log") as debugger:
        application = flow.make_application(project, options)
        report = flow.simulate_application(application, options)
        if not report["passed"]:
            raise SimulationError(
                f"{project.name}: the simulated run fails, so that the board has nothing to be "
                f"compared with; heepstor sim {project.name} tells why"
            )
        elf = application.image.elf
        log = folder / "fpga.log"
        run_image(elf, debugger, board, baud_rate, log, listener)
    comparison = compare_files(project.name, log, tolerances=tolerances)
    said = log.read_text(encoding="ascii", errors="replace")
    return Outcome(comparison, fault.in_log(said, elf, [row["name"] for row in report["layers"]]))


def run_image(
    elf: Path, debugger: Debugger, board: Board, baud_rate: int, log: Path, listener: Listener
) -> None:
    """Load an image, start it, and record what it prints into `log`, in place of an older one.

    Raises:
        HeepstorError: it cannot be loaded; there was no whole run on the console.
    """
    listener.on_event(f"loading {elf}")
    debugger.load(elf)
    log.unlink(missing_ok=True)
    captured = capture.capture(
        board.port,
        baud_rate,
        log,
        silence_s=board.silence_s,
        on_start=debugger.resume,
        on_line=listener.on_line,
        on_event=listener.on_event,
    )
    match captured.ended:
        case "result":
            return
        case "interrupted":
            raise KeyboardInterrupt
        case "silence":
            raise PortError(
                f"{board.port}: {captured.size:,} bytes, then nothing for {board.silence_s:g} s; "
                f"is it the board's console, at {baud_rate:,} baud? What came is in {log}"
            )
