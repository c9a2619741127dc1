"""Arguments that several commands take: each group's definition, and what is read from it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from heepstor import config as configuration
from heepstor.cli.command import positive
from heepstor.config import Config

if TYPE_CHECKING:
    from heepstor.flow import Options
    from heepstor.project import LoadedProject


def add_hardware(parser: argparse.ArgumentParser) -> None:
    """Which hardware: what `config` reads."""
    parser.add_argument(
        "--cfg",
        type=Path,
        default=configuration.DEFAULT_PATH,
        metavar="FILE",
        help="hardware description (default: heepstor_cfg.hjson)",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="overrides",
        help="override a key of it, e.g. systolic_array.size=16",
    )


def add_software(parser: argparse.ArgumentParser) -> None:
    """Which project, and how it is compiled: what `flow_options` reads, beside the hardware."""
    parser.add_argument("project", help="a folder of sw/apps; `heepstor projects` lists them")
    parser.add_argument(
        "--backend",
        choices=["software", "direct", "stream"],
        help="who computes the matrix products (default: per layer, by predicted cycles)",
    )
    parser.add_argument(
        "--per-tensor",
        action="store_true",
        help="one scale a tensor, as HEEPstor, instead of one per output channel",
    )
    parser.add_argument(
        "--no-assertions", action="store_true", help="compile the firmware's debug assertions out"
    )


def add_batch(parser: argparse.ArgumentParser) -> None:
    """How many samples: what `project` reads, beside the project's name."""
    parser.add_argument(
        "--batch",
        type=positive,
        metavar="N",
        help="samples of one inference; networks of Linear layers take more than 1",
    )


FIRMWARE = (add_hardware, add_software, add_batch)
"""The arguments of commands that build a project's firmware."""


def add_data(parser: argparse.ArgumentParser) -> None:
    """Which data set."""
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        metavar="DIR",
        help="the data set's standard files; downloaded into DIR when missing",
    )
    parser.add_argument(
        "--data-name",
        metavar="TEXT",
        help="what to call the data beside an accuracy, if not as usual",
    )


def config(options: argparse.Namespace) -> Config:
    """The hardware that was asked for.

    Raises:
        ConfigError: As of `heepstor.config.load`.
    """
    return configuration.load(options.cfg, options.overrides)


def project(options: argparse.Namespace) -> LoadedProject:
    """The project that was asked for, for batches of the size that was.

    Raises:
        ProjectError: There is none of this name, or it cannot be loaded.
    """
    from heepstor import project as projects

    return projects.find(options.project).load(batch=options.batch)


def flow_options(options: argparse.Namespace) -> Options:
    """How to build and run it, with the terminal as listener and console.

    Raises:
        ConfigError: As of `config`.
    """
    from heepstor.flow import Options
    from heepstor.ir import Backend
    from heepstor.terminal import Terminal

    terminal = Terminal()
    return Options(
        config=config(options),
        backend=Backend(options.backend) if options.backend else None,
        per_channel=not options.per_tensor,
        assertions=not options.no_assertions,
        listener=terminal.on_event,
        console=terminal.on_console,
    )
