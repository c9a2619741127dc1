"""Commands on a configuration of the hardware: its sources, simulator, area and bitstream."""

from __future__ import annotations

import argparse
from pathlib import Path

from heepstor.cli.command import Command, say
from heepstor.cli.options import add_hardware, config


def _gen(options: argparse.Namespace) -> int:
    from heepstor.emit import hardware

    wanted = config(options)
    print(f"configuration 0x{wanted.hash_hex}: {hardware.write_all(wanted)}")
    return 0


GEN = Command(
    "gen", help="write what depends on heepstor_cfg.hjson", arguments=(add_hardware,), run=_gen
)


def _mcu_gen(options: argparse.Namespace) -> int:
    from heepstor import build

    _gen(options)
    simulator = build.build_soc(config(options), on_progress=say)
    print(f"simulator: {simulator.path}")
    return 0


MCU_GEN = Command(
    "mcu-gen",
    help="gen, and build the simulator of the SoC",
    arguments=(add_hardware,),
    run=_mcu_gen,
)


def _area(options: argparse.Namespace) -> int:
    from heepstor.build import area

    wanted = config(options)
    print(area.render(wanted, area.array_area(wanted, on_progress=say)))
    return 0


AREA = Command(
    "area",
    help="synthesize the array with Yosys: LUT, FF, DSP, BRAM",
    arguments=(add_hardware,),
    run=_area,
)


def _fpga_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--board",
        default="zcu104",
        metavar="NAME",
        help="one of boards/, or a description FILE.hjson (default: zcu104)",
    )
    parser.add_argument(
        "--image",
        type=Path,
        metavar="ELF",
        help="firmware that the bitstream brings along (default: none; a debugger loads it)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help="folder of the project (default: build/fpga/heepstor-BOARD-CONFIGURATION)",
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--project-only", action="store_true", help="do not run Vivado")
    what.add_argument(
        "--utilisation",
        action="store_true",
        help="instead of Vivado, let Yosys tell what it takes of the FPGA (minutes); as a table, "
        "and in utilisation.json of the project",
    )


def _fpga(options: argparse.Namespace) -> int:
    from heepstor.fpga import board, project, utilisation

    wanted = config(options)
    target = board.find(options.board)
    folder = options.output or project.default_folder(wanted, target)
    written = project.write(wanted, target, folder, image=options.image)
    print(f"project: {written.folder}")
    if options.utilisation:
        found = utilisation.measure(wanted, target, on_progress=say)
        (written.folder / "utilisation.json").write_text(
            utilisation.to_json(found), encoding="utf-8"
        )
        print(f"\n{utilisation.render(found)}")
    elif not options.project_only:
        print(f"bitstream: {project.run_vivado(written)}")
    return 0


FPGA = Command(
    "fpga",
    help="a project for Vivado, and the bitstream of it",
    description="""\
Writes a project for Vivado, checks it as far as that goes without Vivado (it elaborates, each port
has its pin, the clock can be made), and makes the bitstream. Where there is no Vivado it exits with
3 when the project is there, and says how to go on.

  heepstor fpga --board zcu104 --set clock_hz=50000000 --set uart.baud_rate=2000000
  heepstor fpga --board my_board.hjson --project-only
  heepstor fpga --board zcu104 --image "$(heepstor app cifar10 | sed -n 's/firmware: *//p')"
  heepstor fpga --board zcu104 --utilisation
""",
    arguments=(add_hardware, _fpga_arguments),
    run=_fpga,
)

COMMANDS = (GEN, MCU_GEN, AREA, FPGA)
