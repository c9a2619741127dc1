"""What a run is watched with (waveforms, checkpoints, profiles), and that it does no harm."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pywellen import Waveform

from heepstor import flow, project, sim
from heepstor.build import build_soc
from heepstor.config import Config
from heepstor.errors import SimulationError
from heepstor.registers import Marker
from heepstor.sim import waves
from verif.system import bare
from verif.system.hardware import DEFAULT, PIPELINED, SMALL

# A simulator with traces and checkpoints takes long to build, and serves nothing else.
pytestmark = pytest.mark.full

NAME = "mnist-single_layer"
LAYERS = ["fc0", "softmax"]
CYCLE_PS, HALF_PS = 1000, 500


@dataclass(frozen=True)
class Run:
    """A run of the network by `flow`, and what it left behind."""

    folder: Path
    report: dict[str, Any]
    console: str
    messages: list[str]

    @property
    def facts(self) -> dict[str, Any]:
        """All of the report but what the host decides: its speed."""
        facts = {key: value for key, value in self.report.items() if key != "sim"}
        ended = {key: self.report["sim"][key] for key in ("cycles", "reason", "stopped_at")}
        return facts | {"sim": ended}

    def outputs(self) -> list[bytes]:
        return [path.read_bytes() for path in sorted((self.folder / "outputs").iterdir())]


def run(folder: Path, watch: sim.Watch) -> Run:
    console: list[str] = []
    messages: list[str] = []
    options = flow.Options(
        SMALL,
        folder=folder,
        pages=False,
        watch=watch,
        console=console.append,
        listener=lambda event: messages.append(event.message) if event.lasting else None,
    )
    report = flow.simulate(project.find(NAME).load(), options)
    return Run(folder, report, "".join(console), messages)


@pytest.fixture(scope="module")
def profiled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, sim.Profile, Path]:
    """A run on the simulator that everybody has; its profile; its image."""
    folder = tmp_path_factory.mktemp("profiled")
    options = flow.Options(SMALL, folder=folder, pages=False)
    loaded = project.find(NAME).load()
    report, profile = flow.profile(loaded, options)
    image = flow.make_application(loaded, options).image.elf
    return Run(folder, report, "", []), profile, image


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with a window of its first layer, that is saved when the second begins."""
    watch = sim.Watch(waves="layer:fc0", checkpoint_at="layer:1")
    return run(tmp_path_factory.mktemp("watched"), watch)


@pytest.fixture(scope="module")
def resumed(watched: Run) -> Run:
    """A run that goes on from there, in the same folder, with a window of the second layer."""
    for path in (watched.folder / "outputs").iterdir():
        path.unlink()
    return run(watched.folder, sim.Watch(waves="layer:softmax", resume=True))


@pytest.fixture(scope="module")
def first_window(watched: Run) -> dict[str, list[tuple[int, int]]]:
    """The waveform of `watched`: it is read before `resumed` writes another one in its place."""
    return read_waveform(watched.folder / waves.FST)


def read_waveform(path: Path, hardware: Config = SMALL) -> dict[str, list[tuple[int, int]]]:
    """(picosecond, value) of every change of the signals that matter, by their whole names."""
    wanted = {name for group in waves.groups(hardware) for name in paths(group)}
    found = {var.full_name: var for var in Waveform(str(path)).all_vars()}
    assert wanted <= set(found), sorted(wanted - set(found))
    return {name: [(time, int(value)) for time, value in found[name].tv] for name in wanted}


def paths(group: waves.Group) -> Iterator[str]:
    return (group.path(name) for name, _ in group.signals)


def by_cycle(changes: list[tuple[int, int]], cycles: range) -> list[int]:
    """A signal's value at the end of each cycle."""
    times = np.array([time for time, _ in changes])
    ends = np.array([cycle * CYCLE_PS + HALF_PS for cycle in cycles])
    return [changes[place][1] for place in np.searchsorted(times, ends, side="right") - 1]


def markers(of: Run, image: Path) -> dict[int, int]:
    """Cycle of each marker, by the simulator that no instrument is in."""
    result = sim.run(build_soc(SMALL), image)
    assert result.cycles == of.report["sim"]["cycles"]
    return {marker: cycle for cycle, marker in result.markers}


def test_nothing_that_watches_changes_a_bit_or_a_cycle(
    profiled: tuple[Run, sim.Profile, Path], watched: Run
) -> None:
    assert profiled[0].report["passed"]
    assert watched.facts == profiled[0].facts
    assert watched.report["sim"]["cycles"] == profiled[1].cycles


def test_a_window_of_a_layer_is_from_its_first_marker_to_its_last(
    profiled: tuple[Run, sim.Profile, Path],
    watched: Run,
    first_window: dict[str, list[tuple[int, int]]],
) -> None:
    at = markers(watched, profiled[2])
    first, last = at[Marker.LAYER_START], at[Marker.LAYER_END]
    soc = "TOP.sim_top.u_soc"
    clock = first_window[f"{soc}.clk_i"]
    assert clock[0] == (first * CYCLE_PS + HALF_PS, 0)
    assert clock[-2:] == [(last * CYCLE_PS, 1), (last * CYCLE_PS + HALF_PS, 0)]
    assert len(clock) == 2 * (last - first) + 1
    assert first_window[f"{soc}.marker_o"] == [
        (first * CYCLE_PS + HALF_PS, Marker.LAYER_START),
        (last * CYCLE_PS, Marker.LAYER_END),
    ]
    cycles = range(first, last + 1)
    valid = by_cycle(first_window[f"{soc}.marker_valid_o"], cycles)
    assert valid == [1, *[0] * (last - first - 1), 1]


def test_a_window_shows_what_the_counters_of_its_layer_counted(
    profiled: tuple[Run, sim.Profile, Path],
    watched: Run,
    first_window: dict[str, list[tuple[int, int]]],
) -> None:
    at = markers(watched, profiled[2])
    cycles = range(at[Marker.LAYER_START], at[Marker.LAYER_END] + 1)
    stream = "TOP.sim_top.u_soc.u_systolic_array.u_stream"

    def high(name: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
        return np.array(by_cycle(first_window[f"{stream}.{name}"], cycles)) == 1

    counted = watched.report["layers"][0]["stream"]
    runs, issued = high("job_running"), high("issued")
    assert counted["compute"] == np.count_nonzero(runs & issued)
    waits = runs & ~issued & high("wait_activations") & ~high("wait_write_back")
    assert counted["wait_activations"] == np.count_nonzero(waits)
    beats = sum(
        int(np.count_nonzero(high(f"{port}.obi_req_o") & high(f"{port}.obi_gnt_i")))
        for port in ("gen_port[0].u_port", "gen_port[1].u_port")
    )
    assert counted["words_read"] + counted["words_written"] == beats


def test_a_window_shows_the_functions_that_the_profile_names(
    profiled: tuple[Run, sim.Profile, Path],
    first_window: dict[str, list[tuple[int, int]]],
) -> None:
    _, profile, image = profiled
    layer = profile.part("layer fc0")
    named = {function.name for function in layer.functions() if function.own.cycles}
    spans = [span for span in sim.functions(image) if span.name in named]
    pcs = {value for _, value in first_window[waves.program_counter(SMALL)]}
    inside = {pc for pc in pcs if any(0 <= pc - span.address < span.size for span in spans)}
    assert len(inside) > 20
    # What is decoded and never executed lies behind a jump.
    assert len(pcs - inside) <= 2


def test_a_window_of_cycles_has_these_cycles(tmp_path: Path) -> None:
    simulator = build_soc(SMALL, instrumented=True)
    trace = tmp_path / "trace.fst"
    window = sim.Instruments(trace=trace, window=sim.window("cycles:1000-1200", []))
    image = bare.image("boot", SMALL)
    watched, plain = sim.run(simulator, image, instruments=window), sim.run(simulator, image)
    assert (watched.cycles, watched.uart) == (plain.cycles, plain.uart)
    clock = read_waveform(trace)["TOP.sim_top.u_soc.clk_i"]
    assert clock[0] == (1_000_000, 1)
    assert clock[-1] == (1_200_500, 0)
    assert len(clock) == 2 * 201


def test_a_window_that_a_run_is_never_in_is_told_of(tmp_path: Path) -> None:
    found = run(tmp_path, sim.Watch(waves="cycles:900000000-900000001"))
    assert found.messages == ["waves: none: this run was never in cycles:900000000-900000001"]
    assert not (tmp_path / waves.FST).exists()


def test_a_resumed_run_is_the_uninterrupted_one(watched: Run, resumed: Run) -> None:
    assert resumed.facts == watched.facts
    assert resumed.console == watched.console
    assert "@layer index=0" in resumed.console
    golden = resumed.report["golden"]
    assert (golden["mismatches"], golden["layers"]) == (0, len(LAYERS))
    assert len(resumed.outputs()) == len(LAYERS)


def test_a_resumed_run_has_the_markers_of_the_whole_run(
    profiled: tuple[Run, sim.Profile, Path], watched: Run
) -> None:
    image = profiled[2]
    simulator = build_soc(SMALL, instrumented=True)
    whole = sim.run(build_soc(SMALL), image)
    again = sim.Instruments(resume=watched.folder / sim.CHECKPOINT)
    resumed = sim.run(simulator, image, instruments=again)
    for fact in ("exit_code", "reason", "cycles", "uart", "uart_framing_errors", "markers", "pc"):
        assert getattr(resumed, fact) == getattr(whole, fact), fact


def test_the_window_of_a_resumed_run_begins_at_the_checkpoint(
    profiled: tuple[Run, sim.Profile, Path], resumed: Run
) -> None:
    at = markers(resumed, profiled[2])
    found = read_waveform(resumed.folder / waves.FST)
    changes = found["TOP.sim_top.u_soc.marker_o"]
    assert changes == [
        (at[Marker.LAYER_START | 1] * CYCLE_PS + HALF_PS, Marker.LAYER_START | 1),
        (at[Marker.LAYER_END | 1] * CYCLE_PS, Marker.LAYER_END | 1),
    ]


def test_another_cpu_is_watched_as_well(tmp_path: Path) -> None:
    simulator, image = build_soc(PIPELINED, instrumented=True), bare.image("dump", PIPELINED)
    checkpoint = sim.Checkpoint(tmp_path / "checkpoint", 0x2000_0000)
    window = sim.window("cycles:10-40", [])
    trace = tmp_path / "trace.fst"
    saved = sim.Instruments(trace=trace, window=window, checkpoint=checkpoint)
    whole = sim.run(simulator, image, instruments=saved)
    pcs = read_waveform(trace, PIPELINED)[waves.program_counter(PIPELINED)]
    assert len(pcs) > 5
    resumed = sim.run(simulator, image, instruments=sim.Instruments(resume=checkpoint.path))
    assert whole.markers[0][1] == checkpoint.marker
    for fact in ("exit_code", "reason", "cycles", "uart", "markers", "pc"):
        assert getattr(resumed, fact) == getattr(whole, fact), fact


DAMAGE = {
    "truncated": (lambda data: data[:-1], r"truncated: (\d+) of (?!\1)\d+ bytes"),
    "empty": (lambda data: b"", "not a checkpoint"),
    "corrupted": (lambda data: flipped(data, len(data) // 2), "corrupted"),
    "older": (
        lambda data: data[:8] + struct.pack("<Q", 0) + data[16:],
        "of version 0;.*reads version 1",
    ),
    "other hardware": (lambda data: with_word(data, 32, 1), "of the hardware 0x00000001"),
    "other simulator": (lambda data: with_word(data, 40, 1), "of another simulator"),
    "other image": (lambda data: with_word(data, 48, 1), "of another image"),
}
"""Name to what is done to a checkpoint, and what is said of it."""


def flipped(data: bytes, position: int) -> bytes:
    return data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]


def with_word(data: bytes, position: int, value: int) -> bytes:
    """Another word of 64 bits in the content, which starts at 32, with the right digest."""
    content = data[32:position] + struct.pack("<Q", value) + data[position + 8 :]
    digest = 14695981039346656037
    for byte in content:
        digest = (digest ^ byte) * 1099511628211 & 0xFFFF_FFFF_FFFF_FFFF
    return data[:24] + struct.pack("<Q", digest) + content


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_checkpoint_that_is_not_whole_or_of_something_else_is_refused_by_name(
    damage: str, profiled: tuple[Run, sim.Profile, Path], watched: Run, tmp_path: Path
) -> None:
    change, message = DAMAGE[damage]
    checkpoint = tmp_path / "damaged"
    data = change((watched.folder / sim.CHECKPOINT).read_bytes())
    checkpoint.write_bytes(data)
    simulator = build_soc(SMALL, instrumented=True)
    instruments = sim.Instruments(resume=checkpoint)
    with pytest.raises(SimulationError, match=f"damaged: .*{message}"):
        sim.run(simulator, profiled[2], instruments=instruments)
    assert checkpoint.read_bytes() == data


def test_a_checkpoint_without_a_dump_of_its_past_is_refused(
    profiled: tuple[Run, sim.Profile, Path], watched: Run, tmp_path: Path
) -> None:
    dump = sim.Dump(Marker.LAYER_END, 0x1000, 8, tmp_path / "dump")
    instruments = sim.Instruments(resume=watched.folder / sim.CHECKPOINT)
    with pytest.raises(SimulationError, match="after marker 0x20000000, without what is to be"):
        sim.run(
            build_soc(SMALL, instrumented=True),
            profiled[2],
            dumps=[dump],
            instruments=instruments,
        )


def test_a_checkpoint_that_cannot_be_written_ends_the_run(tmp_path: Path) -> None:
    place = sim.Checkpoint(tmp_path / "missing" / "file", 0x2000_0000)
    with pytest.raises(SimulationError, match="file: the checkpoint cannot be written"):
        sim.run(
            build_soc(SMALL, instrumented=True),
            bare.image("dump", SMALL),
            instruments=sim.Instruments(checkpoint=place),
        )


def test_a_checkpoint_is_refused_by_a_simulator_that_was_not_built_for_it(tmp_path: Path) -> None:
    instruments = sim.Instruments(resume=tmp_path / "checkpoint")
    with pytest.raises(SimulationError, match="no traces and no checkpoints"):
        sim.run(build_soc(SMALL), bare.image("boot", SMALL), instruments=instruments)


def test_a_resumed_run_has_no_profile(tmp_path: Path) -> None:
    instruments = sim.Instruments(resume=tmp_path / "checkpoint", profile=tmp_path / "profile")
    simulator = build_soc(SMALL, instrumented=True)
    with pytest.raises(SimulationError, match="needs the calls from reset on"):
        sim.run(simulator, bare.image("boot", SMALL), instruments=instruments)


def test_every_cycle_of_a_run_is_in_its_profile_once(
    profiled: tuple[Run, sim.Profile, Path],
) -> None:
    found, profile, image = profiled
    assert profile.cycles == found.report["sim"]["cycles"]
    assert sum(function.own.cycles for function in profile.functions()) == profile.cycles
    outermost = next(function for function in profile.functions() if function.name == "_start")
    assert outermost.inclusive.cycles == profile.cycles
    at = markers(found, image)
    parts = profile.parts()
    for index, name in enumerate(LAYERS):
        length = at[Marker.LAYER_END | index] - at[Marker.LAYER_START | index]
        assert parts[f"layer {name}"].cycles == length
    assert parts["before the inference"].cycles == at[Marker.INFERENCE_START]
    assert parts["after the inference"].cycles == profile.cycles - at[Marker.INFERENCE_END]


def test_the_profile_of_a_layer_is_what_it_counted_and_what_lies_between_marker_and_timer(
    profiled: tuple[Run, sim.Profile, Path],
) -> None:
    found, profile, _ = profiled
    for row in found.report["layers"]:
        layer = profile.part(f"layer {row['name']}")
        helpers = sum(
            cost.cycles
            for stack, cost in layer.stacks.items()
            if stack[-1].partition("(")[0].rpartition("::")[2]
            in ("begin_layer", "cycles", "end_layer")
        )
        assert 30 <= helpers <= 60
        # Both readings of the timer are among the helpers; a few instructions of infer(), with
        # their jumps, are not between them.
        outside = layer.cycles - row["cycles"]
        assert abs(outside - helpers) <= 32, (outside, helpers)
    asleep = profile.parts()["layer fc0"].asleep
    stream = found.report["layers"][0]["stream"]["stream_cycles"]
    assert 0 <= asleep - stream <= 40, (asleep, stream)


@pytest.mark.parametrize("hardware", [DEFAULT, SMALL], ids=lambda config: config.cpu_core)
def test_a_profile_follows_tail_calls_recursion_and_interrupts(
    hardware: Config, tmp_path: Path
) -> None:
    image = bare.image("calls", hardware)
    instruments = sim.Instruments(profile=tmp_path / "calls.json")
    result = sim.run(build_soc(hardware), image, instruments=instruments)
    assert result.exit_code == 0
    profile = sim.read_profile(tmp_path / "calls.json", image, ["one"])
    assert profile.cycles == result.cycles
    # The start of a bare program, and its table of vectors, have no functions.
    stacks = {
        (part, *(name for name in stack if not name.startswith("0x")))
        for part, *stack in profile.stacks
    }
    before, layer, between = "before the inference", "layer one", "between layers"
    assert stacks == {
        (before,),
        (before, "main"),
        (before, "main", "leaf"),  # also where tail_caller() has left it
        (before, "main", "tail_caller"),
        (before, "main", "recursive"),
        (before, "main", "recursive", "recursive"),
        (before, "main", "recursive", "recursive", "recursive"),
        (before, "main", "recursive", "recursive", "leaf"),  # a tail call of the innermost
        (layer, "main"),
        (layer, "main", "interrupted_one"),
        (layer, "main", "interrupted_one", "on_trap"),
        (layer, "main", "interrupted_one", "on_trap", "leaf"),
        (between,),
        (between, "main"),
        (between, "main", "leaf"),
        (between, "leave"),
    }


def test_the_files_of_a_profile_say_the_same(profiled: tuple[Run, sim.Profile, Path]) -> None:
    found, profile, _ = profiled
    folded = (found.folder / "profile.folded").read_text(encoding="utf-8").splitlines()
    assert sum(int(line.rpartition(" ")[2]) for line in folded) == profile.cycles
    assert sum(line.startswith("layer fc0;") for line in folded) > 3
    page = (found.folder / "profile.html").read_text(encoding="utf-8")
    text = (found.folder / "profile.txt").read_text(encoding="utf-8")
    for shown in (page, text):
        assert f"{profile.cycles:,}" in shown
        assert "heepstor::runtime::infer()" in shown
    assert "<script" not in page
    assert json.loads((found.folder / "report.json").read_text(encoding="utf-8"))["passed"]
