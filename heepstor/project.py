"""Finds and loads the projects: the folders of `sw/apps` that hold a `model.py`.

`model.py` defines `model()`, which returns the `nn.Sequential`, and `INPUT_SHAPE`, without the
batch. The rest is optional: `APPEND_FINAL_SOFTMAX` (False), `BATCH` (1), `CLASS_NAMES`,
`CYCLE_TOLERANCE` (of `heepstor compare`: `100`, `"0.5%"`, or either by layer, as `{"fc1": 100}`),
and for training `DATASET` and `CROP`. Beside it lie `weights.safetensors`, `training.json`,
`sample.npy` and `sample.json`; a project without weights runs with pseudo-random ones, and says so.
"""

from __future__ import annotations

import difflib
import json
import math
import runpy
import traceback
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from heepstor import datasets
from heepstor.errors import DataError, ProjectError
from heepstor.ir import Float32Array, Shape

APPS = Path(__file__).resolve().parents[1] / "sw" / "apps"


@dataclass(frozen=True)
class Definition:
    """What a `model.py` says; `model` is untrained.

    `input_shape` is `(C, H, W)` or `(F,)`. `crop` is the side, in pixels, of the centre of the data
    set's images that is resized to the input. `cycle_tolerance` is what `heepstor compare
    --tolerance` takes.
    """

    model: nn.Sequential
    input_shape: Shape
    append_final_softmax: bool
    batch: int
    class_names: tuple[str, ...]
    cycle_tolerance: tuple[str, ...]
    data_set: datasets.DataSet | None
    crop: int | None


@dataclass(frozen=True)
class LoadedProject:
    """A project ready to run: the model in eval mode with its weights, and an input.

    `sample` is [batch, *input_shape]; `sample_labels` has a class for each of them, where known.
    """

    name: str
    gen_dir: Path
    model: nn.Sequential
    input_shape: Shape
    append_final_softmax: bool
    class_names: tuple[str, ...]
    weights_source: str
    sample: Float32Array
    sample_labels: tuple[int, ...] | None

    @property
    def sample_tensor(self) -> Tensor:
        """The sample for PyTorch."""
        return torch.from_numpy(self.sample)


@dataclass(frozen=True)
class Project:
    """A folder with a `model.py`; nothing of it is read yet."""

    name: str
    folder: Path

    @property
    def weights_file(self) -> Path:
        """The trained weights."""
        return self.folder / "weights.safetensors"

    @property
    def training_file(self) -> Path:
        """How the weights were trained, and their accuracy."""
        return self.folder / "training.json"

    @property
    def gen_dir(self) -> Path:
        """The folder of the generated C++."""
        return self.folder / "gen"

    def define(self) -> Definition:
        """Execute `model.py`.

        Raises:
            ProjectError: it cannot be executed, or what it defines is not acceptable.
        """
        return _Reader(self.folder / "model.py").definition()

    def load(self, *, batch: int | None = None) -> LoadedProject:
        """Everything a run needs; `batch` is that of `model.py` unless given.

        Raises:
            ProjectError: `model.py` is not acceptable.
            DataError: weights or sample are corrupted or do not fit the model.
        """
        definition = self.define()
        model = definition.model
        source = self._load_weights(model)
        sample, labels = self._load_sample(definition, batch or definition.batch)
        return LoadedProject(
            name=self.name,
            gen_dir=self.gen_dir,
            model=model.eval(),
            input_shape=definition.input_shape,
            append_final_softmax=definition.append_final_softmax,
            class_names=definition.class_names,
            weights_source=source,
            sample=sample,
            sample_labels=labels,
        )

    def _load_weights(self, model: nn.Sequential) -> str:
        """Fill the model; returns where the weights come from."""
        if self.weights_file.exists():
            load_weights(model, self.weights_file)
            return f"trained ({self._training()})"
        if self.training_file.exists():
            raise DataError(
                f"{self.weights_file}: is missing, though {self.training_file.name} tells of it; "
                "restore it or remove both"
            )
        seed_weights(model, self.name)
        return "pseudo-random, seeded with the project's name; not trained"

    def _training(self) -> str:
        if not self.training_file.exists():
            return f"no {self.training_file.name} tells on what"
        record = _read_json(self.training_file)
        try:
            accuracy = record["test_accuracy"]["float32"]
            return f"{record['data']['name']}, test accuracy {accuracy:.1%} before quantization"
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(
                f"{self.training_file}: is incomplete ({error!r}); train again"
            ) from error

    def _load_sample(
        self, definition: Definition, batch: int
    ) -> tuple[Float32Array, tuple[int, ...] | None]:
        path = self.folder / "sample.npy"
        if not path.exists():
            return _seeded_sample(self.name, (batch, *definition.input_shape)), None
        try:
            sample = np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise DataError(f"{path}: is no NumPy file that can be read ({error})") from error
        if (
            not isinstance(sample, np.ndarray)
            or sample.dtype != np.float32
            or sample.shape[1:] != definition.input_shape
            or len(sample) < batch
        ):
            found = f"{sample.dtype} {list(sample.shape)}" if hasattr(sample, "dtype") else "more"
            raise DataError(
                f"{path}: holds {found}; it must be float32 [{batch} or more, "
                f"{', '.join(map(str, definition.input_shape))}]"
            )
        labels = self._sample_labels()
        return np.ascontiguousarray(sample[:batch]), labels[:batch] if labels else None

    def _sample_labels(self) -> tuple[int, ...] | None:
        path = self.folder / "sample.json"
        if not path.exists():
            return None
        labels = _read_json(path).get("labels")
        if labels is None:
            return None
        if not isinstance(labels, list) or not all(isinstance(label, int) for label in labels):
            raise DataError(f"{path}: labels is {labels!r}; it must be a list of classes, or null")
        return tuple(labels)


def names(root: Path = APPS) -> list[str]:
    """The projects there are, in alphabetical order."""
    return sorted(path.parent.name for path in root.glob("*/model.py"))


def find(name: str, root: Path = APPS) -> Project:
    """The project of that name.

    Raises:
        ProjectError: there is none; names the ones there are.
    """
    known = names(root)
    if name in known:
        return Project(name, root / name)
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    there = ", ".join(known) or f"none; a project is a folder with a model.py in {root}"
    raise ProjectError(f"project {name!r} is unknown; {hint}there are: {there}")


def load_weights(model: nn.Sequential, path: Path) -> None:
    """Fill `model` with the tensors of a safetensors file, which must be exactly its own.

    Raises:
        DataError: the file cannot be read or does not fit.
    """
    try:
        tensors = load_file(path)
    except (OSError, SafetensorError) as error:
        raise DataError(
            f"{path}: is no safetensors file that can be read ({error}); restore it or train again"
        ) from error
    expected = model.state_dict()
    faults = [f"{name} is missing" for name in expected.keys() - tensors.keys()]
    faults += [f"{name} is not of the model" for name in tensors.keys() - expected.keys()]
    faults += [
        f"{name} is {_describe(tensors[name])}, it must be {_describe(expected[name])}"
        for name in expected.keys() & tensors.keys()
        if _describe(tensors[name]) != _describe(expected[name])
    ]
    if faults:
        raise DataError(f"{path}: does not fit model.py: {'; '.join(sorted(faults))}")
    model.load_state_dict(tensors)


def seed_weights(model: nn.Sequential, seed: str) -> None:
    """Fill `model` with pseudo-random values that keep activations near 1 (He initialisation)."""
    generator = torch.Generator().manual_seed(zlib.crc32(seed.encode()))

    def fill(values: Tensor, low: float, high: float) -> None:
        values.copy_(torch.rand(values.shape, generator=generator) * (high - low) + low)

    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.Linear | nn.Conv2d):
                fan_in = math.prod(module.weight.shape[1:])
                limit = math.sqrt(6 / fan_in)
                fill(module.weight, -limit, limit)
                if module.bias is not None:
                    fill(module.bias, -0.1, 0.1)
            elif isinstance(module, nn.BatchNorm2d):
                if module.affine:
                    fill(module.weight, 0.8, 1.2)
                    fill(module.bias, -0.1, 0.1)
                if module.running_mean is not None and module.running_var is not None:
                    fill(module.running_mean, -0.2, 0.2)
                    fill(module.running_var, 0.5, 1.5)


class _Reader:
    """Executes a `model.py` and checks what it defines."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._names = self._execute()

    def definition(self) -> Definition:
        data_set = self._data_set()
        return Definition(
            model=self._model(),
            input_shape=self._input_shape(),
            append_final_softmax=self._value("APPEND_FINAL_SOFTMAX", bool, "True or False", False),
            batch=self._positive("BATCH", 1),
            class_names=self._class_names(data_set),
            cycle_tolerance=self._cycle_tolerance(),
            data_set=data_set,
            crop=self._positive("CROP", data_set.size) if data_set else None,
        )

    def _execute(self) -> dict[str, Any]:
        try:
            return runpy.run_path(str(self._path), run_name="heepstor_model")
        except Exception as error:
            raise self._failed(error) from error

    def _failed(self, error: Exception) -> ProjectError:
        """The error of a user's code, with the line of `model.py` it came from."""
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if Path(frame.filename) == self._path]
        if isinstance(error, SyntaxError):
            lines.append(error.lineno)
        line = f":{lines[-1]}" if lines else ""
        message = " ".join(str(error).split())  # PyTorch's may have several lines
        return ProjectError(f"{self._path}{line}: {type(error).__name__}: {message}")

    def _model(self) -> nn.Sequential:
        make = self._names.get("model")
        if not callable(make):
            raise ProjectError(
                f"{self._path}: has no function model(); it must define one that returns "
                "the nn.Sequential"
            )
        try:
            model = make()
        except Exception as error:
            raise self._failed(error) from error
        if not isinstance(model, nn.Sequential):
            raise ProjectError(
                f"{self._path}: model() returns {type(model).__name__}; "
                "it must return an nn.Sequential"
            )
        return model

    def _input_shape(self) -> Shape:
        shape: Shape = self._value("INPUT_SHAPE", tuple, "(C, H, W) or (F,)")
        if len(shape) not in (1, 3) or not all(isinstance(n, int) and n > 0 for n in shape):
            raise ProjectError(
                f"{self._path}: INPUT_SHAPE is {shape}; it must be (C, H, W) or (F,), positive, "
                "without the batch"
            )
        return shape

    def _data_set(self) -> datasets.DataSet | None:
        name = self._names.get("DATASET")
        if name is None:
            return None
        try:
            return datasets.find(name)
        except DataError as error:
            raise ProjectError(f"{self._path}: DATASET: {error}") from None

    def _class_names(self, data_set: datasets.DataSet | None) -> tuple[str, ...]:
        default = data_set.classes if data_set else ()
        return tuple(self._value("CLASS_NAMES", (tuple, list), "a list of names", default))

    def _cycle_tolerance(self) -> tuple[str, ...]:
        accepted = 'cycles or "N%", or a dict of them by layer'
        value = self._value("CYCLE_TOLERANCE", (int, str, dict), accepted, {})
        by_layer = value if isinstance(value, dict) else {"": value}
        return tuple(
            f"{layer}={limit}" if layer else str(limit) for layer, limit in by_layer.items()
        )

    def _positive(self, name: str, default: int) -> int:
        value: int = self._value(name, int, "1 or more", default)
        if value < 1:
            raise ProjectError(f"{self._path}: {name} is {value}; it must be 1 or more")
        return value

    def _value(
        self,
        name: str,
        kind: type | tuple[type, ...],
        accepted: str,
        default: Any = None,  # noqa: ANN401 (of the kind asked for)
    ) -> Any:  # noqa: ANN401
        value = self._names.get(name, default)
        if value is None:
            raise ProjectError(f"{self._path}: has no {name}; it must be {accepted}")
        if not isinstance(value, kind):
            raise ProjectError(f"{self._path}: {name} is {value!r}; it must be {accepted}")
        return value


def _describe(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {list(tensor.shape)}"


def _seeded_sample(seed: str, shape: Sequence[int]) -> Float32Array:
    generator = torch.Generator().manual_seed(zlib.crc32(f"sample of {seed}".encode()))
    sample: Float32Array = torch.randn(*shape, generator=generator).numpy()
    return sample


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read as JSON ({error})") from error
    if not isinstance(content, dict):
        raise DataError(f"{path}: holds {type(content).__name__}; it must be an object")
    return content
