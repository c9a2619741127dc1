"""What is found out about a point, and what it depends on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import grimp
import pytest

from heepstor import flow, frontend, plan, project
from heepstor.build import area
from heepstor.errors import DataError, SimulationError
from heepstor.ir import Backend
from heepstor.project import Project
from heepstor.sweep import stages
from heepstor.sweep.spec import Point
from verif.unit.sweep.sweeps import load

NETWORK = "mnist-single_layer"


def points(folder: Path, *hardware: str) -> list[Point]:
    lists = ", ".join(hardware)
    return list(load(folder, ("{ systolic_array: { size: [4, 8] } }", f"{{ {lists} }}")).points())


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the network, in a copy that can be changed."""
    folder = tmp_path / NETWORK
    shutil.copytree(project.APPS / NETWORK, folder, ignore=shutil.ignore_patterns("gen"))
    monkeypatch.setattr(project, "find", lambda name: Project(name, folder))
    return folder


def test_a_prediction_is_what_the_planner_says(tmp_path: Path) -> None:
    for point in points(tmp_path, "systolic_array.size: [4, 8]", "memory.stack_kib: [8, 16]"):
        config = point.config()
        loaded = project.find(NETWORK).load()
        graph = frontend.import_sequential(
            loaded.model,
            loaded.input_shape,
            append_final_softmax=loaded.append_final_softmax,
        )
        planned = plan.plan(graph, config)
        numbers = stages.predict(point, tmp_path)
        assert numbers["cycles"] == sum(layer.predicted_cycles for layer in planned.layers)
        fixed = planned.weight_bytes + planned.arena_bytes + config.stack_bytes + 32 * 1024
        assert numbers["memory_bytes"] == fixed + 144 * 4, "the input"


def test_a_backend_and_a_quantization_are_those_of_the_point(tmp_path: Path) -> None:
    (of_planner,) = points(tmp_path, "systolic_array.size: [8]")
    values = of_planner.hardware
    in_software = Point(NETWORK, "software", "per_tensor", values)
    graph = frontend.import_sequential(*network_of(NETWORK), append_final_softmax=True)
    config = in_software.config()
    planned = plan.plan(graph, config, backend=Backend.SOFTWARE, per_channel=False)
    expected = sum(layer.predicted_cycles for layer in planned.layers)
    assert stages.predict(in_software, tmp_path)["cycles"] == expected
    assert expected > stages.predict(of_planner, tmp_path)["cycles"]


def network_of(name: str) -> tuple[Any, Any]:
    loaded = project.find(name).load()
    return loaded.model, loaded.input_shape


@pytest.mark.parametrize("quantization", ["per_channel", "per_tensor"])
def test_the_accuracy_is_the_recorded_one_of_the_bit_exact_model(
    copied: Path, tmp_path: Path, quantization: str
) -> None:
    record = json.loads((copied / "training.json").read_text(encoding="utf-8"))
    record["test_accuracy"] |= {"golden_per_channel": 0.5, "golden_per_tensor": 0.25}
    (copied / "training.json").write_text(json.dumps(record), encoding="utf-8")
    (point,) = points(tmp_path, "systolic_array.size: [8]")
    numbers = stages.predict(Point(NETWORK, "planner", quantization, point.hardware), tmp_path)
    assert numbers["accuracy"] == {"per_channel": 0.5, "per_tensor": 0.25}[quantization]
    assert numbers["data"] == record["data"]["name"]


def test_without_a_record_the_accuracy_is_not_known(tmp_path: Path) -> None:
    (point,) = points(tmp_path, "systolic_array.size: [8]")
    untrained = Point("bench-fmnist-small", "planner", "per_channel", point.hardware)
    assert stages.predict(untrained, tmp_path)["accuracy"] is None


def test_a_record_without_the_accuracy_is_an_error(copied: Path, tmp_path: Path) -> None:
    record = json.loads((copied / "training.json").read_text(encoding="utf-8"))
    del record["test_accuracy"]["golden_per_channel"]
    (copied / "training.json").write_text(json.dumps(record), encoding="utf-8")
    (point,) = points(tmp_path, "systolic_array.size: [8]")
    with pytest.raises(DataError, match=r"training\.json: is incomplete.*golden_per_channel"):
        stages.predict(point, tmp_path)


def test_a_run_with_another_verdict_has_no_cycles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow, "simulate", lambda project, options: {"passed": False})
    monkeypatch.setattr(stages, "render", lambda report: "a table\nFAIL: firmware TRAP")
    (point,) = points(tmp_path, "systolic_array.size: [8]")
    with pytest.raises(SimulationError, match=r"^FAIL: firmware TRAP; .*report.txt says more$"):
        stages.simulate(point, tmp_path)


def test_an_area_is_that_of_the_array_of_the_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        area, "array_area", lambda config: area.Area(config.systolic_array_size, 2, 3, 0.5)
    )
    (point,) = points(tmp_path, "systolic_array.size: [12]")
    found = stages.measure_area(point, tmp_path)
    assert found == {"lut": 12, "ff": 2, "dsp": 3, "bram36": 0.5}


def test_a_key_changes_with_the_point_the_stage_and_the_files_of_the_project(
    copied: Path, tmp_path: Path
) -> None:
    two = points(tmp_path, "memory.banks: [8, 16]")
    keys = {stages.key(stage, point) for stage in ("predict", "simulate") for point in two}
    assert len(keys) == 4
    assert {stages.key("predict", point) for point in two} <= keys
    with (copied / "model.py").open("a", encoding="utf-8") as file:
        file.write("\n")
    assert stages.key("predict", two[0]) not in keys


def test_arrays_that_are_alike_have_one_area(tmp_path: Path) -> None:
    first, second, other = (
        stages.key("area", point)
        for point in [
            *points(tmp_path, "memory.banks: [8, 16]"),
            *points(tmp_path, "systolic_array.size: [4]"),
        ]
    )
    assert first == second != other


@pytest.mark.parametrize(
    ("stage", "modules"),
    [
        ("predict", ["heepstor.frontend", "heepstor.plan", "heepstor.project"]),
        ("area", ["heepstor.build.area"]),
        ("simulate", ["heepstor.flow", "heepstor.project"]),
    ],
)
def test_all_code_of_a_stage_is_part_of_its_keys(stage: str, modules: list[str]) -> None:
    imports = grimp.build_graph("heepstor", "golden")
    used = set(modules).union(*(imports.find_upstream_modules(m, as_package=True) for m in modules))
    sources = [flow.ROOT / source for source in stages.SOURCES[stage]]
    assert all(source.exists() for source in sources)
    for module in used:
        path = flow.ROOT / module.replace(".", "/")
        file = path if path.is_dir() else path.with_suffix(".py")
        assert any(file.is_relative_to(source) for source in sources), module
