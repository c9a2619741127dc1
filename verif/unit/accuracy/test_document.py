"""What is counted, listed and chosen follows from the classes, and the text says the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from heepstor import config, flow
from heepstor.accuracy import document
from heepstor.accuracy.evaluate import Evaluation
from heepstor.accuracy.models import MODELS, NO_CLASS
from heepstor.accuracy.spot_checks import Spot, SpotCheck, choose
from heepstor.accuracy.statistics import wilson_interval
from heepstor.datasets import Split

SPLIT = Split(np.zeros((6, 1, 1, 1), np.uint8), np.array([0, 1, 2, 3, 4, 5], np.uint8))
CLASSES = {
    "float32": [0, 1, 2, 3, 4, 5],
    "quantized_per_tensor": [0, 1, 2, 3, 0, 0],
    "quantized_per_channel": [0, 1, 2, 3, 4, 0],
    "golden_per_tensor": [0, 1, 2, NO_CLASS, 0, 0],
    "golden_per_channel": [0, 1, 2, 3, 4, 0],
}
EVALUATIONS = {
    model: Evaluation(np.array(CLASSES[model.name], np.int16), speed)
    for model, speed in zip(MODELS, (None, 1000.0, 2000.0, 345.67, 400.0), strict=True)
}


def check(index: int, **changes: Any) -> SpotCheck:
    """An image that passed."""
    values: dict[str, Any] = {
        "reason": "spread",
        "passed": True,
        "compared": 50,
        "mismatches": 0,
        "first_mismatch": None,
        "exit_name": "PASS",
        "top1": 3,
        "cycles": 1234,
    }
    return SpotCheck(index=index, **{**values, **changes})


def made(checks: list[SpotCheck] | None = None) -> document.Document:
    """A document of `EVALUATIONS`."""
    options = flow.Options(config=config.load())
    indices = document.disagreeing(EVALUATIONS)
    return {
        "project": "example",
        "weights": "trained",
        "data": {"name": "MNIST", "test_images": 6, "test_images_of_whole": 10_000},
        "models": document.model_rows(EVALUATIONS, SPLIT),
        "disagreements": document.disagreement_rows(indices, EVALUATIONS, SPLIT),
        "rtl": checks and document.rtl_section(checks, options),
        "files": ["accuracy.json", "disagreements.csv"],
    }


def test_images_that_any_model_sees_differently_disagree() -> None:
    assert document.disagreeing(EVALUATIONS) == [3, 4, 5]


def test_images_that_all_models_get_wrong_alike_agree() -> None:
    wrong = Evaluation(np.full(6, 9, np.int16), None)
    assert document.disagreeing(dict.fromkeys(MODELS, wrong)) == []


def test_a_model_is_right_where_its_class_is_the_label_and_wrong_without_a_class() -> None:
    rows = {row["name"]: row for row in document.model_rows(EVALUATIONS, SPLIT)}
    assert {name: row["right"] for name, row in rows.items()} == {
        "float32": 6,
        "quantized_per_tensor": 4,
        "quantized_per_channel": 5,
        "golden_per_tensor": 3,
        "golden_per_channel": 5,
    }
    row = rows["golden_per_tensor"]
    assert row["accuracy"] == 0.5
    assert row["interval"] == list(wilson_interval(3, 6))
    assert row["without_class"] == 1
    assert row["images_per_s"] == 345.7
    assert rows["float32"]["images_per_s"] is None
    assert rows["float32"]["without_class"] == 0


def test_a_disagreement_has_the_label_and_the_class_of_each_model() -> None:
    assert made()["disagreements"][0] == {
        "index": 3,
        "label": 3,
        "float32": 3,
        "quantized_per_tensor": 3,
        "quantized_per_channel": 3,
        "golden_per_tensor": None,
        "golden_per_channel": 3,
    }


def test_the_csv_has_a_line_for_each_disagreement() -> None:
    assert document.as_csv(made()).splitlines() == [
        "index,label,float32,quantized_per_tensor,quantized_per_channel,"
        "golden_per_tensor,golden_per_channel",
        "3,3,3,3,3,,3",
        "4,4,4,0,4,0,4",
        "5,5,5,0,0,0,0",
    ]


def test_quantizations_are_side_by_side() -> None:
    lines = document.render(made()).splitlines()
    heading = next(i for i, line in enumerate(lines) if "per tensor" in line)
    titles, float32, quantized, golden = lines[heading : heading + 4]
    tensor, channel = titles.index("per tensor"), titles.index("per channel")
    assert float32.split()[:3] == ["float32", "100.00%", "[60.97%,"]
    assert len(float32) < tensor
    assert quantized[tensor:].startswith("66.67% [")
    assert quantized[channel:].startswith("83.33% [")
    assert golden[tensor:].startswith("50.00% [18.76%, 81.24%] ")
    assert golden[channel:].startswith("83.33% [")


def test_a_part_of_a_data_set_is_called_so() -> None:
    part = made()
    assert "6 test images of MNIST (the whole data set has 10,000)" in document.render(part)
    part["data"]["test_images"] = 10_000
    assert "the 10,000 test images of MNIST\nweights: trained\n" in document.render(part)


def test_disagreements_are_counted_and_the_file_is_named() -> None:
    assert "the models disagree on 3 images: disagreements.csv" in document.render(made())
    agreed = {**made(), "disagreements": []}
    assert "the models agree on every image" in document.render(agreed)


def test_without_a_simulation_there_is_no_verdict() -> None:
    text = document.render(made())
    assert "PASS" not in text
    assert "RTL" not in text


def test_images_that_are_golden_pass() -> None:
    result = made([check(4, reason="disagreement"), check(1)])
    assert result["rtl"]["passed"] is True
    text = document.render(result)
    assert "2 images, 1 of them with disagreement, 1 evenly spread" in text
    assert text.endswith("PASS: 100 values of all layers, all equal bit for bit")


@pytest.mark.parametrize(("per_channel", "name"), [(True, "per_channel"), (False, "per_tensor")])
def test_the_quantization_and_the_hardware_of_the_simulation_are_named(
    per_channel: bool, name: str
) -> None:
    hardware = config.load()
    options = flow.Options(config=hardware, per_channel=per_channel)
    section = document.rtl_section([check(1)], options)
    assert section["quantization"] == name
    assert section["config"] == f"0x{hardware.hash_hex}"
    assert section["backend"] == "planner"


def test_an_image_that_is_not_golden_fails_and_says_where() -> None:
    mismatch = {
        "layer": "fc",
        "index": [0, 2],
        "got": "1.5",
        "got_bits": "0x3fc00000",
        "expected": "1.0",
        "expected_bits": "0x3f800000",
        "ulps": 4194304,
    }
    wrong = check(5, passed=False, mismatches=2, first_mismatch=mismatch)
    result = made([check(1), wrong])
    assert result["rtl"]["passed"] is False
    text = document.render(result)
    assert (
        "  image 5: 2 of 50 values differ, the first in fc[0, 2]: got 1.5 (0x3fc00000), "
        "expected 1.0 (0x3f800000)" in text
    )
    assert text.endswith("FAIL: 1 of 2 images are not golden")


def test_a_firmware_that_ends_early_fails_and_says_how() -> None:
    result = made([check(5, passed=False, exit_name="TRAP", top1=None, cycles=None)])
    assert "  image 5: the firmware ended with TRAP" in document.render(result)


@pytest.mark.parametrize(
    ("disagreeing", "images", "count", "indices"),
    [
        ([3, 7], 10, 1, [3]),
        ([3, 7], 10, 2, [3, 7]),
        ([3, 7], 10, 4, [3, 7, 2, 8]),
        ([], 100, 4, [12, 37, 62, 87]),
        ([], 3, 3, [0, 1, 2]),
        ([1], 3, 100, [1, 0, 2]),
        ([0, 1, 2], 3, 5, [0, 1, 2]),
    ],
)
def test_disagreeing_images_are_chosen_first_then_evenly_spread_ones(
    disagreeing: list[int], images: int, count: int, indices: list[int]
) -> None:
    chosen = choose(disagreeing, images, count)
    assert [spot.index for spot in chosen] == indices
    assert chosen == [
        Spot(index, "disagreement" if index in disagreeing else "spread") for index in indices
    ]
