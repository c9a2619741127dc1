"""Commands on this machine: which of the tools it has."""

from __future__ import annotations

import argparse

from heepstor.cli.command import Command, verdict


def _doctor_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print a list a script can read")


def _doctor(options: argparse.Namespace) -> int:
    from heepstor import doctor

    statuses = doctor.check()
    print(doctor.as_json(statuses) if options.json else doctor.render(statuses))
    return verdict(doctor.is_healthy(statuses))


DOCTOR = Command(
    "doctor",
    help="list each tool: found, version, how to get it",
    arguments=(_doctor_arguments,),
    run=_doctor,
)

COMMANDS = (DOCTOR,)
