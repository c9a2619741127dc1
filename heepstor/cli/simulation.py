"""Commands on one project and the simulated SoC: build, run, look at the run."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from heepstor.cli.command import Command, positive, verdict
from heepstor.cli.options import FIRMWARE, flow_options, project

if TYPE_CHECKING:
    from heepstor.flow import Options


def _sim_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--cycle-limit",
        type=positive,
        metavar="N",
        help="end the simulation after N cycles (default: 20 times the prediction)",
    )
    _watch_arguments(parser)
    parser.add_argument(
        "--profile-guided",
        action="store_true",
        help="use a simulator built with profile-guided optimisation",
    )
    parser.add_argument(
        "--json", action="store_true", help="print report.json instead of the table"
    )


def _watch_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("to look closer (slower; takes a simulator of its own)")
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


def sim_options(options: argparse.Namespace) -> Options:
    """How `heepstor sim` runs a project.

    Raises:
        ConfigError: As of `flow_options`.
    """
    from heepstor.sim import Watch

    return replace(
        flow_options(options),
        cycle_limit=options.cycle_limit,
        profile_guided=options.profile_guided,
        watch=Watch(
            trace=options.trace,
            waves=options.waves,
            checkpoint_at=options.checkpoint_at,
            resume=options.resume,
        ),
    )


def _sim(options: argparse.Namespace) -> int:
    from heepstor import flow, report

    result = flow.simulate(project(options), sim_options(options))
    print(json.dumps(result, indent=2) if options.json else "\n" + report.render(result))
    return verdict(result["passed"])


SIM = Command(
    "sim",
    help="run a project on the simulated SoC and judge it",
    arguments=(*FIRMWARE, _sim_arguments),
    run=_sim,
)


def _run_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--uart-pty",
        action="store_true",
        help="make a pseudo-terminal the console instead, build/PROJECT/uart",
    )
    parser.add_argument(
        "--cycle-limit",
        type=positive,
        metavar="N",
        help="end the simulation after N cycles (default: 2,000,000,000, half an hour of waiting)",
    )


def _run(options: argparse.Namespace) -> int:
    from heepstor import flow, report, sim

    how = replace(flow_options(options), cycle_limit=options.cycle_limit)
    if options.uart_pty:
        how = replace(how, talk=lambda folder: sim.pseudo_terminal(folder / "uart"))
    else:
        how = replace(how, talk=lambda _: sim.standard(), console=lambda _: None)
    result = flow.simulate(project(options), how)
    print("\n" + report.render(result))
    return verdict(result["passed"])


RUN = Command(
    "run",
    help="run a project with the firmware's console in the terminal",
    description="""\
As `heepstor sim`, with the firmware's UART in the terminal: after each inference the firmware asks
whether to run again; q or Ctrl-D ends it, and the last inference is judged. Input from a pipe is
typed, too, and its end is Ctrl-D.

  heepstor run cifar10
  heepstor run cifar10 --uart-pty       then, in another terminal: heepstor picocom cifar10
""",
    arguments=(*FIRMWARE, _run_arguments),
    run=_run,
)


def _waves_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("project", help="a project that was simulated with --waves")
    parser.add_argument(
        "--viewer",
        choices=["gtkwave", "surfer"],
        help="(default: the first of them that is installed)",
    )


def _waves(options: argparse.Namespace) -> int:
    from heepstor.sim import waves

    return waves.open_viewer(options.project, options.viewer)


WAVES = Command(
    "waves",
    help="open the last waveform of a project in a viewer",
    description="Opens what `heepstor sim PROJECT --waves WINDOW` has written, with the "
    "signals that matter in groups.",
    arguments=(_waves_arguments,),
    run=_waves,
)


def _profile(options: argparse.Namespace) -> int:
    from heepstor import flow
    from heepstor.report import profile

    report, found = flow.profile(project(options), flow_options(options))
    print("\n" + profile.render(found, report))
    return verdict(report["passed"])


PROFILE = Command(
    "profile",
    help="run a project and tell in which functions its cycles went",
    description="As `heepstor sim`; then cycles by function, as a table, as flame graphs "
    "(profile.html) and as folded stacks (profile.folded), all in build/PROJECT.",
    arguments=FIRMWARE,
    run=_profile,
)


def _app(options: argparse.Namespace) -> int:
    from heepstor import flow

    application = flow.make_application(project(options), flow_options(options))
    print(f"generated C++: {application.project.gen_dir}")
    print(f"firmware:      {application.image.elf}")
    return 0


APP = Command("app", help="generate the C++ and build the firmware", arguments=FIRMWARE, run=_app)


def _report_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("project", help="a project that was simulated")


def _report(options: argparse.Namespace) -> int:
    from heepstor import flow

    for path in flow.render_report(options.project):
        print(path)
    return 0


REPORT = Command(
    "report",
    help="write text, Markdown and page of a project's last run anew",
    description="Writes report.txt, report.md and report.html from report.json, all in "
    "build/PROJECT, as `heepstor sim` does, and prints where they are.",
    arguments=(_report_arguments,),
    run=_report,
)

COMMANDS = (SIM, RUN, WAVES, PROFILE, APP, REPORT)
