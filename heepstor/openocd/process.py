"""OpenOCD, as a process that lives as long as a block, and what it can be told.

with OpenOcd(simulation(jtag_port), log=folder / "openocd.log") as openocd:
    openocd.load(elf)
    openocd.resume()
"""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from heepstor import registers
from heepstor.errors import DebugError, ToolError

CONFIGURATIONS = Path(__file__).resolve().parent
DEFAULT_GDB_PORT = 3333

_LISTENS = re.compile(r"Listening on port (\d+) for (gdb|tcl) connections")
_END_OF_MESSAGE = b"\x1a"  # of OpenOCD's Tcl protocol
_START_S = 60.0  # for OpenOCD to have found the SoC; one that is simulated may be slow
_COMMAND_S = 600.0
_GRACE_S = 5.0  # for OpenOCD to end after SIGTERM, before it is killed
_POLL_S = 0.02


@dataclass(frozen=True)
class Adapter:
    """What lies between OpenOCD and the JTAG pins: a file *.cfg here, and its variables."""

    name: str
    variables: Mapping[str, int]


def simulation(jtag_port: int) -> Adapter:
    """A simulation that waits at this TCP port of this machine."""
    return Adapter("sim", {"JTAG_PORT": jtag_port})


def board(name: str) -> Adapter:
    """The adapter of a board.

    Raises:
        DebugError: there is no configuration for this board.
    """
    if name not in boards():
        raise DebugError(f"{name} is no target; accepted are sim, {', '.join(boards())}")
    return Adapter(name, {})


def boards() -> list[str]:
    """Boards that OpenOCD is configured for."""
    others = {"heepstor", "sim"}
    return sorted(path.stem for path in CONFIGURATIONS.glob("*.cfg") if path.stem not in others)


class OpenOcd:
    """OpenOCD on an adapter; it has found the SoC when the block begins.

    Args:
        adapter: from `simulation` or `board`.
        log: file for what OpenOCD says.
        gdb_port: TCP port of this machine for GDB; 0 takes one that is free.

    Raises:
        ToolError: OpenOCD is not installed.
        DebugError: it does not find the SoC, or the port is taken.
    """

    gdb_port: int
    """Where GDB is waited for."""

    def __init__(self, adapter: Adapter, *, log: Path, gdb_port: int = 0) -> None:
        self._adapter = adapter
        self._log = log
        self._process = self._start(gdb_port)
        try:
            self._tcl_port, self.gdb_port = self._ports()
        except BaseException:
            self._stop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def command(self, text: str) -> str:
        """What OpenOCD answers to one of its commands.

        Raises:
            DebugError: OpenOCD refuses it, or is gone.
        """
        # `catch` tells success from failure, which the protocol does not.
        request = f"list [catch {{{text}}} answer] $answer".encode()
        try:
            with socket.create_connection(("127.0.0.1", self._tcl_port), _COMMAND_S) as connection:
                connection.sendall(request + _END_OF_MESSAGE)
                reply = _message(connection)
        except OSError as error:
            raise DebugError(f"OpenOCD does not answer ({error}); its log: {self._log}") from error
        status, _, answer = reply.partition(" ")
        answer = answer.removeprefix("{").removesuffix("}")
        if status != "0":
            raise DebugError(f"OpenOCD refuses {text!r}: {answer}; its log: {self._log}")
        return answer

    def load(self, elf: Path, *, verify: bool = True) -> None:
        """Reset the SoC, halt it before its first instruction, and write an image to its memory.

        Raises:
            DebugError: that fails, or the memory does not hold it afterwards.
        """
        self.command("reset halt")
        self.command(f"load_image {{{elf.resolve()}}} 0 elf")
        if verify:
            self.command(f"verify_image {{{elf.resolve()}}} 0 elf")

    def resume(self) -> None:
        """Let the CPU go on; after `load`, begin.

        Raises:
            DebugError: it does not.
        """
        self.command("resume")

    def wait(self) -> int:
        """Wait until OpenOCD ends by itself; returns its exit status."""
        return self._process.wait()

    def _start(self, gdb_port: int) -> subprocess.Popen[bytes]:
        program = shutil.which("openocd")
        if program is None:
            raise ToolError("openocd is not on PATH; apt-get install openocd, or: make setup")
        variables = {
            "IDCODE": f"0x{registers.JTAG_IDCODE:08x}",
            "IR_BITS": registers.JTAG_IR_BITS,
            **self._adapter.variables,
        }
        command = [
            program,
            *(word for name, value in variables.items() for word in ("-c", f"set {name} {value}")),
            *("-c", f"gdb_port {gdb_port}", "-c", "tcl_port 0"),
            *("-f", str(CONFIGURATIONS / f"{self._adapter.name}.cfg")),
            *("-f", str(CONFIGURATIONS / "heepstor.cfg")),
        ]
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("wb") as log:
            # A session of its own: a Ctrl-C at the terminal is not for it.
            return subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def _ports(self) -> tuple[int, int]:
        """Those for Tcl and for GDB; they are open when the SoC was found."""
        deadline = time.monotonic() + _START_S
        while self._process.poll() is None and time.monotonic() < deadline:
            ports = {kind: int(port) for port, kind in _LISTENS.findall(self._said())}
            if len(ports) == 2:
                return ports["tcl"], ports["gdb"]
            time.sleep(_POLL_S)
        errors = re.findall(r"^Error: (.*)", self._said(), re.MULTILINE)
        raise DebugError(
            f"OpenOCD does not reach the SoC ({self._adapter.name}): "
            f"{'; '.join(errors) or 'it does not say why'}; its log: {self._log}"
        )

    def _said(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    def _stop(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_GRACE_S)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()


def _message(connection: socket.socket) -> str:
    data = b""
    while not data.endswith(_END_OF_MESSAGE):
        part = connection.recv(65536)
        if not part:
            raise ConnectionResetError("the connection ended")
        data += part
    return data.removesuffix(_END_OF_MESSAGE).decode(errors="replace")
