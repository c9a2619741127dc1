"""A debugging session: OpenOCD on a project's hardware, and the file that tells GDB of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import NoReturn

from heepstor import flow, openocd
from heepstor.errors import DebugError
from heepstor.project import LoadedProject
from heepstor.report import document

_FILE, _LOG = "debug.json", "openocd.log"


@dataclass(frozen=True)
class Session:
    """What GDB has to know of an open session."""

    project: str
    target: str
    """"sim", or the board."""
    gdb_port: int
    """Of OpenOCD, on this machine."""
    elf: str
    folder: str
    """Of the run."""
    layers: tuple[str, ...]


OnReady = Callable[[Session], None]


def debug_simulation(
    project: LoadedProject, options: flow.Options, *, gdb_port: int, on_ready: OnReady
) -> document.Report:
    """Simulate a project whose image GDB loads, until the firmware ends; judge it as always.

    Args:
        project: what to debug.
        options: as of `flow.simulate`.
        gdb_port: for GDB, on this machine; 0 takes one that is free.
        on_ready: called when GDB may come.

    Raises:
        HeepstorError: something could not be built or started.
    """
    with ExitStack() as stack:

        def open_session(application: flow.Application, jtag_port: int) -> None:
            adapter = openocd.simulation(jtag_port)
            session = stack.enter_context(_open(application, adapter, gdb_port, options))[0]
            on_ready(session)

        return flow.simulate(project, replace(options, on_jtag=open_session))


def debug_board(
    project: LoadedProject,
    options: flow.Options,
    board: str,
    *,
    gdb_port: int,
    on_ready: OnReady,
) -> NoReturn:
    """Keep a session on a board open until OpenOCD ends; GDB loads the image.

    Args:
        project: what to debug.
        options: how to build it.
        board: one of `openocd.boards()`.
        gdb_port: for GDB, on this machine; 0 takes one that is free.
        on_ready: called when GDB may come.

    Raises:
        HeepstorError: the firmware could not be built; the board is not reached, or no more.
    """
    adapter = openocd.board(board)
    application = flow.make_application(project, options)
    with _open(application, adapter, gdb_port, options) as (session, process):
        on_ready(session)
        process.wait()
    raise DebugError(f"OpenOCD has ended; its log: {flow.folder_of(project, options) / _LOG}")


def find(project: str, target: str | None = None) -> Session:
    """The open session of a project.

    Args:
        project: its name.
        target: what the session must be of, if that matters.

    Raises:
        DebugError: there is none; says how to open one.
    """
    wanted = f"make openocd PROJECT={project}" + (
        f" TARGET={target}" if target and target != "sim" else ""
    )
    try:
        fields = json.loads((flow.ROOT / "build" / project / _FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DebugError(f"{project}: nobody debugs it; in another terminal: {wanted}") from None
    session = Session(**{**fields, "layers": tuple(fields["layers"])})
    if target not in (None, session.target):
        raise DebugError(
            f"{project}: {session.target} is debugged, not {target}; end that, then: {wanted}"
        )
    return session


def write(session: Session) -> None:
    """Let `find` find it."""
    text = json.dumps(asdict(session), indent=2) + "\n"
    (Path(session.folder) / _FILE).write_text(text, encoding="utf-8")


@contextmanager
def _open(
    application: flow.Application, adapter: openocd.Adapter, gdb_port: int, options: flow.Options
) -> Iterator[tuple[Session, openocd.OpenOcd]]:
    """OpenOCD on `adapter`, and the session's file for as long as it runs."""
    folder = flow.folder_of(application.project, options)
    with openocd.OpenOcd(adapter, log=folder / _LOG, gdb_port=gdb_port) as process:
        session = Session(
            project=application.project.name,
            target=adapter.name,
            gdb_port=process.gdb_port,
            elf=str(application.image.elf),
            folder=str(folder),
            layers=tuple(layer.name for layer in application.plan.layers),
        )
        write(session)
        try:
            yield session, process
        finally:
            (folder / _FILE).unlink(missing_ok=True)
