"""Every image is classified once, whatever the batch, the memory and the interruptions."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from heepstor import datasets
from heepstor.accuracy.evaluate import Evaluation, evaluate
from heepstor.accuracy.partial import Partial
from heepstor.errors import ToolError
from heepstor.train import Inputs
from verif.unit.accuracy import blocks

SPLIT = blocks.images(23, seed=1)
INPUTS = Inputs(datasets.find("MNIST"), 24, (1, 6, 6))


class Scorer:
    """A model with four classes; notes how many images it was given at once."""

    def __init__(self, most: int = 1000) -> None:
        self.batches: list[int] = []
        self._most = most

    def __call__(self, x: Tensor) -> Tensor:
        if len(x) > self._most:
            raise torch.OutOfMemoryError(f"{len(x)} images")
        self.batches.append(len(x))
        return x.flatten(1)[:, :4]


EXPECTED = INPUTS(torch.from_numpy(SPLIT.images)).flatten(1)[:, :4].argmax(dim=1).tolist()


@pytest.fixture
def partial(tmp_path: Path) -> Partial:
    return Partial(tmp_path / "work" / "model.json", "key", len(SPLIT))


def run(
    scorer: Scorer,
    partial: Partial,
    *,
    batch: int = 5,
    progress: list[str] | None = None,
    messages: list[str] | None = None,
    seconds: Iterator[float] | None = None,
) -> Evaluation:
    """Evaluate; each look at the clock is a second later than the one before."""
    seconds = seconds or count(0.0)
    return evaluate(
        scorer,
        SPLIT,
        INPUTS,
        partial,
        batch=batch,
        on_progress=(progress if progress is not None else []).append,
        on_message=(messages if messages is not None else []).append,
        clock=lambda: next(seconds),
    )


@pytest.mark.parametrize("batch", [1, 5, 23, 100])
def test_every_image_gets_its_class_whatever_the_batch(partial: Partial, batch: int) -> None:
    scorer = Scorer()
    assert run(scorer, partial, batch=batch).classes.tolist() == EXPECTED
    assert sum(scorer.batches) == len(SPLIT)
    assert max(scorer.batches) == min(batch, len(SPLIT))


def test_progress_tells_how_far_how_fast_and_how_long_yet(partial: Partial) -> None:
    progress: list[str] = []
    found = run(Scorer(), partial, batch=10, progress=progress)
    assert progress == [
        "10 of 23 images, 10 a second, 1 s left",
        "20 of 23 images, 10 a second, 0 s left",
        "23 of 23 images, 8 a second, 0 s left",
    ]
    assert found.images_per_s == pytest.approx(23 / 4)


def test_progress_comes_once_a_second_and_at_the_end(partial: Partial) -> None:
    progress: list[str] = []
    run(Scorer(), partial, batch=2, progress=progress, seconds=count(0.0, 0.3))
    assert [int(line.split()[0]) for line in progress] == [8, 16, 23]


def test_an_interrupted_evaluation_goes_on_where_it_was(partial: Partial) -> None:
    def interrupt(message: str) -> None:
        if message.startswith("10 of"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate(
            Scorer(),
            SPLIT,
            INPUTS,
            partial,
            batch=5,
            on_progress=interrupt,
            on_message=print,
            clock=count(0.0).__next__,
        )
    scorer, progress = Scorer(), []  # type: ignore[var-annotated]
    assert run(scorer, partial, progress=progress).classes.tolist() == EXPECTED
    assert sum(scorer.batches) == 13
    assert progress[0] == "15 of 23 images, 5 a second, 2 s left"  # the rate is this run's own


def test_a_finished_evaluation_is_not_repeated(partial: Partial) -> None:
    run(Scorer(), partial)
    scorer = Scorer()
    again = run(scorer, partial)
    assert again.classes.tolist() == EXPECTED
    assert again.images_per_s is None
    assert scorer.batches == []


def test_the_batch_is_halved_until_it_fits_the_memory(partial: Partial) -> None:
    scorer, messages = Scorer(most=3), []  # type: ignore[var-annotated]
    assert run(scorer, partial, batch=16, messages=messages).classes.tolist() == EXPECTED
    assert max(scorer.batches) == 2
    assert messages == [
        f"not enough memory on the device; going on with {batch} images at once"
        for batch in (8, 4, 2)
    ]


def test_a_device_without_memory_for_one_image_is_an_error(partial: Partial) -> None:
    with pytest.raises(ToolError, match="not enough memory for one image; use --device cpu"):
        run(Scorer(most=0), partial, batch=4)


def test_no_file_is_nothing_found_and_nothing_said(partial: Partial) -> None:
    messages: list[str] = []
    assert partial.load(messages.append).tolist() == []
    assert messages == []


def test_classes_come_back_as_they_were_saved(partial: Partial) -> None:
    classes = np.array([3, -1, 0, 999], np.int16)
    partial.save(classes)
    assert np.array_equal(partial.load(pytest.fail), classes)


def edited(**changes: object) -> bytes:
    """A file of three classes, with other values for some of its keys."""
    content = {"schema": "heepstor-accuracy-partial/1", "key": "key", "crc32": 4_223_330_638}
    return json.dumps({**content, "classes": [1, 2, 3], **changes}).encode()


def test_an_edited_file_with_nothing_edited_is_whole(partial: Partial) -> None:
    """What the cases of the next test differ from."""
    partial.save(np.array([1, 2, 3], np.int16))
    assert json.loads(edited()) == json.loads(partial.path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "Expecting value"),
        (edited()[:-9], "Expecting"),
        (b"\xff\xfe", "codec can't decode"),
        (b"[1, 2]", "list indices"),
        (b"{}", "'classes'"),
        (edited(classes=[1, 2, 4]), "its checksum is wrong"),
        (edited(classes=[1, 2, -2]), "it holds"),
        (edited(classes=[[1, 2]]), "it holds"),
        (edited(classes=[0] * 24), "it holds (24,) classes for 23 images"),
        (edited(classes=[1, 2, 70_000]), "out of bounds"),
        (edited(classes="abc"), "invalid literal"),
        (edited(key="another"), "it belongs to something else"),
        (edited(schema="heepstor-accuracy-partial/0"), "it belongs to something else"),
    ],
)
def test_a_damaged_file_is_computed_again_with_a_message(
    partial: Partial, content: bytes, words: str
) -> None:
    partial.path.parent.mkdir()
    partial.path.write_bytes(content)
    messages: list[str] = []
    assert run(Scorer(), partial, messages=messages).classes.tolist() == EXPECTED
    (message,) = messages
    assert message.startswith(f"{partial.path}: is damaged (")
    assert words in message
    assert message.endswith("); computing its classes again")
    assert partial.load(pytest.fail).tolist() == EXPECTED


def test_a_write_that_is_cut_off_leaves_what_was_there(
    partial: Partial, monkeypatch: pytest.MonkeyPatch
) -> None:
    partial.save(np.array([1, 2], np.int16))

    def fail(self: Path, target: Path) -> None:
        raise OSError(os.strerror(28))

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="No space"):
        partial.save(np.array([1, 2, 3], np.int16))
    assert partial.load(pytest.fail).tolist() == [1, 2]
