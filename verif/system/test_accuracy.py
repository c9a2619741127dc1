"""Images of a test set on the whole SoC: every layer is golden, and what is not is found."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from heepstor import build, cli, flow, project
from heepstor.ir import Float32Array
from verif.unit.accuracy import blocks

TEST, TRAIN = blocks.images(40, seed=2), blocks.images(10, seed=3)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the project `blocks`, of its data, and of what is built for it."""
    found = blocks.write_project(tmp_path)
    blocks.write_data(tmp_path, TEST, TRAIN)
    monkeypatch.setattr(flow, "ROOT", tmp_path)
    monkeypatch.setattr(project, "find", lambda name: found)
    return tmp_path


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Grows by one for every firmware image that is asked of the compiler."""
    calls: list[object] = []
    build_firmware = build.build_firmware

    def count(*arguments: Any, **more: Any) -> build.FirmwareImage:
        calls.append(arguments)
        return build_firmware(*arguments, **more)

    monkeypatch.setattr(build, "build_firmware", count)
    return calls


def accuracy(data: Path, *more: str) -> int:
    return cli.main(["accuracy", "blocks", "--data", str(data), *more])


def document(data: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(
        (data / "build" / "accuracy" / "blocks" / "accuracy.json").read_text(encoding="utf-8")
    )
    return content


@pytest.mark.parametrize("options", [[], ["--per-tensor", "--backend", "direct"]])
def test_images_are_golden_on_the_soc_and_two_images_are_compiled_for_all(
    data: Path,
    compiled: list[object],
    options: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert accuracy(data, "--rtl", "4", *options) == 0
    assert len(compiled) == 2
    result = document(data)
    disagreeing = [row["index"] for row in result["disagreements"]]
    checks = result["rtl"]["images"]
    assert [check["index"] for check in checks] == disagreeing[:4]
    assert {check["reason"] for check in checks} == {"disagreement"}
    # 2 x 4 x 4 of the convolution, 10 of the layer behind it, 10 of the softmax
    assert {check["compared"] for check in checks} == {32 + 10 + 10}
    assert {check["mismatches"] for check in checks} == {0}
    name = "golden_per_tensor" if options else "golden_per_channel"
    assert [check["top1"] for check in checks] == [row[name] for row in result["disagreements"][:4]]
    assert result["rtl"]["passed"]
    output = capsys.readouterr().out
    assert "RTL, per tensor" in output if options else "RTL, per channel" in output
    assert "PASS: 208 values of all layers, all equal bit for bit" in output


def test_one_image_is_compiled_once(data: Path, compiled: list[object]) -> None:
    assert accuracy(data, "--rtl", "1") == 0
    assert len(compiled) == 1


def test_each_image_is_compiled_where_the_code_depends_on_it(
    data: Path, compiled: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "holds_sample_as_data", lambda *_: False)
    assert accuracy(data, "--rtl", "3") == 0
    assert len(compiled) == 4
    assert [check["passed"] for check in document(data)["rtl"]["images"]] == [True] * 3


def test_an_image_that_is_not_golden_is_named_and_the_others_go_on(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    golden_outputs = flow._golden_outputs
    calls: list[object] = []

    def one_bit_off_for_the_second_image(*arguments: Any) -> tuple[Float32Array, ...]:
        outputs = [values.copy() for values in golden_outputs(*arguments)]
        calls.append(arguments)
        if len(calls) == 3:  # the first one, the noise, the second one
            outputs[1].view(np.uint32)[0, 2] ^= 1
        return tuple(outputs)

    monkeypatch.setattr(flow, "_golden_outputs", one_bit_off_for_the_second_image)
    assert accuracy(data, "--rtl", "3") == 1
    checks = document(data)["rtl"]["images"]
    assert [check["passed"] for check in checks] == [True, False, True]
    assert [check["mismatches"] for check in checks] == [0, 1, 0]
    assert checks[1]["exit_name"] == "OUTPUT_MISMATCH"  # the firmware saw it, too
    output = capsys.readouterr().out
    index = checks[1]["index"]
    assert re.search(rf"image {index}: 1 of 52 values differ, the first in \S+\[0, 2\]: ", output)
    assert output.rstrip().endswith("FAIL: 1 of 3 images are not golden")
