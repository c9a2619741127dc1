"""Commands on many projects: sweep over them, list them."""

from __future__ import annotations

import argparse
from pathlib import Path

from heepstor.cli.command import Command, positive, verdict
from heepstor.cli.options import add_hardware, config


def _sweep_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="what to combine (hjson, above)")
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="Dask scheduler whose workers compute: tcp://HOST:PORT",
    )
    where.add_argument(
        "--processes", type=positive, metavar="N", help="of this machine (default: one a core)"
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help="folder of results, table and page (default: build/sweep/<name of FILE>)",
    )


def _sweep(options: argparse.Namespace) -> int:
    from heepstor import flow
    from heepstor.sweep import document, results, spec
    from heepstor.sweep.cluster import Cluster
    from heepstor.sweep.write import write
    from heepstor.terminal import Terminal

    sweep = spec.load(options.file, config(options))
    folder = options.output or flow.ROOT / "build" / "sweep" / sweep.name
    with Cluster(options.scheduler, options.processes) as cluster:
        rows = results.run(sweep, cluster, folder / "results", Terminal().on_progress)
    print("\n" + document.render(sweep, rows) + "\n")
    for path in write(sweep, rows, folder):
        print(path)
    return verdict(not any(row.error for row in rows))


SWEEP = Command(
    "sweep",
    help="many configurations and projects: predicted, the best simulated",
    description="""\
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
""",
    arguments=(add_hardware, _sweep_arguments),
    run=_sweep,
)


def _projects(options: argparse.Namespace) -> int:
    from heepstor import project

    for name in project.names():
        print(name)
    return 0


PROJECTS = Command("projects", help="list the projects", run=_projects)

COMMANDS = (SWEEP, PROJECTS)
