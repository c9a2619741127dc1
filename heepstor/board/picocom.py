"""The console of a simulation or of a board, in picocom."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from heepstor.board.files import BUILD
from heepstor.errors import PortError, ToolError


def port_of_simulation(project: str) -> str:
    """The serial port of a simulation that goes on.

    Raises:
        PortError: there is none.
    """
    port = BUILD / project / "uart"
    if not port.exists():
        raise PortError(
            f"{port}: no simulation of {project} has its console there; start one: "
            f"heepstor run {project} --uart-pty"
        )
    return str(port)


def talk(port: str, baud_rate: int) -> int:
    """Open a serial port in this terminal; returns picocom's exit status.

    Raises:
        ToolError: picocom is not installed.
        PortError: there is no such port.
    """
    tool = shutil.which("picocom")
    if tool is None:
        raise ToolError("picocom is not found; install the Debian package picocom")
    if not Path(port).exists():
        raise PortError(f"{port}: is not there; name a board's serial port, as /dev/ttyUSB1")
    # The firmware ends its lines with a line feed alone.
    options = ("--baud", str(baud_rate), "--imap", "lfcrlf", "--nolock", "--quiet")
    return subprocess.run([tool, *options, port], check=False).returncode
