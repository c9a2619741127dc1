"""Projects are found and loaded; what is wrong with one is said in a sentence."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from heepstor import datasets, project
from heepstor.errors import DataError, ProjectError

EXAMPLES = [
    "bench-fmnist-large",
    "bench-fmnist-medium",
    "bench-fmnist-small",
    "cifar10",
    "fmnist-conv2d",
    "mnist-multi_layer",
    "mnist-single_layer",
]
TRAINED = ["cifar10", "mnist-multi_layer", "mnist-single_layer"]

MODEL = """
from torch import nn

INPUT_SHAPE = (4,)


def model():
    return nn.Sequential(nn.Linear(4, 3), nn.ReLU())
"""


def make(root: Path, text: str = MODEL, name: str = "own") -> project.Project:
    """A project of this `model.py` in a folder of its own."""
    (root / name).mkdir()
    (root / name / "model.py").write_text(text, encoding="utf-8")
    return project.find(name, root)


def write_weights(target: project.Project, **changes: torch.Tensor) -> None:
    """Right weights for `MODEL`, with some changed or added."""
    tensors = {"0.weight": torch.ones(3, 4), "0.bias": torch.arange(3.0)}
    save_file(tensors | changes, target.weights_file)


def test_the_example_projects_are_there() -> None:
    assert set(EXAMPLES) <= set(project.names())


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_infers_its_sample(name: str) -> None:
    loaded = project.find(name).load()
    assert not loaded.model.training
    assert loaded.sample.shape == (1, *loaded.input_shape)
    assert loaded.append_final_softmax
    with torch.no_grad():
        scores = loaded.model(loaded.sample_tensor)
    assert scores.shape == (1, len(loaded.class_names)) == (1, 10)
    assert scores.isfinite().all()
    if loaded.sample_labels:
        assert scores.argmax(dim=1).tolist() == list(loaded.sample_labels)


@pytest.mark.parametrize("name", TRAINED)
def test_a_trained_example_knows_its_sample_and_names_its_data(name: str) -> None:
    loaded = project.find(name).load()
    record = json.loads(project.find(name).training_file.read_text(encoding="utf-8"))
    assert loaded.sample_labels is not None
    assert loaded.weights_source.startswith(f"trained ({record['data']['name']}, test accuracy")


@pytest.mark.parametrize("name", sorted(set(EXAMPLES) - set(TRAINED)))
def test_an_example_without_weights_says_so_and_is_the_same_every_time(name: str) -> None:
    loaded, again = project.find(name).load(), project.find(name).load()
    assert "not trained" in loaded.weights_source
    for key, tensor in loaded.model.state_dict().items():
        assert torch.equal(tensor, again.model.state_dict()[key]), key


def test_pseudo_random_weights_keep_activations_sane() -> None:
    loaded = project.find("bench-fmnist-large").load()
    x = loaded.sample_tensor
    with torch.no_grad():
        for index, module in enumerate(loaded.model):
            x = module(x)
            assert 0.1 < float(x.std()) < 10, f"after module {index}"


def test_different_projects_have_different_pseudo_random_weights(tmp_path: Path) -> None:
    first, second = make(tmp_path, name="a").load(), make(tmp_path, name="b").load()
    assert not torch.equal(first.model[0].weight, second.model[0].weight)


def test_five_digits_are_a_batch() -> None:
    loaded = project.find("mnist-multi_layer").load(batch=5)
    assert loaded.sample.shape == (5, 144)
    assert loaded.sample_labels == (7, 2, 1, 0, 4)


def test_a_minimal_model_py_is_enough(tmp_path: Path) -> None:
    loaded = make(tmp_path).load()
    assert (loaded.input_shape, loaded.append_final_softmax) == ((4,), False)
    assert (loaded.class_names, loaded.sample_labels) == ((), None)
    assert loaded.sample.shape == (1, 4)
    assert np.array_equal(loaded.sample, project.find("own", tmp_path).load().sample)


@pytest.mark.parametrize(
    ("text", "tolerance"),
    [
        ("", ()),
        ("CYCLE_TOLERANCE = 20", ("20",)),
        ("CYCLE_TOLERANCE = '0.5%'", ("0.5%",)),
        ("CYCLE_TOLERANCE = {'fc1': 20, 'conv1': '0.5%'}", ("fc1=20", "conv1=0.5%")),
    ],
)
def test_a_tolerance_in_model_py_is_what_compare_takes(
    tmp_path: Path, text: str, tolerance: tuple[str, ...]
) -> None:
    assert make(tmp_path, f"{MODEL}\n{text}\n").define().cycle_tolerance == tolerance


def test_weights_are_those_of_the_file(tmp_path: Path) -> None:
    target = make(tmp_path)
    write_weights(target)
    loaded = target.load()
    assert loaded.model[0].bias.tolist() == [0.0, 1.0, 2.0]
    assert loaded.weights_source == "trained (no training.json tells on what)"


def test_an_unknown_project_is_refused_with_the_closest_and_all_names() -> None:
    with pytest.raises(ProjectError) as error:
        project.find("cifar")
    assert "'cifar' is unknown; did you mean cifar10?" in str(error.value)
    assert all(name in str(error.value) for name in EXAMPLES)


def test_without_any_project_the_place_for_them_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=f"none; .* a model.py in {tmp_path}"):
        project.find("own", tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (MODEL + "def broken(:\n", r"model\.py:9: SyntaxError"),
        ("import not_there\n", r"model\.py:1: ModuleNotFoundError: .*not_there"),
        (MODEL.replace("Linear(4", "Linear(four"), r"model\.py:8: NameError: .*'four'"),
        (MODEL.replace("Linear(4, 3)", "Linear(-1, 3)"), r"model\.py:8: RuntimeError"),
        ("INPUT_SHAPE = (4,)\n", r"model\.py: has no function model\(\)"),
        (MODEL + "raise ValueError('two\\nlines')\n", r"model\.py:9: ValueError: two lines"),
        (MODEL.replace("nn.Sequential(nn.Linear(4, 3), nn.ReLU())", "7"), "model.. returns int"),
        (MODEL.replace("INPUT_SHAPE = (4,)", ""), r"has no INPUT_SHAPE; it must be \(C, H, W\)"),
        (MODEL.replace("(4,)", "4"), "INPUT_SHAPE is 4; it must be"),
        (MODEL.replace("(4,)", "(1, 4)"), r"INPUT_SHAPE is \(1, 4\); it must be"),
        (MODEL.replace("(4,)", "(0,)"), r"INPUT_SHAPE is \(0,\); it must be"),
        (MODEL + "BATCH = 0\n", "BATCH is 0; it must be 1 or more"),
        (MODEL + "APPEND_FINAL_SOFTMAX = 1\n", "APPEND_FINAL_SOFTMAX is 1; it must be True or"),
        (MODEL + "CLASS_NAMES = 'ab'\n", "CLASS_NAMES is 'ab'; it must be a list"),
        (MODEL + "CYCLE_TOLERANCE = [1]\n", r"CYCLE_TOLERANCE is \[1\]; it must be cycles or"),
        (MODEL + "DATASET = 'SVHN'\n", "DATASET: data set 'SVHN' is unknown; known are CIFAR-10"),
    ],
)
def test_a_mistake_in_model_py_is_told_with_its_place(
    tmp_path: Path, text: str, message: str
) -> None:
    target = make(tmp_path, text)
    with pytest.raises(ProjectError, match=message) as error:
        target.load()
    assert str(target.folder / "model.py") in str(error.value)
    assert "\n" not in str(error.value)


def test_corrupted_weights_are_refused(tmp_path: Path) -> None:
    target = make(tmp_path)
    write_weights(target)
    whole = target.weights_file.read_bytes()
    for content in (b"", whole[:-1], b"\xff" * 64, whole[:4]):
        target.weights_file.write_bytes(content)
        with pytest.raises(DataError, match="is no safetensors file that can be read"):
            target.load()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"0.weight": torch.ones(3, 5)}, r"0.weight is float32 \[3, 5\], it must be .* \[3, 4\]"),
        ({"0.bias": torch.ones(3).half()}, "0.bias is float16"),
        ({"1.weight": torch.ones(1)}, "1.weight is not of the model"),
    ],
)
def test_weights_of_another_model_are_refused(
    tmp_path: Path, changes: dict[str, torch.Tensor], message: str
) -> None:
    target = make(tmp_path)
    write_weights(target, **changes)
    with pytest.raises(DataError, match=f"does not fit model.py: {message}"):
        target.load()


def test_weights_that_lack_a_tensor_are_refused(tmp_path: Path) -> None:
    target = make(tmp_path)
    save_file({"0.weight": torch.ones(3, 4)}, target.weights_file)
    with pytest.raises(DataError, match=r"0\.bias is missing"):
        target.load()


def test_lost_weights_are_not_replaced_by_pseudo_random_ones(tmp_path: Path) -> None:
    target = make(tmp_path)
    target.training_file.write_text("{}", encoding="utf-8")
    with pytest.raises(DataError, match=r"weights.safetensors: is missing, though training.json"):
        target.load()


@pytest.mark.parametrize(
    ("record", "message"),
    [("{", "cannot be read as JSON"), ("[]", "holds list"), ("{}", "is incomplete")],
)
def test_a_broken_training_record_is_refused(tmp_path: Path, record: str, message: str) -> None:
    target = make(tmp_path)
    write_weights(target)
    target.training_file.write_text(record, encoding="utf-8")
    with pytest.raises(DataError, match=f"training.json: {message}"):
        target.load()


@pytest.mark.parametrize(
    "sample",
    [
        np.zeros((1, 5), np.float32),
        np.zeros((1, 4), np.float64),
        np.zeros((0, 4), np.float32),
        np.zeros((), np.float32),
    ],
)
def test_a_sample_that_does_not_fit_is_refused(tmp_path: Path, sample: np.ndarray) -> None:
    target = make(tmp_path)
    np.save(target.folder / "sample.npy", sample)
    with pytest.raises(DataError, match=r"sample.npy: holds .* must be float32 \[1 or more, 4\]"):
        target.load()


def test_a_sample_that_is_no_numpy_file_is_refused(tmp_path: Path) -> None:
    target = make(tmp_path)
    (target.folder / "sample.npy").write_bytes(b"no")
    with pytest.raises(DataError, match="is no NumPy file that can be read"):
        target.load()


def test_labels_that_are_no_classes_are_refused(tmp_path: Path) -> None:
    target = make(tmp_path)
    np.save(target.folder / "sample.npy", np.zeros((1, 4), np.float32))
    (target.folder / "sample.json").write_text('{"labels": ["ship"]}', encoding="utf-8")
    with pytest.raises(DataError, match=r"labels is \['ship'\]; it must be a list of classes"):
        target.load()


@pytest.mark.parametrize("name", EXAMPLES)
def test_committed_weights_hold_nothing_but_the_model(name: str) -> None:
    target = project.find(name)
    expected = target.define().model.state_dict()
    if name in TRAINED:
        assert load_file(target.weights_file).keys() == expected.keys()
    else:
        assert not target.weights_file.exists()


def test_an_example_of_a_data_set_takes_its_classes(tmp_path: Path) -> None:
    loaded = make(tmp_path, MODEL + "DATASET = 'MNIST'\n").load()
    assert loaded.class_names == datasets.find("MNIST").classes == tuple("0123456789")


def test_batch_norm_without_affine_or_statistics_can_be_seeded() -> None:
    model = nn.Sequential(nn.BatchNorm2d(2, affine=False), nn.Conv2d(2, 2, 1, bias=False))
    project.seed_weights(model, "any")
    assert float(model[0].running_var.min()) >= 0.5
    project.seed_weights(nn.Sequential(nn.BatchNorm2d(2, track_running_stats=False)), "any")
