"""Commands on the firmware's UART, a board's above all: compare, record, type."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from heepstor import config as configuration
from heepstor.cli.command import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    Command,
    positive,
    say,
    verdict,
)


def _compare_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("project", help="a project that was simulated, as by `heepstor sim`")
    parser.add_argument(
        "--fpga",
        type=Path,
        required=True,
        metavar="LOG",
        help="what a board printed: records of our firmware, or HEEPstor's Performance Summary",
    )
    parser.add_argument(
        "--report",
        type=Path,
        metavar="FILE",
        help="the simulated run (default: build/PROJECT/report.json)",
    )
    parser.add_argument(
        "--clock-hz",
        type=positive,
        metavar="N",
        help="clock of the run, for a Performance Summary, which has times",
    )
    parser.add_argument(
        "--tolerance",
        action="append",
        default=[],
        metavar="[LAYER=]N[%]",
        help="cycles, or percent, that a layer or each layer may differ by (default: 0, or "
        "CYCLE_TOLERANCE of model.py)",
    )
    parser.add_argument(
        "--allow-mismatch",
        action="store_true",
        help="compare although another configuration, RTL or image ran",
    )
    parser.add_argument("--json", action="store_true", help="print it for a script")


def _compare(options: argparse.Namespace) -> int:
    from heepstor.board.files import compare_files
    from heepstor.board.text import render

    comparison = compare_files(
        options.project,
        options.fpga,
        report_file=options.report,
        clock_hz=options.clock_hz,
        tolerances=options.tolerance,
        allow_mismatch=options.allow_mismatch,
    )
    if options.json:
        print(json.dumps(comparison.as_dict(), indent=2))
    else:
        print(render(comparison))
    return verdict(comparison.passed)


COMPARE = Command(
    "compare",
    help="predicted, simulated and a board's cycles, layer by layer",
    description="""\
Puts the cycles that the planner predicted, that the simulation took and that a board printed beside
each other, layer by layer. Exits with 1 when a layer leaves its tolerance or the log is incomplete.

  heepstor capture --port /dev/ttyUSB1 --output log.txt
  heepstor compare cifar10 --fpga log.txt
  heepstor compare cifar10 --fpga log.txt --tolerance 0.1% --tolerance softmax=20
  heepstor compare cifar10 --fpga old.txt --clock-hz 100000000 --allow-mismatch
""",
    arguments=(_compare_arguments,),
    run=_compare,
)


def _capture_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", required=True, metavar="DEVICE", help="as /dev/ttyUSB1")
    parser.add_argument(
        "--baud",
        type=positive,
        metavar="N",
        help="bits a second (default: uart.baud_rate of heepstor_cfg.hjson)",
    )
    parser.add_argument(
        "--output", type=Path, required=True, metavar="LOG", help="file to make; it must not exist"
    )
    parser.add_argument(
        "--timeout",
        type=positive,
        default=60,
        metavar="S",
        help="seconds of silence that end the recording (default: 60)",
    )


def _capture(options: argparse.Namespace) -> int:
    from heepstor.board.capture import capture

    captured = capture(
        options.port,
        options.baud or configuration.load().uart_baud_rate,
        options.output,
        silence_s=options.timeout,
        on_line=lambda line: say(f"    | {line}"),
        on_event=say,
    )
    print(captured)
    return {"result": 0, "silence": EXIT_FAILED, "interrupted": EXIT_INTERRUPTED}[captured.ended]


CAPTURE = Command(
    "capture",
    help="record what a board prints on its serial port",
    description="""\
Records a run: start it, then reset the board. Ends with the firmware's @result record, after a
silence, or with Ctrl-C; every byte that came is in the file. A port that disappears is waited for.
""",
    arguments=(_capture_arguments,),
    run=_capture,
)


def _picocom_arguments(parser: argparse.ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("project", nargs="?", help="of the simulation")
    which.add_argument("--port", metavar="DEVICE", help="a board's serial port, as /dev/ttyUSB1")


def _picocom(options: argparse.Namespace) -> int:
    from heepstor.board import picocom

    port = options.port or picocom.port_of_simulation(options.project)
    return picocom.talk(port, configuration.load().uart_baud_rate)


PICOCOM = Command(
    "picocom",
    help="open the console of a simulation, or of a board, in picocom",
    description="""\
Opens the console of a simulation that `heepstor run PROJECT --uart-pty` has started, or a board's
with --port. Ctrl-A Ctrl-X leaves it.

  heepstor picocom cifar10
  heepstor picocom --port /dev/ttyUSB1
""",
    arguments=(_picocom_arguments,),
    run=_picocom,
)

COMMANDS = (COMPARE, CAPTURE, PICOCOM)
