"""The report of a run on the SoC: its page says what the image and the plan are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from itertools import combinations
from typing import Any

import pytest
import torch
from torch import nn

import heepstor
from heepstor import flow
from heepstor.errors import HeepstorError

# Each worker has a run of its own: two in one folder refuse each other.
NAME = f"test-run-report-{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
FOLDER = flow.ROOT / "build" / NAME
PAGES = ("report.txt", "report.md", "report.html")


def network(name: str = NAME) -> heepstor.Compiled:
    """Small, with a layer of each back-end but `direct`; milliseconds to simulate."""
    torch.manual_seed(0)
    model = nn.Sequential(
        *(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2, padding=1), nn.Flatten()),
        *(nn.Linear(64, 5), nn.Softmax(1)),
    )
    return heepstor.compile(model, input_shape=(1, 8, 8), name=name)


@pytest.fixture(scope="module")
def report() -> Mapping[str, Any]:
    return network().simulate()


def test_the_page_names_what_ran(report: Mapping[str, Any]) -> None:
    html = (FOLDER / "report.html").read_text(encoding="utf-8")
    for text in (
        *(layer["name"] for layer in report["layers"]),
        *(f"{layer['cycles']:,}" for layer in report["layers"]),
        *report["identity"].values(),
        *report["tools"].values(),
        report["config"]["hash"],
        "all equal bit for bit",
    ):
        assert text in html
    assert len(html.encode()) < 200_000


def test_the_regions_are_the_image(report: Mapping[str, Any]) -> None:
    memory = report["memory"]
    sizes = {region["kind"]: 0 for region in memory["regions"]}
    for region in memory["regions"]:
        sizes[region["kind"]] += region["size"]
    assert sizes["weights"] == memory["weights"]
    assert sizes["arena"] == memory["arena"]
    assert sizes["stack"] == memory["stack_size"]
    first, *others = memory["regions"]
    assert first["address"] == 0
    end = first["size"]
    for region in others:
        assert 0 <= region["address"] - end < 16  # alignment
        end = region["address"] + region["size"]
    assert end >= memory["used"]


def test_buffers_that_live_at_once_do_not_overlap(report: Mapping[str, Any]) -> None:
    buffers = report["memory"]["buffers"]
    assert {buffer["name"] for buffer in buffers} <= {layer["name"] for layer in report["layers"]}
    assert max(buffer["offset"] + buffer["size"] for buffer in buffers) <= report["memory"]["arena"]
    for one, other in combinations(buffers, 2):
        together = not (
            one["last_layer"] < other["first_layer"] or other["last_layer"] < one["first_layer"]
        )
        apart = (
            one["offset"] + one["size"] <= other["offset"]
            or other["offset"] + other["size"] <= one["offset"]
        )
        assert apart or not together, (one, other)


def test_no_layer_beats_its_bounds(report: Mapping[str, Any]) -> None:
    bounded = [layer for layer in report["layers"] if layer["bounds"]]
    assert [layer["op"] for layer in bounded] == ["Conv2d", "Linear"]
    for layer in bounded:
        assert layer["cycles"] >= layer["bounds"]["array_cycles"]
        assert layer["cycles"] >= layer["bounds"]["port_cycles"]
        assert layer["stream"]["compute"] == layer["bounds"]["array_cycles"]
        moved = layer["stream"]["words_read"] + layer["stream"]["words_written"]
        assert moved >= layer["bounds"]["words"]


def test_a_report_is_written_anew_as_it_was(report: Mapping[str, Any]) -> None:
    before = [(FOLDER / name).read_bytes() for name in PAGES]
    for name in PAGES:
        (FOLDER / name).unlink()
    done = subprocess.run(
        [sys.executable, "-m", "heepstor.cli", "report", NAME],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == [str(FOLDER / name) for name in PAGES]
    assert [(FOLDER / name).read_bytes() for name in PAGES] == before
    assert json.loads((FOLDER / "report.json").read_text()) == report


def test_a_project_without_a_report_has_none_to_write() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "heepstor.cli", "report", "test-no-such-run"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "build/test-no-such-run/report.json: is missing; `heepstor sim` makes it" in done.stderr
    assert not (flow.ROOT / "build" / "test-no-such-run").exists()


def test_a_run_without_a_verdict_leaves_no_page_of_the_one_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = "test-run-report-lost"
    compiled = network(name)
    folder = flow.ROOT / "build" / name
    folder.mkdir(parents=True, exist_ok=True)
    for page in ("report.json", *PAGES):
        (folder / page).write_text("of an earlier run")

    def fail(*arguments: object) -> None:
        raise HeepstorError("no simulator")

    monkeypatch.setattr(flow, "_build_simulator", fail)
    with pytest.raises(HeepstorError):
        compiled.simulate()
    assert not list(folder.glob("report.*"))
