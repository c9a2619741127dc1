"""The command line: parse, call, print; no logic."""

from __future__ import annotations

import argparse
import errno
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heepstor import config as configuration
from heepstor.config import Config
from heepstor.errors import HeepstorError

# Importing torch takes seconds: a command imports what it needs, so that --help is quick.
if TYPE_CHECKING:
    from heepstor.flow import Options
    from heepstor.project import LoadedProject
    from heepstor.sim import Watch

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130

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

_ACCURACY = """\
Top-1 of a project's network over the test split of its data set: in float32, fake-quantized, and by
the bit-exact golden model, quantized per tensor and per channel. An interrupted run goes on where
it was; what it finds is in build/accuracy/PROJECT/.

Hardware, back-end and quantization options are those of the images in RTL simulation (--rtl).
"""

_COMPARE = """\
Puts the cycles that the planner predicted, that the simulation took and that a board printed beside
each other, layer by layer. Exits with 1 when a layer leaves its tolerance or the log is incomplete.

  heepstor capture --port /dev/ttyUSB1 --output log.txt
  heepstor compare cifar10 --fpga log.txt
  heepstor compare cifar10 --fpga log.txt --tolerance 0.1% --tolerance softmax=20
  heepstor compare cifar10 --fpga old.txt --clock-hz 100000000 --allow-mismatch
"""

_CAPTURE = """\
Records a run: start it, then reset the board. Ends with the firmware's @result record, after a
silence, or with Ctrl-C; every byte that came is in the file. A port that disappears is waited for.
"""

_FPGA = """\
Writes a project for Vivado, checks it as far as that goes without Vivado (it elaborates, each port
has its pin, the clock can be made), and makes the bitstream. Where there is no Vivado it exits with
3 when the project is there, and says how to go on.

  heepstor fpga --board zcu104 --set clock_hz=50000000 --set uart.baud_rate=2000000
  heepstor fpga --board my_board.hjson --project-only
  heepstor fpga --board zcu104 --image "$(heepstor app cifar10 | sed -n 's/firmware: *//p')"
  heepstor fpga --board zcu104 --utilisation
"""

_OPENOCD = """\
Simulates a project and keeps OpenOCD on its JTAG, or on a board's; `heepstor gdb PROJECT`, in
another terminal, loads the image and debugs it. The simulation stands still until then, and while
the CPU is halted; when the firmware ends, it is judged as by `heepstor sim`. A board's session ends
with Ctrl-C.

  heepstor openocd cifar10
  heepstor openocd cifar10 --target zcu104
  heepstor openocd cifar10 --uart-pty       and: heepstor picocom cifar10
"""

_GDB = """\
Loads a project's image into the SoC of its open session (`heepstor openocd PROJECT`), halts before
its first instruction, and leaves the rest to GDB. Besides GDB's commands there are:

  layers           the layers of the network, with their numbers
  break-layer N    stop when layer N begins
  array            the array's registers that can be read
"""

_SWEEP = """\
Predicts every combination that a sweep file asks for, simulates the chosen ones and measures their
area. An interrupted sweep goes on where it was when it is started again. Exits with 1 when a
combination failed.

  {
    projects: ["cifar10"]             // folders of sw/apps
    backends: ["planner"]             // software, direct, stream, or planner: per layer
    quantizations: ["per_channel"]    // per_tensor
    hardware: {                       // lists of values; other keys are those of --cfg
      systolic_array: { size: [4, 8, 16], ports: [1, 2] }
    }
    simulate: "pareto"                // all, none, or a list as [{ "systolic_array.size": 8 }]
    area: "none"                      // all, simulated: by Yosys, minutes for each array
  }

  heepstor sweep docs/sweep.hjson
  heepstor sweep docs/sweep.hjson --scheduler tcp://host:8786
"""


_RUN = """\
As `heepstor sim`, with the firmware's UART in the terminal: after each inference the firmware asks
whether to run again; q or Ctrl-D ends it, and the last inference is judged. Input from a pipe is
typed, too, and its end is Ctrl-D.

  heepstor run cifar10
  heepstor run cifar10 --uart-pty       then, in another terminal: heepstor picocom cifar10
"""

_PICOCOM = """\
Opens the console of a simulation that `heepstor run PROJECT --uart-pty` has started, or a board's
with --port. Ctrl-A Ctrl-X leaves it.

  heepstor picocom cifar10
  heepstor picocom --port /dev/ttyUSB1
"""


_RUN_FPGA_COM = """\
Builds and simulates a project, loads it into a board's SoC through OpenOCD, records its console and
compares the board's cycles with the simulated ones, layer by layer. Exits with 1 when they part.
What the board prints is in build/PROJECT/fpga.log.

  heepstor run-fpga-com cifar10 --port /dev/ttyUSB1
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
    hardware = _hardware_options()
    software = _software_options()
    batch = _batch_option()
    data = _data_options()

    sim = commands.add_parser(
        "sim",
        parents=[hardware, software, batch],
        help="run a project on the simulated SoC and judge it",
    )
    sim.add_argument(
        "--cycle-limit",
        type=_positive,
        metavar="N",
        help="end the simulation after N cycles (default: 20 times the prediction)",
    )
    _add_watch(sim)
    sim.add_argument(
        "--profile-guided",
        action="store_true",
        help="use a simulator built with profile-guided optimisation",
    )
    sim.add_argument("--json", action="store_true", help="print report.json instead of the table")
    sim.set_defaults(run=_sim)

    _add_run(commands, [hardware, software, batch])
    _add_waves(commands)

    profile = commands.add_parser(
        "profile",
        parents=[hardware, software, batch],
        help="run a project and tell in which functions its cycles went",
        description="As `heepstor sim`; then cycles by function, as a table, as flame graphs "
        "(profile.html) and as folded stacks (profile.folded), all in build/PROJECT.",
    )
    profile.set_defaults(run=_profile)

    app = commands.add_parser(
        "app", parents=[hardware, software, batch], help="generate the C++ and build the firmware"
    )
    app.set_defaults(run=_app)

    again = commands.add_parser(
        "report",
        help="write text, Markdown and page of a project's last run anew",
        description="Writes report.txt, report.md and report.html from report.json, all in "
        "build/PROJECT, as `heepstor sim` does, and prints where they are.",
    )
    again.add_argument("project", help="a project that was simulated")
    again.set_defaults(run=_report)

    gen = commands.add_parser(
        "gen", parents=[hardware], help="write what depends on heepstor_cfg.hjson"
    )
    gen.set_defaults(run=_gen)

    mcu_gen = commands.add_parser(
        "mcu-gen", parents=[hardware], help="gen, and build the simulator of the SoC"
    )
    mcu_gen.set_defaults(run=_mcu_gen)

    area = commands.add_parser(
        "area", parents=[hardware], help="synthesize the array with Yosys: LUT, FF, DSP, BRAM"
    )
    area.set_defaults(run=_area)

    _add_fpga(commands, hardware)
    _add_sweep(commands, hardware)

    projects = commands.add_parser("projects", help="list the projects")
    projects.set_defaults(run=_projects)

    _add_compare(commands)
    _add_capture(commands)
    _add_picocom(commands)
    _add_openocd(commands, [hardware, software, batch])
    _add_gdb(commands)
    _add_run_fpga_com(commands, [hardware, software, batch])

    train = commands.add_parser("train", parents=[data], help="train a project's weights")
    train.add_argument("project")
    train.add_argument("--epochs", type=int, default=None, metavar="N")
    train.add_argument("--seed", type=int, default=0, metavar="N")
    train.add_argument("--device", default="cpu", help="where PyTorch trains: cpu, cuda, ...")
    train.set_defaults(run=_train)

    accuracy = commands.add_parser(
        "accuracy",
        parents=[hardware, software, data],
        help="top-1 over a whole test set: float, fake-quantized and bit-exact model",
        description=_ACCURACY,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    accuracy.add_argument(
        "--rtl",
        type=_positive,
        metavar="N",
        help="simulate N images on the SoC, disagreeing ones first, and compare bit for bit",
    )
    accuracy.add_argument(
        "--device",
        metavar="NAME",
        help="where PyTorch runs the float models: cpu, cuda, ... (default: a GPU if there is one)",
    )
    accuracy.add_argument("--json", action="store_true", help="print accuracy.json instead")
    accuracy.set_defaults(run=_accuracy)

    history = commands.add_parser("history", help="cycles per layer from commit to commit")
    history.add_argument(
        "project", nargs="?", help="one of those with a run; without it, all of them in short"
    )
    history.add_argument(
        "--backend",
        choices=["planner", "software", "direct", "stream"],
        help="only runs for which this was asked",
    )
    history.add_argument("--layer", metavar="NAME", help="only the layer with this name or module")
    history.add_argument(
        "--last", type=_positive, default=6, metavar="N", help="columns to show (default: 6)"
    )
    history.add_argument("--json", action="store_true", help="print all runs for a script")
    history.add_argument(
        "--html", type=Path, metavar="FILE", help="write a page with a picture of each trend, too"
    )
    history.add_argument(
        "--database",
        type=Path,
        metavar="FILE",
        help="the recorded runs (default: HEEPSTOR_HISTORY, or else build/history.sqlite)",
    )
    history.set_defaults(run=_history)

    doctor = commands.add_parser("doctor", help="list each tool: found, version, how to get it")
    doctor.add_argument("--json", action="store_true", help="print a list a script can read")
    doctor.set_defaults(run=_doctor)
    return parser


def _add_watch(sim: argparse.ArgumentParser) -> None:
    group = sim.add_argument_group("to look closer (slower; takes a simulator of its own)")
    waveform = group.add_mutually_exclusive_group()
    waveform.add_argument(
        "--waves",
        metavar="WINDOW",
        help="write the waveform of layer:NAME, layer:INDEX or cycles:FIRST-LAST; "
        "`heepstor waves PROJECT` opens it",
    )
    waveform.add_argument(
        "--trace", type=Path, metavar="FILE", help="write that of the whole run to FILE (FST)"
    )
    group.add_argument(
        "--checkpoint-at",
        metavar="LAYER",
        help="layer:NAME or layer:INDEX: save the simulation in build/PROJECT/checkpoint when "
        "it begins",
    )
    group.add_argument(
        "--resume", action="store_true", help="go on from that checkpoint instead of from reset"
    )


def _add_waves(commands: Any) -> None:  # noqa: ANN401 (argparse does not name its type)
    waves = commands.add_parser(
        "waves",
        help="open the last waveform of a project in a viewer",
        description="Opens what `heepstor sim PROJECT --waves WINDOW` has written, with the "
        "signals that matter in groups.",
    )
    waves.add_argument("project", help="a project that was simulated with --waves")
    waves.add_argument(
        "--viewer",
        choices=["gtkwave", "surfer"],
        help="(default: the first of them that is installed)",
    )
    waves.set_defaults(run=_waves)


def _add_compare(commands: Any) -> None:  # noqa: ANN401 (argparse does not name its type)
    compare = commands.add_parser(
        "compare",
        help="predicted, simulated and a board's cycles, layer by layer",
        description=_COMPARE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    compare.add_argument("project", help="a project that was simulated, as by `heepstor sim`")
    compare.add_argument(
        "--fpga",
        type=Path,
        required=True,
        metavar="LOG",
        help="what a board printed: records of our firmware, or HEEPstor's Performance Summary",
    )
    compare.add_argument(
        "--report",
        type=Path,
        metavar="FILE",
        help="the simulated run (default: build/PROJECT/report.json)",
    )
    compare.add_argument(
        "--clock-hz",
        type=_positive,
        metavar="N",
        help="clock of the run, for a Performance Summary, which has times",
    )
    compare.add_argument(
        "--tolerance",
        action="append",
        default=[],
        metavar="[LAYER=]N[%]",
        help="cycles, or percent, that a layer or each layer may differ by (default: 0, or "
        "CYCLE_TOLERANCE of model.py)",
    )
    compare.add_argument(
        "--allow-mismatch",
        action="store_true",
        help="compare although another configuration, RTL or image ran",
    )
    compare.add_argument("--json", action="store_true", help="print it for a script")
    compare.set_defaults(run=_compare)


def _add_capture(commands: Any) -> None:  # noqa: ANN401 (as above)
    capture = commands.add_parser(
        "capture",
        help="record what a board prints on its serial port",
        description=_CAPTURE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    capture.add_argument("--port", required=True, metavar="DEVICE", help="as /dev/ttyUSB1")
    capture.add_argument(
        "--baud",
        type=_positive,
        metavar="N",
        help="bits a second (default: uart.baud_rate of heepstor_cfg.hjson)",
    )
    capture.add_argument(
        "--output", type=Path, required=True, metavar="LOG", help="file to make; it must not exist"
    )
    capture.add_argument(
        "--timeout",
        type=_positive,
        default=60,
        metavar="S",
        help="seconds of silence that end the recording (default: 60)",
    )
    capture.set_defaults(run=_capture)


def _add_fpga(commands: Any, hardware: argparse.ArgumentParser) -> None:  # noqa: ANN401 (as above)
    fpga = commands.add_parser(
        "fpga",
        parents=[hardware],
        help="a project for Vivado, and the bitstream of it",
        description=_FPGA,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    fpga.add_argument(
        "--board",
        default="zcu104",
        metavar="NAME",
        help="one of boards/, or a description FILE.hjson (default: zcu104)",
    )
    fpga.add_argument(
        "--image",
        type=Path,
        metavar="ELF",
        help="firmware that the bitstream brings along (default: none; a debugger loads it)",
    )
    fpga.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help="folder of the project (default: build/fpga/heepstor-BOARD-CONFIGURATION)",
    )
    what = fpga.add_mutually_exclusive_group()
    what.add_argument("--project-only", action="store_true", help="do not run Vivado")
    what.add_argument(
        "--utilisation",
        action="store_true",
        help="instead of Vivado, let Yosys tell what it takes of the FPGA (minutes); as a table, "
        "and in utilisation.json of the project",
    )
    fpga.set_defaults(run=_fpga)


def _add_run(commands: Any, parents: Sequence[argparse.ArgumentParser]) -> None:  # noqa: ANN401 (as above)
    run = commands.add_parser(
        "run",
        parents=parents,
        help="run a project with the firmware's console in the terminal",
        description=_RUN,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    run.add_argument(
        "--uart-pty",
        action="store_true",
        help="make a pseudo-terminal the console instead, build/PROJECT/uart",
    )
    run.add_argument(
        "--cycle-limit",
        type=_positive,
        metavar="N",
        help="end the simulation after N cycles (default: 2,000,000,000, half an hour of waiting)",
    )
    run.set_defaults(run=_run)


def _add_picocom(commands: Any) -> None:  # noqa: ANN401 (as above)
    picocom = commands.add_parser(
        "picocom",
        help="open the console of a simulation, or of a board, in picocom",
        description=_PICOCOM,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    which = picocom.add_mutually_exclusive_group(required=True)
    which.add_argument("project", nargs="?", help="of the simulation")
    which.add_argument("--port", metavar="DEVICE", help="a board's serial port, as /dev/ttyUSB1")
    picocom.set_defaults(run=_picocom)


def _add_openocd(commands: Any, parents: list[argparse.ArgumentParser]) -> None:  # noqa: ANN401
    openocd = commands.add_parser(
        "openocd",
        parents=parents,
        help="open a project, simulated or on a board, for GDB",
        description=_OPENOCD,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    openocd.add_argument(
        "--target", default="sim", metavar="NAME", help="sim, or a board: zcu104 (default: sim)"
    )
    openocd.add_argument(
        "--gdb-port",
        type=int,
        default=3333,
        metavar="N",
        help="TCP port of this machine for GDB; 0 takes a free one (default: 3333)",
    )
    openocd.add_argument(
        "--uart-pty",
        action="store_true",
        help="make a pseudo-terminal the console, as `heepstor run --uart-pty`",
    )
    openocd.set_defaults(run=_openocd)


def _add_gdb(commands: Any) -> None:  # noqa: ANN401 (as above)
    gdb = commands.add_parser(
        "gdb",
        help="load a project's image through its open session, and debug it",
        description=_GDB,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    gdb.add_argument("project", help="a project that `heepstor openocd` has opened")
    gdb.add_argument(
        "--target", metavar="NAME", help="refuse a session of anything else: sim or zcu104"
    )
    gdb.add_argument(
        "--script", type=Path, metavar="FILE", help="run GDB's commands in FILE, and end"
    )
    gdb.set_defaults(run=_gdb)


def _add_run_fpga_com(commands: Any, parents: Sequence[argparse.ArgumentParser]) -> None:  # noqa: ANN401 (as above)
    board = commands.add_parser(
        "run-fpga-com",
        parents=parents,
        help="run a project on a board and compare it with simulation",
        description=_RUN_FPGA_COM,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    board.add_argument("--port", required=True, metavar="DEVICE", help="as /dev/ttyUSB1")
    reached = board.add_mutually_exclusive_group()
    reached.add_argument("--target", default="zcu104", metavar="BOARD", help="default: zcu104")
    reached.add_argument(
        "--jtag-port",
        type=_positive,
        metavar="N",
        help="a simulation that waits for OpenOCD at this TCP port, instead of a board",
    )
    board.add_argument(
        "--tolerance",
        action="append",
        default=[],
        metavar="LIMIT",
        help="as of `heepstor compare`",
    )
    board.add_argument(
        "--timeout",
        type=_positive,
        default=60,
        metavar="S",
        help="seconds of silence after which the board counts as dead (default: 60)",
    )
    board.set_defaults(run=_run_fpga_com)


def _add_sweep(commands: Any, hardware: argparse.ArgumentParser) -> None:  # noqa: ANN401 (argparse has no name)
    sweep = commands.add_parser(
        "sweep",
        parents=[hardware],
        help="many configurations and projects: predicted, the best simulated",
        description=_SWEEP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    sweep.add_argument("file", type=Path, metavar="FILE", help="what to combine (hjson, above)")
    where = sweep.add_mutually_exclusive_group()
    where.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="Dask scheduler whose workers compute: tcp://HOST:PORT",
    )
    where.add_argument(
        "--processes", type=_positive, metavar="N", help="of this machine (default: one a core)"
    )
    sweep.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help="folder of results, table and page (default: build/sweep/<name of FILE>)",
    )
    sweep.set_defaults(run=_sweep)


def _hardware_options() -> argparse.ArgumentParser:
    group = argparse.ArgumentParser(add_help=False)
    group.add_argument(
        "--cfg",
        type=Path,
        default=configuration.DEFAULT_PATH,
        metavar="FILE",
        help="hardware description (default: heepstor_cfg.hjson)",
    )
    group.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="overrides",
        help="override a key of it, e.g. systolic_array.size=16",
    )
    return group


def _software_options() -> argparse.ArgumentParser:
    group = argparse.ArgumentParser(add_help=False)
    group.add_argument("project", help="a folder of sw/apps; `heepstor projects` lists them")
    group.add_argument(
        "--backend",
        choices=["software", "direct", "stream"],
        help="who computes the matrix products (default: per layer, by predicted cycles)",
    )
    group.add_argument(
        "--per-tensor",
        action="store_true",
        help="one scale a tensor, as HEEPstor, instead of one per output channel",
    )
    group.add_argument(
        "--no-assertions", action="store_true", help="compile the firmware's debug assertions out"
    )
    return group


def _batch_option() -> argparse.ArgumentParser:
    group = argparse.ArgumentParser(add_help=False)
    group.add_argument(
        "--batch",
        type=_positive,
        metavar="N",
        help="samples of one inference; networks of Linear layers take more than 1",
    )
    return group


def _data_options() -> argparse.ArgumentParser:
    group = argparse.ArgumentParser(add_help=False)
    group.add_argument(
        "--data",
        type=Path,
        required=True,
        metavar="DIR",
        help="the data set's standard files; downloaded into DIR when missing",
    )
    group.add_argument(
        "--data-name",
        metavar="TEXT",
        help="what to call the data beside an accuracy, if not as usual",
    )
    return group


def _positive(text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is not 1 or more")
    return value


def _config(options: argparse.Namespace) -> Config:
    return configuration.load(options.cfg, options.overrides)


def _sim(options: argparse.Namespace) -> int:
    from heepstor import flow, report

    result = flow.simulate(_project(options), _flow_options(options))
    print(json.dumps(result, indent=2) if options.json else "\n" + report.render(result))
    return 0 if result["passed"] else EXIT_FAILED


def _run(options: argparse.Namespace) -> int:
    from heepstor import flow, report, sim

    settings = _flow_options(options)
    if options.uart_pty:
        settings = replace(settings, talk=lambda folder: sim.pseudo_terminal(folder / "uart"))
    else:
        settings = replace(settings, talk=lambda _: sim.standard(), console=lambda _: None)
    result = flow.simulate(_project(options), settings)
    print("\n" + report.render(result))
    return 0 if result["passed"] else EXIT_FAILED


def _picocom(options: argparse.Namespace) -> int:
    from heepstor.board import picocom

    port = options.port or picocom.port_of_simulation(options.project)
    return picocom.talk(port, configuration.load().uart_baud_rate)


def _run_fpga_com(options: argparse.Namespace) -> int:
    from heepstor import deploy, openocd
    from heepstor.board.text import render

    adapter = (
        openocd.simulation(options.jtag_port)
        if options.jtag_port
        else openocd.board(options.target)
    )
    outcome = deploy.run(
        _project(options),
        _flow_options(options),
        deploy.Board(adapter, options.port, options.timeout),
        tolerances=options.tolerance,
        listener=deploy.Listener(lambda line: _say(f"    | {line}"), _say),
    )
    print("\n".join([render(outcome.comparison), *outcome.fault]))
    return 0 if outcome.comparison.passed else EXIT_FAILED


def _waves(options: argparse.Namespace) -> int:
    from heepstor.sim import waves

    return waves.open_viewer(options.project, options.viewer)


def _profile(options: argparse.Namespace) -> int:
    from heepstor import flow
    from heepstor.report import profile

    report, found = flow.profile(_project(options), _flow_options(options))
    print("\n" + profile.render(found, report))
    return 0 if report["passed"] else EXIT_FAILED


def _app(options: argparse.Namespace) -> int:
    from heepstor import flow

    application = flow.make_application(_project(options), _flow_options(options))
    print(f"generated C++: {application.project.gen_dir}")
    print(f"firmware:      {application.image.elf}")
    return 0


def _report(options: argparse.Namespace) -> int:
    from heepstor import flow

    for path in flow.render_report(options.project):
        print(path)
    return 0


def _gen(options: argparse.Namespace) -> int:
    from heepstor.emit import hardware

    config = _config(options)
    print(f"configuration 0x{config.hash_hex}: {hardware.write_all(config)}")
    return 0


def _mcu_gen(options: argparse.Namespace) -> int:
    from heepstor import build

    _gen(options)
    simulator = build.build_soc(_config(options), on_progress=_say)
    print(f"simulator: {simulator.path}")
    return 0


def _area(options: argparse.Namespace) -> int:
    from heepstor.build import area

    config = _config(options)
    print(area.render(config, area.array_area(config, on_progress=_say)))
    return 0


def _fpga(options: argparse.Namespace) -> int:
    from heepstor.fpga import board, project, utilisation

    config = _config(options)
    target = board.find(options.board)
    folder = options.output or project.default_folder(config, target)
    written = project.write(config, target, folder, image=options.image)
    print(f"project: {written.folder}")
    if options.utilisation:
        found = utilisation.measure(config, target, on_progress=_say)
        (written.folder / "utilisation.json").write_text(
            utilisation.to_json(found), encoding="utf-8"
        )
        print(f"\n{utilisation.render(found)}")
    elif not options.project_only:
        print(f"bitstream: {project.run_vivado(written)}")
    return 0


def _sweep(options: argparse.Namespace) -> int:
    from heepstor import flow
    from heepstor.sweep import document, results, spec
    from heepstor.sweep.cluster import Cluster
    from heepstor.sweep.write import write
    from heepstor.terminal import Terminal

    sweep = spec.load(options.file, _config(options))
    folder = options.output or flow.ROOT / "build" / "sweep" / sweep.name
    with Cluster(options.scheduler, options.processes) as cluster:
        rows = results.run(sweep, cluster, folder / "results", Terminal().on_progress)
    print("\n" + document.render(sweep, rows) + "\n")
    for path in write(sweep, rows, folder):
        print(path)
    return EXIT_FAILED if any(row.error for row in rows) else 0


def _projects(options: argparse.Namespace) -> int:
    from heepstor import project

    for name in project.names():
        print(name)
    return 0


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
    return 0 if comparison.passed else EXIT_FAILED


def _capture(options: argparse.Namespace) -> int:
    from heepstor.board.capture import capture

    captured = capture(
        options.port,
        options.baud or configuration.load().uart_baud_rate,
        options.output,
        silence_s=options.timeout,
        on_line=lambda line: _say(f"    | {line}"),
        on_event=_say,
    )
    print(captured)
    return {"result": 0, "silence": EXIT_FAILED, "interrupted": EXIT_INTERRUPTED}[captured.ended]


def _openocd(options: argparse.Namespace) -> int:
    from heepstor import debug, report, sim

    project, how = _project(options), _flow_options(options)
    if options.uart_pty:
        how = replace(how, talk=lambda folder: sim.pseudo_terminal(folder / "uart"))

    def on_ready(session: debug.Session) -> None:
        _say(f"GDB may come to port {session.gdb_port}: make gdb PROJECT={session.project}")

    if options.target != "sim":
        debug.debug_board(
            project, how, options.target, gdb_port=options.gdb_port, on_ready=on_ready
        )
    result = debug.debug_simulation(project, how, gdb_port=options.gdb_port, on_ready=on_ready)
    print("\n" + report.render(result))
    return 0 if result["passed"] else EXIT_FAILED


def _gdb(options: argparse.Namespace) -> int:
    from heepstor.debug import gdb, session

    found = session.find(options.project, options.target)
    command = gdb.command(found, options.script)
    # GDB takes the place of this program: Ctrl-C and the terminal are its own.
    os.execv(command[0], command)


def _train(options: argparse.Namespace) -> int:
    from heepstor import project, train

    result = train.train(
        project.find(options.project),
        options.data,
        epochs=options.epochs,
        seed=options.seed,
        data_name=options.data_name,
        device=options.device,
        on_progress=_say,
    )
    print(result)
    return 0


def _accuracy(options: argparse.Namespace) -> int:
    from heepstor import accuracy, project
    from heepstor.terminal import Terminal

    terminal = Terminal()
    result = accuracy.measure(
        project.find(options.project),
        options.data,
        options=_flow_options(options),
        rtl=options.rtl,
        device=options.device,
        data_name=options.data_name,
        on_progress=terminal.on_progress,
        on_message=terminal.on_message,
    )
    print(json.dumps(result, indent=2) if options.json else "\n" + accuracy.render(result))
    return EXIT_FAILED if result["rtl"] and not result["rtl"]["passed"] else 0


def _history(options: argparse.Namespace) -> int:
    from heepstor import history

    path = options.database or history.default_path()
    runs = history.read(path, must_exist=path is options.database) if path else []
    series = history.series_of(runs, project=options.project, backend=options.backend)
    if options.layer:
        series = history.narrowed(series, options.layer)
    if options.html:
        from heepstor.history import page

        options.html.parent.mkdir(parents=True, exist_ok=True)
        options.html.write_text(page.render(series, last=options.last), encoding="utf-8")
    if options.json:
        print(json.dumps([history.as_dict(one) for one in series], indent=2))
    elif options.project or options.layer:
        print(history.render(series, last=options.last))
    else:
        print(history.overview(series))
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from heepstor import doctor

    statuses = doctor.check()
    print(doctor.as_json(statuses) if options.json else doctor.render(statuses))
    return 0 if doctor.is_healthy(statuses) else EXIT_FAILED


def _project(options: argparse.Namespace) -> LoadedProject:
    from heepstor import project

    return project.find(options.project).load(batch=options.batch)


def _flow_options(options: argparse.Namespace) -> Options:
    from heepstor.flow import Options
    from heepstor.ir import Backend
    from heepstor.terminal import Terminal

    terminal = Terminal()
    return Options(
        config=_config(options),
        backend=Backend(options.backend) if options.backend else None,
        per_channel=not options.per_tensor,
        assertions=not options.no_assertions,
        profile_guided=getattr(options, "profile_guided", False),
        cycle_limit=getattr(options, "cycle_limit", None),
        watch=_watch(options),
        listener=terminal.on_event,
        console=terminal.on_console,
    )


def _watch(options: argparse.Namespace) -> Watch:
    from heepstor.sim import Watch

    return Watch(
        trace=getattr(options, "trace", None),
        waves=getattr(options, "waves", None),
        checkpoint_at=getattr(options, "checkpoint_at", None),
        resume=getattr(options, "resume", False),
    )


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
