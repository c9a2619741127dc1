"""The command in a report asks for the run that the report is of."""

from __future__ import annotations

import shlex
from dataclasses import replace

import pytest

from heepstor import cli, config, flow, project
from heepstor.cli.simulation import sim_options
from heepstor.ir import Backend
from heepstor.report import tables
from verif.unit.reports import example


def asked_for(command: str) -> flow.Options:
    """What `heepstor` does with a command."""
    program, *arguments = shlex.split(command)
    assert program == "heepstor"
    return sim_options(cli.command_line().parse_args(arguments))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"backend": Backend.DIRECT, "per_channel": False},
        {"assertions": False, "cycle_limit": 3_000},
        {"config": config.load(overrides=["systolic_array.size=16", "memory.banks=8"])},
    ],
    ids=lambda changes: " ".join(changes) or "nothing",
)
def test_the_command_asks_for_the_same_run(changes: dict[str, object]) -> None:
    wanted = replace(flow.Options(config=config.load()), **changes)  # type: ignore[arg-type]
    command = flow._reproduce(project.find("mnist-single_layer").load(), wanted)
    found = asked_for(command)
    assert replace(wanted, listener=found.listener, console=found.console) == found


def test_the_command_asks_for_the_same_batch() -> None:
    loaded = project.find("mnist-single_layer").load(batch=3)
    command = flow._reproduce(loaded, flow.Options(config=config.load()))
    assert command == "heepstor sim mnist-single_layer --batch 3"


def test_a_model_of_another_place_is_no_project() -> None:
    loaded = project.find("mnist-single_layer").load()
    elsewhere = replace(loaded, gen_dir=flow.ROOT / "build" / "x" / "gen")
    command = flow._reproduce(elsewhere, flow.Options(config=config.load(), per_channel=False))
    assert command.startswith("heepstor.compile(model, name='mnist-single_layer', input_shape=(")
    assert command.endswith("per_channel=False).simulate()")


def test_a_model_of_another_place_asks_for_the_same_batch() -> None:
    loaded = project.find("mnist-single_layer").load(batch=3)
    elsewhere = replace(loaded, gen_dir=flow.ROOT / "build" / "x" / "gen")
    command = flow._reproduce(elsewhere, flow.Options(config=config.load()))
    assert ", batch=3, " in command


def test_python_is_no_command_of_a_shell() -> None:
    report = example() | {"reproduce": "heepstor.compile(model, name='x').simulate()"}
    *_, last = tables.commands(report)
    assert last == "# in Python, with your model: heepstor.compile(model, name='x').simulate()"
