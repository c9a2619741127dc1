"""GDB on an open session: the script that it starts with, and its command line."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

from heepstor import registers
from heepstor.debug.session import Session
from heepstor.errors import DebugError, ToolError

_CONNECT_S = 5.0


def command(session: Session, script: Path | None = None) -> list[str]:
    """The command line of a GDB that is connected, has loaded the image, and knows our commands.

    Args:
        session: whose OpenOCD to connect to.
        script: commands to run before GDB ends; without, it is for a person.

    Raises:
        ToolError: GDB is not installed.
        DebugError: OpenOCD does not answer.
    """
    program = shutil.which("gdb-multiarch")
    if program is None:
        raise ToolError("gdb-multiarch is not on PATH; apt-get install gdb-multiarch")
    try:
        socket.create_connection(("127.0.0.1", session.gdb_port), _CONNECT_S).close()
    except OSError as error:
        raise DebugError(
            f"{session.project}: no OpenOCD at port {session.gdb_port} ({error.strerror}); "
            f"start it again in another terminal: make openocd PROJECT={session.project}"
        ) from error
    start = Path(session.folder) / "start.gdb"
    start.write_text(render(session), encoding="utf-8")
    batch = ("-batch", "-x", str(start), "-x", str(script)) if script else ("-x", str(start))
    return [program, "-q", "-nx", session.elf, *batch]


def render(session: Session) -> str:
    """GDB's first commands."""
    return "\n".join(
        [
            "set confirm off",
            "set print pretty on",
            "set language c++",  # also where the program is in assembler
            "set remotetimeout 60",
            f"target extended-remote localhost:{session.gdb_port}",
            "monitor reset halt",
            "load",
            *_layer_commands(session.layers),
            *_array_command(),
            'echo \\nThe image is loaded; "continue" starts it. Commands of HEEPstor:\\n',
            'echo layers, break-layer N, array; "help layers" and so on tell more.\\n',
            "",
        ]
    )


def _layer_commands(layers: tuple[str, ...]) -> Iterator[str]:
    yield from _define(
        "layers",
        "The layers of the network, with the numbers that break-layer takes.",
        (f"echo {index}  {name}\\n" for index, name in enumerate(layers)),
    )
    yield from _define(
        "break-layer",
        "break-layer N: stop when layer N begins. A hardware breakpoint; the CPU has one.",
        ("thbreak *heepstor::runtime::begin_layer if $a0 == $arg0",),
    )


def _array_command() -> Iterator[str]:
    block = registers.SYSTOLIC_ARRAY
    readable = [(r.name, r.offset) for r in block.registers if r.access != "WO"]
    yield from _define(
        "array",
        "The registers of the systolic array that can be read.",
        (
            f'printf "{name:<24} 0x%08x\\n", *(unsigned *){block.base + offset:#x}'
            for name, offset in readable
        ),
    )


def _define(name: str, documentation: str, body: Iterator[str] | tuple[str, ...]) -> Iterator[str]:
    yield f"define {name}"
    yield from body
    yield "end"
    yield f"document {name}"
    yield documentation
    yield "end"
