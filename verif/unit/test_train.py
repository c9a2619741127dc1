"""Training learns, resumes, and leaves files that a project loads; what is measured is true."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

import golden.network
from heepstor import datasets, project, train
from heepstor.datasets import Data, DataSet, Split
from heepstor.errors import ProjectError
from heepstor.quantize import quantize

MODEL = """
from torch import nn

INPUT_SHAPE = (16,)
DATASET = "MNIST"
CROP = 24


def model():
    return nn.Sequential(nn.Linear(16, 12), nn.ReLU(), nn.Linear(12, 10))
"""


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Many tests run at once: threads of such small operations only wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def blocks(count: int, seed: int) -> Split:
    """Images of class c with the c-th of 16 blocks bright, on noise: easy to tell apart."""
    rng = np.random.default_rng(seed)
    labels = (np.arange(count) % 10).astype(np.uint8)
    images = rng.integers(0, 60, (count, 1, 28, 28)).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        row, column = 2 + 6 * (label // 4), 2 + 6 * (label % 4)
        image[0, row : row + 6, column : column + 6] = 255
    return Split(images, labels)


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> project.Project:
    """A project whose data set is blocks."""
    (tmp_path / "blocks").mkdir()
    (tmp_path / "blocks" / "model.py").write_text(MODEL, encoding="utf-8")
    data = Data(blocks(600, 1), blocks(100, 2))
    monkeypatch.setattr(datasets, "load_from", lambda *_, **__: data)
    return project.find("blocks", tmp_path)


def run(target: project.Project, epochs: int, **more: object) -> train.TrainResult:
    """Train on blocks."""
    return train.train(
        target,
        target.folder,
        epochs=epochs,
        work_dir=target.folder / "work",
        **more,  # type: ignore[arg-type]
    )


def test_training_learns_and_the_project_loads_the_weights(target: project.Project) -> None:
    result = run(target, epochs=25)
    assert result.test_accuracy.float32 > 0.9
    assert result.validation_accuracy > 0.9
    loaded = target.load()
    assert loaded.weights_source == (
        f"trained (MNIST (600 train, 100 test images), test accuracy "
        f"{result.test_accuracy.float32:.1%} before quantization)"
    )
    test = blocks(100, 2)
    inputs = train.Inputs(datasets.find("MNIST"), 24, (16,))(torch.from_numpy(test.images))
    right = loaded.model(inputs).argmax(dim=1).numpy() == test.labels
    assert right.mean() == pytest.approx(result.test_accuracy.float32)


def test_each_accuracy_is_that_of_its_own_model() -> None:
    model = nn.Sequential(nn.Linear(16, 10, bias=False))
    with torch.no_grad():
        # One scale for all makes the small weights zero; one for each channel keeps them.
        model[0].weight.copy_(torch.eye(16)[:10] * 1e-3)
        model[0].weight[0] = torch.eye(16)[15]
    test = blocks(100, 2)
    inputs = train.Inputs(datasets.find("MNIST"), 24, (16,))
    x = inputs(torch.from_numpy(test.images))
    got = train.measure(model, test, inputs)

    def accuracy(scores: torch.Tensor) -> float:
        return float((scores.argmax(dim=1).numpy() == test.labels).mean())

    assert got.float32 == pytest.approx(accuracy(model(x)))
    for per_channel, fake_quantized, bit_exact in (
        (True, got.quantized_per_channel, got.golden_per_channel),
        (False, got.quantized_per_tensor, got.golden_per_tensor),
    ):
        fake = quantize(model, per_channel=per_channel)(x)
        assert fake_quantized == pytest.approx(accuracy(fake))
        exact = golden.network.run(model, x, per_channel=per_channel)[0]
        assert bit_exact == pytest.approx(accuracy(exact))
    assert got.golden_per_tensor < got.golden_per_channel


def test_the_record_names_the_data_and_every_accuracy(target: project.Project) -> None:
    result = run(target, epochs=1, data_name="Blocks", seed=3)
    record = json.loads(target.training_file.read_text(encoding="utf-8"))
    assert record["schema"] == train.SCHEMA
    assert record["data"]["name"] == "Blocks"
    assert record["data"]["train_images"] == 540
    assert record["data"]["validation_images"] == 60
    assert record["data"]["test_images"] == 100
    assert record["training"]["seed"] == 3
    assert record["test_accuracy"] == vars(result.test_accuracy)
    assert "golden per channel" in str(result)


def test_equal_seeds_give_equal_weights_and_other_seeds_others(target: project.Project) -> None:
    run(target, epochs=2)
    first = target.weights_file.read_bytes()
    run(target, epochs=2)
    assert target.weights_file.read_bytes() == first
    run(target, epochs=2, seed=1)
    assert target.weights_file.read_bytes() != first


def test_an_interrupted_training_goes_on_to_the_same_weights(
    target: project.Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Every epoch is the best so far, so that the weights are those of the last one.
    better = count()
    monkeypatch.setattr(train, "_accuracy", lambda *_: next(better) / 1000)
    run(target, epochs=4)
    expected = target.weights_file.read_bytes()
    target.weights_file.unlink()

    def interrupt(message: str) -> None:
        if message.startswith("epoch 2"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(target, epochs=4, on_progress=interrupt)
    assert not target.weights_file.exists()
    said: list[str] = []
    run(target, epochs=4, on_progress=said.append)
    assert said[0] == "going on after epoch 2 of 4"
    assert target.weights_file.read_bytes() == expected


def test_other_settings_do_not_take_up_an_interrupted_training(target: project.Project) -> None:
    def interrupt(message: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(target, epochs=4, on_progress=interrupt)
    said: list[str] = []
    run(target, epochs=2, on_progress=said.append)
    assert said[0].startswith("epoch 1 of 2")


def test_an_interrupted_training_leaves_earlier_weights_alone(target: project.Project) -> None:
    run(target, epochs=2)
    kept = target.weights_file.read_bytes(), target.training_file.read_bytes()

    def interrupt(message: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(target, epochs=3, on_progress=interrupt)
    assert (target.weights_file.read_bytes(), target.training_file.read_bytes()) == kept


def test_the_best_epoch_is_kept_not_the_last(
    target: project.Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    validation = iter([0.2, 0.9, 0.5])
    true_accuracy = train._accuracy

    def accuracy(model: object, split: Split, *more: object) -> float:
        return next(validation) if len(split) == 60 else true_accuracy(model, split, *more)

    monkeypatch.setattr(train, "_accuracy", accuracy)
    seen: dict[str, dict[str, torch.Tensor]] = {}

    def look(message: str) -> None:
        seen[message[:7]] = torch.load(target.folder / "work" / "blocks" / "state.pt")["model"]

    result = run(target, epochs=3, on_progress=look)
    assert (result.best_epoch, result.validation_accuracy) == (2, 0.9)
    kept = target.load().model.state_dict()
    assert all(torch.equal(kept[name], seen["epoch 2"][name]) for name in kept)
    assert not torch.equal(kept["0.weight"], seen["epoch 3"]["0.weight"])


def test_every_epoch_has_an_order_of_its_own(
    target: project.Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[torch.Tensor] = []
    monkeypatch.setattr(train, "_augment", lambda images, _: batches.append(images) or images)
    run(target, epochs=2)
    first, second = batches[0], batches[len(batches) // 2]
    assert first.shape == second.shape
    assert not torch.equal(first, second)


def test_what_chooses_the_best_epoch_is_not_trained_on() -> None:
    whole = Split(np.arange(105).reshape(105, 1, 1, 1).astype(np.uint8), np.zeros(105, np.uint8))
    fitting, validation = train._hold_back(whole)
    assert (len(fitting), len(validation)) == (95, 10)
    together = np.concatenate([fitting.images, validation.images])
    assert np.array_equal(together, whole.images)


def test_a_project_without_a_data_set_cannot_be_trained(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    text = MODEL.replace('DATASET = "MNIST"', "")
    (tmp_path / "own" / "model.py").write_text(text, encoding="utf-8")
    with pytest.raises(ProjectError, match=r"model\.py: has no DATASET to train on"):
        train.train(project.find("own", tmp_path), tmp_path)


def test_no_epochs_are_refused(target: project.Project) -> None:
    with pytest.raises(ProjectError, match="epochs is 0; it must be 1 or more"):
        run(target, epochs=0)


def test_an_input_is_the_normalized_centre_of_the_image() -> None:
    mnist = datasets.find("MNIST")
    images = torch.zeros(1, 1, 28, 28, dtype=torch.uint8)
    images[:, :, 2:26, 2:26] = 255
    got = train.Inputs(mnist, 24, (144,))(images)
    assert got.shape == (1, 144)
    torch.testing.assert_close(got, torch.full((1, 144), (1 - mnist.mean[0]) / mnist.std[0]))


def test_an_input_of_full_size_is_not_resampled() -> None:
    fashion = datasets.find("Fashion-MNIST")
    images = torch.randint(0, 256, (2, 1, 28, 28), dtype=torch.uint8)
    got = train.Inputs(fashion, 28, (1, 28, 28))(images)
    torch.testing.assert_close(got, (images / 255 - fashion.mean[0]) / fashion.std[0])


def test_each_channel_has_its_own_normalization() -> None:
    cifar10 = datasets.find("CIFAR-10")
    got = train.Inputs(cifar10, 32, (3, 26, 26))(torch.zeros(1, 3, 32, 32, dtype=torch.uint8))
    expected = [-mean / std for mean, std in zip(cifar10.mean, cifar10.std, strict=True)]
    assert got[0, :, 13, 13].tolist() == pytest.approx(expected)


@pytest.mark.parametrize("name", ["CIFAR-10", "MNIST"])
def test_an_augmented_image_is_the_image_shifted_and_maybe_mirrored(name: str) -> None:
    data_set: DataSet = datasets.find(name)
    torch.manual_seed(0)
    size, shift = data_set.size, data_set.shift
    images = torch.randint(1, 256, (40, data_set.channels, size, size), dtype=torch.uint8)
    padded = functional.pad(images, [shift] * 4)
    used = set()
    for original, got in zip(padded, train._augment(images, data_set), strict=True):
        matches = [
            (top, left, mirrored)
            for top in range(2 * shift + 1)
            for left in range(2 * shift + 1)
            for mirrored in (False, True)
            if torch.equal(
                got.flip(2) if mirrored else got,
                original[:, top : top + size, left : left + size],
            )
        ]
        assert len(matches) == 1
        used.add(matches[0])
    assert {mirrored for *_, mirrored in used} == ({False, True} if data_set.mirrored else {False})
    assert len({(top, left) for top, left, _ in used}) > 4


def test_measuring_leaves_the_model_as_it_was() -> None:
    model = nn.Sequential(nn.Linear(16, 10))
    before = model[0].weight.clone()
    train.measure(model, blocks(20, 0), train.Inputs(datasets.find("MNIST"), 24, (16,)))
    assert torch.equal(model[0].weight, before)
