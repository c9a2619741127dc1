"""Which points are predicted, simulated and measured, and what becomes of those that fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from heepstor.errors import BuildError, PlanError, SweepError
from heepstor.sweep import results, stages, work
from heepstor.sweep.cluster import Batch
from heepstor.sweep.results import Row
from heepstor.sweep.spec import Point
from heepstor.sweep.stages import Numbers
from heepstor.sweep.work import Outcome, Task
from verif.unit.sweep.sweeps import Here, load

SIZES = ("size: [4, 8]", "size: [4, 8, 12]")

Stage = Callable[[Point, Path], Numbers]
Done = Iterator[tuple[Batch, list[Outcome]]]


def size(point: Point) -> int:
    return point.config().systolic_array_size


@pytest.fixture(autouse=True)
def simple_stages(monkeypatch: pytest.MonkeyPatch) -> dict[str, Stage]:
    """Stages that take no time: a larger array is faster up to 8."""

    def predict(point: Point, folder: Path) -> Numbers:
        cycles = max(100 - size(point), 92)
        return {"cycles": cycles, "accuracy": None, "data": None}

    simple: dict[str, Stage] = {
        "predict": predict,
        "area": lambda point, folder: {"lut": size(point), "ff": 0, "dsp": 0, "bram36": 0.0},
        "simulate": lambda point, folder: {"cycles": 1, "memory_bytes": 2, "run": folder.name},
    }
    monkeypatch.setattr(stages, "STAGES", simple)
    return simple


def sizes(rows: list[Row], outcome: str) -> set[int]:
    """Sizes of the points that have the outcome."""
    return {size(row.point) for row in rows if getattr(row, outcome) is not None}


def test_all_points_are_predicted_and_the_beaten_one_is_not_on_the_front(tmp_path: Path) -> None:
    rows = results.run(load(tmp_path, SIZES), Here(), tmp_path)
    assert {size(row.point): row.number("predicted", "cycles") for row in rows} == {
        4: 96,
        8: 92,
        12: 92,
    }
    assert {size(row.point) for row in rows if row.on_front} == {4, 8}
    assert sizes(rows, "simulated") == sizes(rows, "area") == set()


@pytest.mark.parametrize(
    ("simulate", "simulated"),
    [
        ('"none"', set()),
        ('"all"', {4, 8, 12}),
        ('"pareto"', {4, 8}),
        ("[{ systolic_array.size: 12 }]", {12}),
    ],
)
@pytest.mark.parametrize("area", ["none", "simulated", "all"])
def test_the_points_asked_for_are_simulated_and_measured(
    tmp_path: Path, simulate: str, simulated: set[int], area: str
) -> None:
    changes = (
        SIZES,
        ('simulate: "none"', f"simulate: {simulate}"),
        ("area: ", f'area: "{area}" # '),
    )
    rows = results.run(load(tmp_path, *changes), Here(), tmp_path)
    assert sizes(rows, "simulated") == simulated
    assert sizes(rows, "area") == {"none": set(), "simulated": simulated, "all": {4, 8, 12}}[area]


def test_with_all_areas_the_front_is_of_them(
    tmp_path: Path, simple_stages: dict[str, Stage]
) -> None:
    simple_stages["area"] = lambda point, folder: {
        "lut": 100 - size(point),
        "ff": 0,
        "dsp": 0,
        "bram36": 0.0,
    }
    rows = results.run(load(tmp_path, SIZES, ('area: "none"', 'area: "all"')), Here(), tmp_path)
    assert {size(row.point) for row in rows if row.on_front} == {12}


def test_networks_for_one_data_set_are_compared_and_others_are_not(
    tmp_path: Path, simple_stages: dict[str, Stage]
) -> None:
    accuracies = {"mnist-single_layer": 0.8, "mnist-multi_layer": 0.9}
    predict = simple_stages["predict"]
    simple_stages["predict"] = lambda point, folder: (
        predict(point, folder)
        | {
            "accuracy": accuracies.get(point.project),
            "data": "MNIST" if point.project in accuracies else None,
        }
    )
    networks = '["mnist-single_layer", "mnist-multi_layer", "cifar10"]'
    rows = results.run(
        load(tmp_path, ('["mnist-single_layer"]', networks), ("[4, 8]", "[8]")), Here(), tmp_path
    )
    assert {row.point.project for row in rows if row.on_front} == {"mnist-multi_layer", "cifar10"}
    assert {row.task for row in rows} == {"MNIST", "cifar10"}


def test_a_point_that_fails_is_a_row_and_the_others_go_on(
    tmp_path: Path, simple_stages: dict[str, Stage]
) -> None:
    def fails(at: int, error: Exception, stage: Stage) -> Stage:
        def run(point: Point, folder: Path) -> Numbers:
            if size(point) == at:
                raise error
            return stage(point, folder)

        return run

    simple_stages["predict"] = fails(4, PlanError("too large"), simple_stages["predict"])
    simple_stages["simulate"] = fails(8, BuildError("no compiler"), simple_stages["simulate"])
    simple_stages["area"] = fails(12, BuildError("Yosys failed"), simple_stages["area"])
    changes = (
        ("size: [4, 8]", "size: [4, 8, 10, 12, 16]"),
        ('simulate: "none"', 'simulate: "all"'),
        ('area: "none"', 'area: "simulated"'),
    )
    here = Here()
    rows = results.run(load(tmp_path, *changes), here, tmp_path)
    tasks = [task for batch in here.batches for task in batch]
    assert {size(task.point) for task in tasks if task.stage == "simulate"} == {8, 12, 16}
    assert {size(task.point) for task in tasks if task.stage == "area"} == {12, 16}
    errors = {dict(row.point.hardware)["systolic_array.size"]: row.error for row in rows}
    assert errors.pop(10) == (
        "predict: hardware: systolic_array.size is 10; it must be a multiple of 4 from 4 to 32"
    )
    assert errors == {
        4: "predict: too large",
        8: "simulate: no compiler",
        12: "area: Yosys failed",
        16: None,
    }
    assert rows[-1].number("area", "lut") == 16


def test_what_was_found_out_is_not_asked_for_again_and_failures_are(
    tmp_path: Path, simple_stages: dict[str, Stage]
) -> None:
    predict = simple_stages["predict"]

    def refuse(point: Point, folder: Path) -> Numbers:
        raise PlanError("too large")

    simple_stages["predict"] = lambda p, f: (refuse if size(p) == 4 else predict)(p, f)
    results.run(load(tmp_path, SIZES), Here(), tmp_path)
    simple_stages["predict"] = predict
    again = Here()
    rows = results.run(load(tmp_path, SIZES), again, tmp_path)
    assert [size(task.point) for batch in again.batches for task in batch] == [4]
    assert not any(row.error for row in rows)


def test_arrays_that_are_alike_are_measured_once(tmp_path: Path) -> None:
    here = Here()
    changes = (
        ("size: [4, 8] }", "size: [4] }, memory: { banks: [8, 16] }"),
        ('area: "none"', 'area: "all"'),
    )
    rows = results.run(load(tmp_path, *changes), here, tmp_path)
    assert [task.stage for batch in here.batches for task in batch].count("area") == 1
    assert [row.number("area", "lut") for row in rows] == [4, 4]


def test_a_result_of_a_worker_elsewhere_is_kept_here(tmp_path: Path) -> None:
    class Elsewhere(Here):
        def run(self, batches: Sequence[Batch], folder: str) -> Done:
            return super().run(batches, str(tmp_path / "there"))

    results.run(load(tmp_path), Elsewhere(), tmp_path / "here")
    names = {path.name for path in (tmp_path / "there").glob("*.json")}
    assert names == {path.name for path in (tmp_path / "here").glob("*.json")} != set()
    again = Here()
    results.run(load(tmp_path), again, tmp_path / "here")
    assert again.batches == []


def test_a_result_that_a_lost_worker_kept_counts(tmp_path: Path) -> None:
    class Lossy(Here):
        def run(self, batches: Sequence[Batch], folder: str) -> Done:
            for batch, outcomes in super().run(batches, folder):
                yield batch, [Outcome(error="its worker was lost")] * len(outcomes)

    rows = results.run(load(tmp_path), Lossy(), tmp_path)
    assert not any(row.error for row in rows)


def test_predictions_that_share_their_jobs_are_handed_out_together(tmp_path: Path) -> None:
    here = Here()
    change = ("size: [4, 8] }", "size: [4, 8], activation_words: [1024, 4096] }")
    results.run(load(tmp_path, change, ('simulate: "none"', 'simulate: "all"')), here, tmp_path)
    found = [[size(task.point) for task in batch] for batch in here.batches]
    assert found == [[4, 4], [8, 8], [4], [4], [8], [8]]


def test_a_worker_with_other_files_is_refused(tmp_path: Path) -> None:
    (point, _) = load(tmp_path).points()
    with pytest.raises(SweepError, match="other sources or tools, or another project mnist"):
        work.run([Task("predict-of-another-checkout", "predict", point)], str(tmp_path))


def test_a_result_tells_who_computed_it(tmp_path: Path) -> None:
    (point, _) = load(tmp_path).points()
    key = stages.key("predict", point)
    (outcome,) = work.run([Task(key, "predict", point)], str(tmp_path))
    kept = results.Store(tmp_path).get(key)
    assert kept is not None
    assert kept["numbers"] == outcome.numbers
    assert kept["worker"].count(":") == 1


def test_progress_says_how_many_are_done(tmp_path: Path) -> None:
    said: list[str] = []
    results.run(load(tmp_path), Here(), tmp_path, said.append)
    assert said == [f"predict: {done} of 2, workers: 1" for done in (0, 1, 2)]


def test_a_fault_of_ours_is_one_of_its_point_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(point: Point, folder: Path) -> Numbers:
        raise AssertionError("no cells")

    monkeypatch.setattr(stages, "STAGES", {"predict": broken})
    (point, _) = load(tmp_path).points()
    [outcome] = work.run([Task(stages.key("predict", point), "predict", point)], str(tmp_path))
    assert outcome.error == "internal error: AssertionError('no cells')"
