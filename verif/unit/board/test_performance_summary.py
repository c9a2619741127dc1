"""Logs of HEEPstor's own application: times, another naming, no identity."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from heepstor.board.compare import Comparison
from heepstor.board.files import compare_files
from heepstor.board.text import render
from heepstor.errors import LogError
from verif.unit.board import samples

CIFAR10 = samples.LOGS / "heepstor_cifar10-conv2d.txt"
MNIST = samples.LOGS / "heepstor_mnist-single_layer.txt"
SOFTWARE = samples.LOGS / "heepstor_fmnist-conv2d_software.txt"

CLOCK_HZ = 100_000_000

CIFAR10_LAYERS = {
    "conv1+batchnorm1+relu1": 3_533_900 + 93_100 + 77_500,
    "conv2+batchnorm2+relu2+pool2": 7_586_600 + 115_400 + 96_000 + 110_400,
    "conv3+batchnorm3+relu3": 1_067_900 + 3_300 + 3_300,
    "fc1": 197_900,
    "softmax": 1_100,
}
"""Our layers, with what the log says of their modules at 100 MHz."""


def report(project: str, layers: dict[str, int], images: int = 1, **changes: Any) -> dict[str, Any]:
    rows = [samples.layer(name, cycles, **changes) for name, cycles in layers.items()]
    rows[0]["input_shape"] = [images, 144]
    return samples.report(project, rows)


def compare(
    folder: Path, log: Path, of: dict[str, Any], clock_hz: int | None = CLOCK_HZ, **options: Any
) -> Comparison:
    path = samples.written(folder, of)
    return compare_files(of["project"], log, report_file=path, clock_hz=clock_hz, **options)


def altered(folder: Path, log: Path, old: str, new: str) -> Path:
    text = log.read_text(encoding="utf-8")
    assert old in text
    path = folder / "log.txt"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


def test_times_of_modules_become_cycles_of_our_layers(tmp_path: Path) -> None:
    found = compare(tmp_path, CIFAR10, report("cifar10", CIFAR10_LAYERS))
    assert {row.name: row.logged.cycles for row in found.rows if row.logged} == CIFAR10_LAYERS
    assert found.passed
    assert [fact.agrees for fact in found.facts] == [True, True]


def test_what_is_free_here_is_a_note_and_no_fault(tmp_path: Path) -> None:
    found = compare(tmp_path, CIFAR10, report("cifar10", CIFAR10_LAYERS))
    assert found.notes == (
        "this format names neither configuration nor RTL nor image, so they are not compared",
        "flatten (Flatten) takes 3,000 cycles in the log; "
        "here it is part of no layer and costs nothing",
    )


def test_a_time_is_only_as_exact_as_it_was_printed(tmp_path: Path) -> None:
    """The timer counts whole microseconds: 100 cycles for each of a layer's modules."""
    for off, passed in ((100, True), (101, False)):
        layers = CIFAR10_LAYERS | {"fc1": CIFAR10_LAYERS["fc1"] + off}
        found = compare(tmp_path, CIFAR10, report("cifar10", layers))
        assert found.passed is passed
    assert "±400" in render(found)


def test_a_time_of_seconds_is_as_exact_as_its_last_digit(tmp_path: Path) -> None:
    log = altered(tmp_path, CIFAR10, "1.9790e-3 s", "1.2345e0 s")
    log = altered(tmp_path, log, "128.9000e-3 s", "2.0000e0 s")
    layers = CIFAR10_LAYERS | {"fc1": 123_450_000 + 10_000}
    found = compare(tmp_path, log, report("cifar10", layers))
    assert [row.within for row in found.rows] == [True] * 5


@pytest.mark.parametrize("text", ["1979 us", "1.979 ms", "1979000 ns", "0.001979 s"])
def test_a_time_may_be_in_any_unit(tmp_path: Path, text: str) -> None:
    log = altered(tmp_path, CIFAR10, "1.9790e-3 s", text)
    assert compare(tmp_path, log, report("cifar10", CIFAR10_LAYERS)).passed


def test_a_batch_is_read_off_the_results(tmp_path: Path) -> None:
    layers = {"fc0": 133_100, "softmax": 5_000}
    assert compare(tmp_path, MNIST, report("mnist-single_layer", layers, images=5)).passed
    with pytest.raises(LogError, match="images at once: 1 in the report, 5 in the log"):
        compare(tmp_path, MNIST, report("mnist-single_layer", layers))


def test_software_operators_are_another_run_than_the_array(tmp_path: Path) -> None:
    layers = {"conv1+relu1": 675_100, "conv2+relu2": 2_678_000, "fc1": 97_600, "softmax": 1_000}
    software = report("fmnist-conv2d", layers, backend="software")
    assert compare(tmp_path, SOFTWARE, software).passed
    with pytest.raises(LogError, match="matrix products: array 8x8 in the report, software in the"):
        compare(tmp_path, SOFTWARE, report("fmnist-conv2d", layers))


def test_another_array_size_is_another_run(tmp_path: Path) -> None:
    log = altered(tmp_path, CIFAR10, "SYSTOLIC_ARRAY_SIZE=8", "SYSTOLIC_ARRAY_SIZE=4")
    with pytest.raises(LogError, match="products: array 8x8 in the report, array 4x4 in the log"):
        compare(tmp_path, log, report("cifar10", CIFAR10_LAYERS))


def test_another_clock_is_seen_as_one(tmp_path: Path) -> None:
    found = compare(tmp_path, CIFAR10, report("cifar10", CIFAR10_LAYERS), clock_hz=50_000_000)
    assert found.causes[0].what.startswith("clock: every layer has 0.5 times its simulated cycles")
    possible = [cause.what for cause in found.causes if cause.verdict == "possible"]
    assert len(possible) == 6  # nothing is known to be the same


def test_the_clock_must_be_given(tmp_path: Path) -> None:
    with pytest.raises(LogError, match=r"tells times, not cycles; .* --clock-hz 100000000"):
        compare(tmp_path, CIFAR10, report("cifar10", CIFAR10_LAYERS), clock_hz=None)


def test_another_project_is_refused_even_with_the_same_layers(tmp_path: Path) -> None:
    small = report("bench-fmnist-small", {"fc0": 133_100, "softmax": 5_000}, images=5)
    with pytest.raises(
        LogError, match="of the project mnist-single_layer; the report is of bench-fmnist-small"
    ):
        compare(tmp_path, MNIST, small, allow_mismatch=True)


def test_a_log_that_names_no_project_is_refused(tmp_path: Path) -> None:
    log = altered(tmp_path, CIFAR10, "PROJECT: cifar10-conv2d", "")
    with pytest.raises(LogError, match="of a project that it does not name"):
        compare(tmp_path, log, report("cifar10", CIFAR10_LAYERS))


def test_of_several_runs_all_that_is_said_is_of_the_last_summary(tmp_path: Path) -> None:
    software, array = SOFTWARE.read_text(encoding="utf-8"), CIFAR10.read_text(encoding="utf-8")
    log = tmp_path / "log.txt"
    log.write_text(software + array + software.partition("Performance Summary:")[0])
    found = compare(tmp_path, log, report("cifar10", CIFAR10_LAYERS))
    assert found.passed
    assert [(fact.name, fact.log) for fact in found.facts] == [
        ("matrix products", "array 8x8"),
        ("images at once", "1"),
    ]


def test_a_summary_that_is_cut_off_takes_nothing_of_the_next_run(tmp_path: Path) -> None:
    array = CIFAR10.read_text(encoding="utf-8")
    log = tmp_path / "log.txt"
    log.write_text(array.partition("Total time")[0] + "PROJECT: cifar10-conv2d\nTotal time: 9 s\n")
    found = compare(tmp_path, log, report("cifar10", CIFAR10_LAYERS))
    assert found.faults == ("the log ends before its total: it is truncated",)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("fc1 (Linear): 1.9790e-3 s\n", "", "layer fc1 is missing in the log"),
        (
            "batchnorm1 (BatchNorm2d): 931.0000e-6 s\n",
            "",
            "layer conv1+batchnorm1+relu1 is missing in the log",
        ),
        (
            "fc1 (Linear):",
            "fc1 (Linear): 1.0000e-6 s\nfc1 (Linear):",
            "layer fc1: fc1 is in the log more than once",
        ),
        (
            "relu1 (ReLU):",
            "relu1 (ReLU): 1.0000e-6 s\nrelu1 (ReLU):",
            "layer conv1+batchnorm1+relu1: relu1 is in the log more than once",
        ),
        ("fc1 (Linear):", "fc2 (Linear):", "fc2 (Linear) is in the log, but in no layer of"),
        ("Total time: 128.9000e-3 s", "", "the log ends before its total: it is truncated"),
        ("Total time: 128.9000e-3 s", "Total time: 1.0000e-3 s", "layers take longer than the"),
    ],
)
def test_a_damaged_summary_names_its_fault(tmp_path: Path, old: str, new: str, fault: str) -> None:
    found = compare(
        tmp_path, altered(tmp_path, CIFAR10, old, new), report("cifar10", CIFAR10_LAYERS)
    )
    assert not found.passed
    assert any(fault in said for said in found.faults), found.faults
