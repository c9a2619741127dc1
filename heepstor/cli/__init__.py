"""The command line: parse, call, print; no logic.

Each module has a group of commands: arguments, function and help of one are side by side, and
`COMMANDS` lists them. `command` says what a command is; `options` has what several of them take.
"""

from __future__ import annotations

import argparse
import errno
import sys
from collections.abc import Sequence

from heepstor.cli import hardware, jtag, machine, network, projects, serial_port, simulation
from heepstor.cli.command import EXIT_INTERRUPTED, Command
from heepstor.errors import HeepstorError

__all__ = ["EXIT_INTERRUPTED", "command_line", "main"]

_COMMANDS: tuple[Command, ...] = (
    *simulation.COMMANDS,
    *hardware.COMMANDS,
    *projects.COMMANDS,
    *serial_port.COMMANDS,
    *jtag.COMMANDS,
    *network.COMMANDS,
    *machine.COMMANDS,
)
"""In the order of --help."""

_ENVIRONMENT_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.ENOTDIR}
"""What the file system may answer anywhere: full, over quota, read-only, not permitted, a file
where a folder should be."""

_DESCRIPTION = """\
From a PyTorch model to per-layer cycles on a RISC-V SoC with an FP32xINT8 systolic array, simulated
cycle by cycle and compared with a golden model bit for bit.

  heepstor projects                     what can be run
  heepstor sim cifar10                  everything, from the model to the verdict
  heepstor sim cifar10 --backend software --set memory.banks=8
  heepstor run cifar10                  with the firmware's console in the terminal
  heepstor sim cifar10 --waves layer:conv2    a waveform of this layer alone
  heepstor profile cifar10              in which functions the cycles went
  heepstor app cifar10                  generated C++ and firmware only
  heepstor compare cifar10 --fpga LOG   against what a board printed
  heepstor accuracy cifar10 --data DIR  what quantization costs, over a whole test set
  heepstor history cifar10              its cycles per layer, from commit to commit
  heepstor sweep docs/sweep.hjson       many configurations at once, and which are the best
  heepstor fpga --board zcu104          a bitstream, or all that Vivado makes it of
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit status: 0 success, 1 a failed verdict, 2 a user's mistake."""
    options = command_line().parse_args(arguments)
    try:
        status: int = options.run(options)
    except HeepstorError as error:
        print(f"heepstor: error: {error}", file=sys.stderr)
        return error.exit_status
    except OSError as error:
        if error.errno not in _ENVIRONMENT_ERRORS:
            raise
        # A write knows no file name.
        where = f"{error.filename}: " if error.filename else ""
        print(f"heepstor: error: {where}{error.strerror}", file=sys.stderr)
        return HeepstorError.exit_status
    except KeyboardInterrupt:
        print("heepstor: interrupted; nothing half-written is kept", file=sys.stderr)
        return EXIT_INTERRUPTED
    return status


def command_line() -> argparse.ArgumentParser:
    """The parser of all commands, of which the documentation's reference is made, too."""
    parser = argparse.ArgumentParser(
        prog="heepstor",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in _COMMANDS:
        command.define(
            commands.add_parser(
                command.name,
                help=command.help,
                description=command.description,
                formatter_class=command.formatter,
            )
        )
    return parser
