"""Commands on a SoC that OpenOCD reaches, simulated or on a board: debug a project, run it."""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from heepstor.cli.command import Command, positive, say, verdict
from heepstor.cli.options import FIRMWARE, flow_options, project

if TYPE_CHECKING:
    from heepstor.debug import Session


def _openocd_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--target", default="sim", metavar="NAME", help="sim, or a board: zcu104 (default: sim)"
    )
    parser.add_argument(
        "--gdb-port",
        type=int,
        default=3333,
        metavar="N",
        help="TCP port of this machine for GDB; 0 takes a free one (default: 3333)",
    )
    parser.add_argument(
        "--uart-pty",
        action="store_true",
        help="make a pseudo-terminal the console, as `heepstor run --uart-pty`",
    )


def _openocd(options: argparse.Namespace) -> int:
    from heepstor import debug, report, sim

    loaded, how = project(options), flow_options(options)
    if options.uart_pty:
        how = replace(how, talk=lambda folder: sim.pseudo_terminal(folder / "uart"))

    def on_ready(session: Session) -> None:
        say(f"GDB may come to port {session.gdb_port}: make gdb PROJECT={session.project}")

    if options.target != "sim":
        debug.debug_board(loaded, how, options.target, gdb_port=options.gdb_port, on_ready=on_ready)
    result = debug.debug_simulation(loaded, how, gdb_port=options.gdb_port, on_ready=on_ready)
    print("\n" + report.render(result))
    return verdict(result["passed"])


OPENOCD = Command(
    "openocd",
    help="open a project, simulated or on a board, for GDB",
    description="""\
Simulates a project and keeps OpenOCD on its JTAG, or on a board's; `heepstor gdb PROJECT`, in
another terminal, loads the image and debugs it. The simulation stands still until then, and while
the CPU is halted; when the firmware ends, it is judged as by `heepstor sim`. A board's session ends
with Ctrl-C.

  heepstor openocd cifar10
  heepstor openocd cifar10 --target zcu104
  heepstor openocd cifar10 --uart-pty       and: heepstor picocom cifar10
""",
    arguments=(*FIRMWARE, _openocd_arguments),
    run=_openocd,
)


def _gdb_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("project", help="a project that `heepstor openocd` has opened")
    parser.add_argument(
        "--target", metavar="NAME", help="refuse a session of anything else: sim or zcu104"
    )
    parser.add_argument(
        "--script", type=Path, metavar="FILE", help="run GDB's commands in FILE, and end"
    )


def _gdb(options: argparse.Namespace) -> int:
    from heepstor.debug import gdb, session

    found = session.find(options.project, options.target)
    command = gdb.command(found, options.script)
    # GDB takes the place of this program: Ctrl-C and the terminal are its own.
    os.execv(command[0], command)


GDB = Command(
    "gdb",
    help="load a project's image through its open session, and debug it",
    description="""\
Loads a project's image into the SoC of its open session (`heepstor openocd PROJECT`), halts before
its first instruction, and leaves the rest to GDB. Besides GDB's commands there are:

  layers           the layers of the network, with their numbers
  break-layer N    stop when layer N begins
  array            the array's registers that can be read
""",
    arguments=(_gdb_arguments,),
    run=_gdb,
)


def _run_fpga_com_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", required=True, metavar="DEVICE", help="as /dev/ttyUSB1")
    reached = parser.add_mutually_exclusive_group()
    reached.add_argument("--target", default="zcu104", metavar="BOARD", help="default: zcu104")
    reached.add_argument(
        "--jtag-port",
        type=positive,
        metavar="N",
        help="a simulation that waits for OpenOCD at this TCP port, instead of a board",
    )
    parser.add_argument(
        "--tolerance",
        action="append",
        default=[],
        metavar="LIMIT",
        help="as of `heepstor compare`",
    )
    parser.add_argument(
        "--timeout",
        type=positive,
        default=60,
        metavar="S",
        help="seconds of silence after which the board counts as dead (default: 60)",
    )


def _run_fpga_com(options: argparse.Namespace) -> int:
    from heepstor import deploy, openocd
    from heepstor.board.text import render

    adapter = (
        openocd.simulation(options.jtag_port)
        if options.jtag_port
        else openocd.board(options.target)
    )
    outcome = deploy.run(
        project(options),
        flow_options(options),
        deploy.Board(adapter, options.port, options.timeout),
        tolerances=options.tolerance,
        listener=deploy.Listener(lambda line: say(f"    | {line}"), say),
    )
    print("\n".join([render(outcome.comparison), *outcome.fault]))
    return verdict(outcome.comparison.passed)


RUN_FPGA_COM = Command(
    "run-fpga-com",
    help="run a project on a board and compare it with simulation",
    description="""\
Builds and simulates a project, loads it into a board's SoC through OpenOCD, records its console and
compares the board's cycles with the simulated ones, layer by layer. Exits with 1 when they part.
What the board prints is in build/PROJECT/fpga.log.

  heepstor run-fpga-com cifar10 --port /dev/ttyUSB1
""",
    arguments=(*FIRMWARE, _run_fpga_com_arguments),
    run=_run_fpga_com,
)

COMMANDS = (OPENOCD, GDB, RUN_FPGA_COM)
