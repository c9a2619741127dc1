"""What a run does when something is wrong with it: each case ends in words, and loses nothing."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from html import escape
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import heepstor
from heepstor import build, config, flow, report, sim
from heepstor.emit import model as model_emitter
from heepstor.errors import ProjectError, SimulationError
from heepstor.ir import Float32Array
from heepstor.registers import ExitCode


def network(name: str, **arguments: object) -> heepstor.Compiled:
    """A small network with seeded weights; milliseconds to simulate."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(12, 9), nn.ReLU(), nn.Linear(9, 4))
    return heepstor.compile(model, input_shape=(12,), name=name, **arguments)  # type: ignore[arg-type]


def heepstor_command(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "heepstor.cli", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_every_step_leaves_its_summary_and_the_report_meets_its_schema() -> None:
    compiled = network("test-steps")
    result = compiled.simulate()
    folder = flow.ROOT / "build" / "test-steps"
    names = [f"{i:02d}_{step}.json" for i, step in enumerate(flow.STEPS, start=1)]
    assert sorted(path.name for path in folder.glob("[0-9]*.json")) == names
    on_disk = json.loads((folder / "report.json").read_text())
    report.validate(on_disk)
    assert on_disk == result
    assert (folder / "report.txt").read_text() == report.render(result) + "\n"


def test_other_weights_need_no_other_simulator(monkeypatch: pytest.MonkeyPatch) -> None:
    first = network("test-weights")
    before = first.simulate()

    def refuse(self: object, *arguments: object) -> None:
        raise AssertionError("the simulator was built again")

    monkeypatch.setattr("heepstor.build.verilated._Builder.verilate", refuse)
    with torch.no_grad():
        first.project.model[0].weight.add_(1.0)  # type: ignore[operator, union-attr]
    after = first.simulate()
    assert after["passed"]
    assert before["config"]["hash"] == after["config"]["hash"]


def test_a_wrong_value_in_memory_is_found_by_firmware_and_by_report(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compiled = network("test-mismatch")
    golden_outputs = flow._golden_outputs

    def one_bit_off(*arguments: object) -> tuple[Float32Array, ...]:
        outputs = [values.copy() for values in golden_outputs(*arguments)]  # type: ignore[arg-type]
        outputs[1].view(np.uint32)[0, 2] ^= 1
        return tuple(outputs)

    monkeypatch.setattr(flow, "_golden_outputs", one_bit_off)
    result = compiled.simulate()
    assert not result["passed"]
    assert result["exit_name"] == "OUTPUT_MISMATCH"
    assert result["golden"]["mismatches"] == 1
    first = result["golden"]["first_mismatch"]
    assert (first["layer"], first["index"], first["ulps"]) == ("2", [0, 2], 1)
    assert "FAIL" in report.render(result)


def test_the_runner_refuses_an_image_for_other_hardware() -> None:
    image = network("test-foreign", overrides=["systolic_array.accumulator_rows=32"]).build()
    simulator = build.build_soc(config.load())
    with pytest.raises(SimulationError, match=r"built for the hardware 0x[0-9a-f]{8}, but"):
        sim.run(simulator, image)


@pytest.mark.parametrize("override", ["systolic_array.size=4", "memory.stack_kib=8"])
def test_the_firmware_refuses_other_hardware_at_boot(override: str) -> None:
    other = config.load(overrides=[override])
    image = network(f"test-refused-{other.hash_hex}", overrides=[override]).build()
    result = sim.run(build.build_soc(config.load()), image, allow_hash_mismatch=True)
    assert result.exit_code == ExitCode.HARDWARE_MISMATCH
    assert f"{other.hash:x}" in result.uart
    assert config.load().hash_hex.lstrip("0") in result.uart


def test_a_firmware_that_does_not_end_is_stopped_and_says_where() -> None:
    compiled = network("test-hung")
    limited = replace(compiled, options=replace(compiled.options, cycle_limit=3_000))
    result = limited.simulate()
    assert not result["passed"]
    assert result["exit_code"] is None
    assert result["sim"]["reason"] == "cycle_limit"
    stopped = result["sim"]["stopped_at"]
    assert re.fullmatch(r"0x[0-9a-f]{8}", stopped["pc"])
    assert not stopped["function"].startswith("0x")
    assert f"pc {stopped['pc']} in {stopped['function']}" in report.render(result)


def test_a_fault_in_a_network_is_told_with_its_layer_and_callers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The second operator of the generated code is broken on purpose."""
    render = model_emitter.render

    def with_a_fault(*arguments: object, **options: object) -> dict[str, str]:
        files = render(*arguments, **options)  # type: ignore[arg-type]
        source = files["model.cpp"]
        broken = source.replace("run_layer(1, [] {", 'run_layer(1, [] { asm volatile("unimp");')
        assert broken != source
        return files | {"model.cpp": broken}

    monkeypatch.setattr(model_emitter, "render", with_a_fault)
    result = network("test-fault").simulate()
    assert (result["passed"], result["exit_name"]) == (False, "TRAP")
    assert result["panic"]["cause"] == "illegal_instruction"
    found = result["fault"]
    assert found["layer"] == "2"
    # The last one at an address is the function that the others are inlined into.
    called = {frame["pc"]: frame["function"].split("(")[0] for frame in found["backtrace"]}
    assert list(called.values()) == ["heepstor::runtime::infer", "main", "_start"]
    assert any("run_layer" in frame["function"] for frame in found["backtrace"])
    place = found["backtrace"][0]
    assert place["location"].startswith("build/test-fault/gen/model.cpp:")
    told = f"fault: illegal_instruction in {place['function']} ({place['location']}), layer 2"
    assert told in report.render(result).splitlines()
    page = (flow.ROOT / "build" / "test-fault" / "report.html").read_text(encoding="utf-8")
    assert escape(told) in page


def test_a_second_run_of_a_project_is_refused_while_the_first_goes_on() -> None:
    compiled = network("test-twice")
    with (
        flow._exclusive(flow.ROOT / "build" / "test-twice"),
        pytest.raises(
            ProjectError, match=rf"another run of this project \(process {os.getpid()}\)"
        ),
    ):
        compiled.simulate()
    assert compiled.simulate()["passed"]


def test_ctrl_c_ends_a_run_and_leaves_no_report() -> None:
    folder = flow.ROOT / "build" / "bench-fmnist-medium"
    process = heepstor_command("sim", "bench-fmnist-medium", "--backend", "software")
    assert process.stderr is not None
    seen = []
    for line in process.stderr:
        seen.append(line)
        if "simulator" in line:
            break
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=60)
    assert process.returncode == 130, "".join(seen) + rest
    assert "interrupted" in rest
    assert not (folder / "report.json").exists()
    assert not list((folder / "outputs").glob("*.bin"))


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["sim", "cifar"], 2, "project 'cifar' is unknown; did you mean cifar10?"),
        (["sim", "cifar10", "--set", "memory.banks=0"], 2, "memory.banks is 0; it must be from 1"),
        (
            ["sim", "bench-fmnist-large", "--set", "memory.banks=2"],
            2,
            "45,680 more than the memory of 65,536",
        ),
        (["sim", "cifar10", "--cfg", "nowhere.hjson"], 2, "nowhere.hjson: cannot be read"),
        (["sim", "cifar10", "--backend", "magic"], 2, "invalid choice: 'magic'"),
        (["sim"], 2, "the following arguments are required: project"),
        ([], 2, "the following arguments are required: COMMAND"),
    ],
)
def test_a_mistake_on_the_command_line_is_one_sentence(
    arguments: list[str], status: int, words: str
) -> None:
    process = heepstor_command(*arguments)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == status
    assert words in errors
    assert "Traceback" not in errors
    assert output == ""


def test_an_unwritable_build_folder_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "build"
    blocked.write_text("a file where the folder should be")
    monkeypatch.setattr(flow, "ROOT", tmp_path)
    with pytest.raises(ProjectError, match=r"build.*cannot be written"):
        network("test-unwritable").simulate()
