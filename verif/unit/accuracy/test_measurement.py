"""`heepstor accuracy` without RTL: right figures, resumption, and mistakes in one sentence."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from heepstor import cli, config, datasets, flow, project, train
from heepstor.accuracy import document, measure, models
from heepstor.errors import ProjectError, ToolError
from heepstor.terminal import Terminal
from heepstor.train import Inputs
from verif.unit.accuracy import blocks

TEST, TRAIN = blocks.images(40, seed=2), blocks.images(10, seed=3)


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> project.Project:
    """A project, its data in the same folder, and a build folder there."""
    found = blocks.write_project(tmp_path)
    blocks.write_data(tmp_path, TEST, TRAIN)
    monkeypatch.setattr(flow, "ROOT", tmp_path)
    monkeypatch.setattr(project, "find", lambda name: found)
    return found


def run(
    target: project.Project, messages: list[str] | None = None, device: str | None = "cpu"
) -> document.Document:
    return measure(
        target,
        target.folder.parent,
        options=flow.Options(config=config.load()),
        device=device,
        on_message=(messages if messages is not None else []).append,
    )


def test_the_figures_are_those_of_a_training(target: project.Project) -> None:
    """Which measures without files, and without the softmax, that changes no order here."""
    expected = train.measure(
        target.load().model, TEST, Inputs(datasets.find("MNIST"), 24, (1, 6, 6))
    )
    result = run(target)
    assert {row["name"]: row["accuracy"] for row in result["models"]} == vars(expected)
    assert len(result["disagreements"]) > 3  # else this data would show nothing


def test_what_is_returned_is_on_disk(target: project.Project) -> None:
    result = run(target)
    folder = flow.ROOT / "build" / "accuracy" / "blocks"
    assert json.loads((folder / "accuracy.json").read_text(encoding="utf-8")) == result
    assert [flow.ROOT / name for name in result["files"]] == [
        folder / "accuracy.json",
        folder / "disagreements.csv",
    ]
    with (folder / "disagreements.csv").open(encoding="utf-8") as file:
        rows = [{key: int(value) for key, value in row.items()} for row in csv.DictReader(file)]
    assert rows == result["disagreements"]
    for row in rows:
        assert row["label"] == TEST.labels[row["index"]]


def test_the_document_says_what_was_measured(target: project.Project) -> None:
    result = run(target)
    assert result["schema"] == "heepstor-accuracy/1"
    assert result["project"] == "blocks"
    assert result["weights"].startswith("trained")
    assert result["data"] == {"name": "MNIST", "test_images": 40, "test_images_of_whole": 10_000}
    assert (result["device"], result["torch"]) == ("cpu", torch.__version__)
    assert result["rtl"] is None


def test_no_model_can_be_given_the_classes_of_another(target: project.Project) -> None:
    run(target)
    files = list((flow.ROOT / "build" / "accuracy" / "blocks").glob("*-*.json"))
    assert len({path.stem.rpartition("-")[2] for path in files}) == len(models.MODELS)


def refuse(*_: object) -> torch.Tensor:
    raise AssertionError("computed again")


def test_the_same_call_computes_nothing_again(
    target: project.Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(target)
    monkeypatch.setattr(models, "top1", refuse)
    monkeypatch.setattr("heepstor.accuracy.evaluate.top1", refuse)
    again = run(target)
    for row in (*first["models"], *again["models"]):
        row["images_per_s"] = None
    assert again == first


def test_another_process_goes_on_where_this_one_was(target: project.Project) -> None:
    run(target)
    program = (
        "import pathlib, sys\n"
        "from heepstor import accuracy, config, flow, project\n"
        "flow.ROOT = root = pathlib.Path(sys.argv[1])\n"
        "accuracy.measure(project.Project('blocks', root / 'blocks'), root, "
        "options=flow.Options(config=config.load()), device='cpu', on_progress=print)\n"
    )
    command = [sys.executable, "-c", program, str(flow.ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == ""


def change_weights(target: project.Project) -> None:
    loaded = target.load()
    with torch.no_grad():
        loaded.model[0].bias[0] += 1.0  # type: ignore[operator, index, union-attr]
    save_file(loaded.model.state_dict(), target.weights_file)


def change_image(target: project.Project) -> None:
    path = target.folder.parent / "MNIST" / "raw" / "t10k-images-idx3-ubyte"
    content = bytearray(path.read_bytes())
    content[-400] ^= 0xFF
    path.write_bytes(content)


def change_label(target: project.Project) -> None:
    path = target.folder.parent / "MNIST" / "raw" / "t10k-labels-idx1-ubyte"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def change_crop(target: project.Project) -> None:
    path = target.folder / "model.py"
    path.write_text(path.read_text().replace("CROP = 24", "CROP = 28"), encoding="utf-8")


def drop_softmax(target: project.Project) -> None:
    path = target.folder / "model.py"
    path.write_text(path.read_text().replace("SOFTMAX = True", "SOFTMAX = False"), encoding="utf-8")


@pytest.mark.parametrize(
    "change", [change_weights, change_image, change_label, change_crop, drop_softmax]
)
def test_whatever_changes_a_class_makes_all_be_computed_again(
    target: project.Project,
    change: Callable[[project.Project], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run(target)
    change(target)
    monkeypatch.setattr("heepstor.accuracy.evaluate.top1", refuse)
    with pytest.raises(AssertionError, match="computed again"):
        run(target)


def test_a_damaged_file_is_computed_again_with_a_message(target: project.Project) -> None:
    first = run(target)
    (path,) = (flow.ROOT / "build" / "accuracy" / "blocks").glob("golden_per_channel-*.json")
    path.write_bytes(path.read_bytes()[:-20])
    messages: list[str] = []
    again = run(target, messages)
    assert [row["right"] for row in again["models"]] == [row["right"] for row in first["models"]]
    (message,) = messages
    assert message.startswith(f"{path}: is damaged")


def test_a_project_without_a_data_set_is_refused(target: project.Project) -> None:
    path = target.folder / "model.py"
    path.write_text(path.read_text().replace('DATASET = "MNIST"', ""), encoding="utf-8")
    with pytest.raises(ProjectError, match=r"model\.py: has no DATASET to measure on; accepted"):
        run(target)


@pytest.mark.parametrize("device", ["gpu", "meta"])
def test_a_device_that_cannot_compute_is_refused(target: project.Project, device: str) -> None:
    with pytest.raises(ToolError, match=f"device '{device}' cannot be used .*; cpu always can"):
        run(target, device=device)


def test_a_gpu_is_used_where_there_is_one(
    target: project.Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    seen = []

    def stop(model: models.Model, _: project.LoadedProject, device: torch.device) -> models.Scorer:
        seen.append(str(device))
        raise KeyboardInterrupt

    monkeypatch.setattr("heepstor.accuracy.measurement.scorer", stop)
    with pytest.raises(KeyboardInterrupt):
        run(target, device=None)
    assert seen == ["cuda"]


def command(target: project.Project, *more: str) -> int:
    return cli.main(["accuracy", "blocks", "--data", str(target.folder.parent), *more])


def test_the_command_prints_the_table(
    target: project.Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(target) == 0
    output, progress = capsys.readouterr()
    assert "40 test images of MNIST (the whole data set has 10,000)" in output
    assert re.search(r"^golden, bit-exact +\d+\.\d\d% \[.*\] +\d+\.\d\d% \[.*\]$", output, re.M)
    for model in models.MODELS:
        name = model.name.replace("_", " ")
        assert re.search(rf"^{name}: 40 of 40 images, [\d,]+ a second, 0 s left$", progress, re.M)


def test_the_command_prints_the_document(
    target: project.Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(target, "--json", "--data-name", "Noise") == 0
    data = json.loads(capsys.readouterr().out)["data"]
    assert data == {"name": "Noise", "test_images": 40, "test_images_of_whole": 10_000}


def test_ctrl_c_ends_the_command_and_the_next_one_goes_on(
    target: project.Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(_: Terminal, message: str) -> None:
        if message.startswith("golden per tensor"):
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Terminal, "on_progress", interrupt)
        assert command(target) == 130
    assert "interrupted" in capsys.readouterr().err
    assert not (flow.ROOT / "build" / "accuracy" / "blocks" / "accuracy.json").exists()
    assert command(target) == 0
    begun = [line.partition(":")[0] for line in capsys.readouterr().err.splitlines()]
    assert begun == ["golden per channel"]


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def empty(content: bytes) -> bytes:
    return content[:4] + bytes(4) + content[8:16]


@pytest.mark.parametrize(
    ("name", "damage", "words"),
    [
        ("t10k-images-idx3-ubyte", cut, "holds 15688 bytes; with 40 items it must be 31376"),
        ("t10k-images-idx3-ubyte", empty, "with 0 items it must be 16, and hold at least one"),
        ("t10k-labels-idx1-ubyte", cut, "holds 24 bytes; with 40 items it must be 48"),
        ("train-images-idx3-ubyte", lambda _: None, "train-images-idx3-ubyte.gz: cannot be down"),
    ],
)
def test_a_data_set_half_downloaded_or_empty_is_one_sentence(
    target: project.Project,
    name: str,
    damage: Callable[[bytes], bytes | None],
    words: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without_network(monkeypatch)
    path = target.folder.parent / "MNIST" / "raw" / name
    content = damage(path.read_bytes())
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    assert command(target) == 2
    output, errors = capsys.readouterr()
    assert output == ""
    assert errors.splitlines()[-1].startswith("heepstor: error: ")
    assert words in errors
    assert "Traceback" not in errors


def without_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every download of MNIST is refused by this machine itself."""
    mnist = datasets.find("MNIST")
    downloads = tuple(
        replace(download, url=f"http://127.0.0.1:9/{download.name}") for download in mnist.downloads
    )
    monkeypatch.setattr(datasets, "DATA_SETS", (replace(mnist, downloads=downloads),))


@pytest.mark.parametrize(
    ("count", "message"), [("0", "0 is not 1 or more"), ("few", "'few' is not a whole number")]
)
def test_what_is_no_number_of_images_is_refused(
    target: project.Project, capsys: pytest.CaptureFixture[str], count: str, message: str
) -> None:
    with pytest.raises(SystemExit, match="2"):
        command(target, "--rtl", count)
    assert f"argument --rtl: {message}" in capsys.readouterr().err
