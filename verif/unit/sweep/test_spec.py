"""A sweep file is read as strictly as the hardware's; each mistake has its message."""

from __future__ import annotations

from pathlib import Path

import pytest

from heepstor import config
from heepstor.errors import ConfigError
from heepstor.flow import ROOT
from heepstor.sweep import spec
from verif.unit.sweep.sweeps import load, write


def test_points_are_the_product_of_everything(tmp_path: Path) -> None:
    sweep = load(
        tmp_path,
        ('["planner"]', '["planner", "direct"]'),
        ('["per_channel"]', '["per_channel", "per_tensor"]'),
        ("size: [4, 8] }", "size: [4, 8] }, memory: { banks: [8, 16, 32] }"),
    )
    points = list(sweep.points())
    assert len(points) == len(set(points)) == 2 * 2 * 2 * 3
    found = {(p.backend, p.quantization, p.config().systolic_array_size) for p in points}
    assert len(found) == 8
    assert {p.config().memory_banks for p in points} == {8, 16, 32}


def test_keys_that_are_not_varied_are_those_of_the_base(tmp_path: Path) -> None:
    base = config.load(overrides=["memory.banks=32", "systolic_array.size=12"])
    first, *_ = spec.load(write(tmp_path), base).points()
    assert (first.config().memory_banks, first.config().systolic_array_size) == (32, 4)


def test_cpus_can_be_varied(tmp_path: Path) -> None:
    both = ("size: [4, 8] }", 'size: [4, 8] }, cpu: { core: ["cv32e40p", "ibex"] }')
    sweep = load(tmp_path, both)
    assert {point.config().cpu_core for point in sweep.points()} == {"cv32e40p", "ibex"}
    assert sweep.varied == ["systolic_array.size", "cpu.core"]


def test_what_is_varied_tells_points_apart(tmp_path: Path) -> None:
    sweep = load(tmp_path, ("size: [4, 8] }", "size: [4, 8], ports: [1] }"))
    assert sweep.varied == ["systolic_array.size"]


def test_a_list_names_the_points_to_simulate(tmp_path: Path) -> None:
    sweep = load(tmp_path, ('simulate: "none"', "simulate: [{ systolic_array: { size: 8 } }]"))
    named = [point.config().systolic_array_size for point in sweep.points() if sweep.names(point)]
    assert named == [8]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("projects:", "project:", "project is unknown; accepted keys: projects, backends"),
        ('area: "none"', "", "area is missing"),
        ('area: "none"', 'area: "none"\n area: "all"', "area is given twice"),
        ('["mnist-single_layer"]', '["nets"]', "projects is .'nets'.; it must be a list, nothing"),
        ('["mnist-single_layer"]', '"cifar10"', "projects is 'cifar10'; it must be a list"),
        ('["planner"]', '["gpu"]', "backends is .'gpu'.; .* of: planner, software, direct, stream"),
        ('["planner"]', "[]", r"backends is \[\]; it must be a list"),
        ('["per_channel"]', '["per_row"]', "quantizations is .*; .* of: per_channel, per_tensor"),
        ("{ systolic_array: { size: [4, 8] } }", "8", "hardware is 8; it must be an object"),
        ("size: [4, 8]", "", "systolic_array is empty"),
        ("size:", "sizes:", "hardware.systolic_array.sizes is unknown; accepted keys: systolic"),
        ("[4, 8]", "8", "hardware.systolic_array.size is 8; it must be a list of integers"),
        (
            "size: [4, 8] }",
            'size: [4, 8] }, cpu: { core: ["ibex", 2] }',
            r"hardware.cpu.core is \['ibex', 2\]; it must be a list of words, none twice",
        ),
        ("[4, 8]", "[4, 4]", r"size is \[4, 4\]; it must be a list of integers, none twice"),
        ("[4, 8]", "[4, true]", r"size is \[4, True\]; it must be a list of integers"),
        ('simulate: "none"', 'simulate: "best"', "simulate is 'best'; .*: all, pareto, none, or"),
        ('simulate: "none"', "simulate: []", r"simulate is \[\]; it must be one of"),
        ('simulate: "none"', "simulate: [{}]", r"simulate is \[\{\}\]; it must be one of"),
        (
            'simulate: "none"',
            'simulate: [{ systolic_array: { size: 12 }, backend: "planner" }]',
            r"simulate names {'systolic_array.size': 12, 'backend': 'planner'}, which is no point",
        ),
        ('simulate: "none"', "simulate: [{ size: 8 }]", "a point has project, backend, quant"),
        ('area: "none"', 'area: "pareto"', "area is 'pareto'; .*: all, simulated, none$"),
    ],
)
def test_a_mistake_is_refused_by_name(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(ConfigError, match=rf"^small\.hjson: .*{message}"):
        load(tmp_path, (old, new))


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"projects is .*; backends is .*; area is ") as caught:
        load(tmp_path, ("mnist-", "x-"), ("planner", "x"), ('area: "none"', "area: 3"))
    assert "\n" not in str(caught.value)


def test_the_documented_sweep_can_be_read() -> None:
    sweep = spec.load(ROOT / "docs" / "sweep.hjson", config.load())
    for point in sweep.points():
        point.config()
