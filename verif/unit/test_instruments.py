"""What names a window and a layer, and how the simulator is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from heepstor import flow, sim
from heepstor.cli import main
from heepstor.errors import SimulationError
from heepstor.project import LoadedProject
from heepstor.registers import Marker

LAYERS = ["conv1+relu1", "2", "1+pool", "fc"]


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("layer:conv1+relu1", 0),
        ("layer:conv1", 0),
        ("layer:relu1", 0),
        ("layer:pool", 2),
        ("layer:fc", 3),
        ("layer:0", 0),
        ("layer:2", 2),  # an index, though a layer is called so
        ("layer:1", 1),
    ],
)
def test_a_layer_is_named_by_index_or_name_or_module(text: str, index: int) -> None:
    assert sim.layer_index(text, LAYERS) == index
    markers = (Marker.LAYER_START | index, Marker.LAYER_END | index)
    assert sim.window(text, LAYERS) == sim.Window(markers=markers)


@pytest.mark.parametrize("index", range(len(LAYERS)))
def test_what_a_report_calls_a_layer_names_that_layer(index: int) -> None:
    assert sim.layer_index(sim.layer_option(index, LAYERS[index]), LAYERS) == index


def test_a_window_of_cycles_has_both_ends() -> None:
    assert sim.window("cycles:10-12", LAYERS) == sim.Window(cycles=(10, 12))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("layer:conv9", r"there is no layer:conv9; accepted are layer:0 \(conv1\+relu1\), layer:1"),
        ("layer:", r"there is no layer:; accepted"),
        ("layer:4", r"there is no layer:4; accepted .*layer:3 \(fc\)$"),
        ("cycles:5", "'cycles:5' is no window; accepted are layer:NAME, layer:INDEX or cycles:"),
        ("conv1", "'conv1' is no window"),
        ("cycles:0-9", "cycles:0-9: cycles count from 1"),
        ("cycles:9-8", "cycles:9-8: .* the first comes first"),
    ],
)
def test_what_is_no_window_is_refused_with_what_is(text: str, message: str) -> None:
    with pytest.raises(SimulationError, match=message):
        sim.window(text, LAYERS)


def test_a_checkpoint_at_what_is_no_layer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SimulationError, match="'cycles:1-2' is no layer; accepted are layer:0"):
        sim.Watch(checkpoint_at="cycles:1-2").instruments(tmp_path, LAYERS)


def test_resuming_without_a_checkpoint_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(SimulationError, match=r"checkpoint: is missing; .*--checkpoint-at layer:0"):
        sim.Watch(resume=True).instruments(tmp_path, LAYERS)


def test_watching_nothing_takes_no_instruments(tmp_path: Path) -> None:
    nothing = sim.Watch().instruments(tmp_path, LAYERS)
    assert nothing == sim.Instruments()
    assert list(nothing.arguments()) == []
    assert not nothing.need_instrumented
    # A profile is for the simulator that everybody has.
    assert not sim.Watch(profile=True).instruments(tmp_path, LAYERS).need_instrumented


def test_the_simulator_is_told_of_all_instruments(tmp_path: Path) -> None:
    (tmp_path / "checkpoint").touch()
    watch = sim.Watch(waves="layer:2", checkpoint_at="layer:3", resume=True)
    instruments = watch.instruments(tmp_path, LAYERS)
    assert instruments.need_instrumented
    assert list(instruments.arguments()) == [
        *("--trace", str(tmp_path / "waves.fst")),
        *("--trace-markers", f"{0x1000_0002}:{0x2000_0002}"),
        *("--checkpoint", str(tmp_path / "checkpoint"), "--checkpoint-marker", f"{0x1000_0003}"),
        *("--resume", str(tmp_path / "checkpoint")),
    ]


def test_the_command_line_passes_on_what_to_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[sim.Watch] = []

    def simulate(_: LoadedProject, options: flow.Options) -> None:
        asked.append(options.watch)
        raise SimulationError("not in this test")

    monkeypatch.setattr(flow, "simulate", simulate)
    for words in (
        "--waves layer:fc0 --checkpoint-at layer:1",
        "--trace file --resume",
        "",
    ):
        assert main(["sim", "mnist-single_layer", *words.split()]) == 2
    assert asked == [
        sim.Watch(waves="layer:fc0", checkpoint_at="layer:1"),
        sim.Watch(trace=Path("file"), resume=True),
        sim.Watch(),
    ]
