"""Trains the weights of a project on its data set and measures what quantization costs.

A tenth of the train split is held back to choose the best epoch; the test split is looked at once,
at the end. Each epoch leaves its state in `build/train/<project>/`, so that the same command goes
on where it was interrupted; the project's own files are replaced only when everything is measured.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn import functional

import golden.network
from heepstor import datasets
from heepstor.datasets import DataSet, Split
from heepstor.errors import ProjectError
from heepstor.ir import Shape
from heepstor.project import Definition, Project
from heepstor.quantize import quantize

SCHEMA = "heepstor-training/1"
DEFAULT_EPOCHS = 20
WORK_DIR = Path(__file__).resolve().parents[1] / "build" / "train"

_BATCH = 128
_EVALUATION_BATCH = 500
_PEAK_LEARNING_RATE = 5e-3
_WEIGHT_DECAY = 1e-3
_VALIDATION_SHARE = 10  # one in ten of the train split

Progress = Callable[[str], None]


@dataclass(frozen=True)
class TestAccuracy:
    """Share of the test split, 0 to 1, that is classified right.

    `quantized` is the fake-quantized PyTorch module, `golden` the bit-exact model: what the
    hardware computes.
    """

    float32: float
    quantized_per_tensor: float
    quantized_per_channel: float
    golden_per_tensor: float
    golden_per_channel: float


@dataclass(frozen=True)
class TrainResult:
    """A finished training; the same facts are in the project's `training.json`."""

    project: str
    data: str
    epochs: int
    best_epoch: int
    validation_accuracy: float
    test_accuracy: TestAccuracy
    weights_file: Path

    def __str__(self) -> str:
        rows = asdict(self.test_accuracy).items()
        return "\n".join(
            [f"{self.project}: test accuracy on {self.data}"]
            + [f"  {name.replace('_', ' '):<22} {value:7.2%}" for name, value in rows]
            + [f"  weights in {self.weights_file}"]
        )


def train(
    project: Project,
    data_dir: Path,
    *,
    epochs: int | None = None,
    seed: int = 0,
    on_progress: Progress = lambda message: None,
    device: str = "cpu",
    data_name: str | None = None,
    work_dir: Path = WORK_DIR,
) -> TrainResult:
    """Train, measure, and write `weights.safetensors` and `training.json` of the project.

    Args:
        project: its `model.py` names the data set.
        data_dir: folder with the data set's standard files, downloaded when missing.
        epochs: passes over the train split; `DEFAULT_EPOCHS` unless given.
        seed: of weights, order and augmentation; equal seeds on one machine give equal weights.
        on_progress: gets a line for each epoch.
        device: PyTorch's name of the device.
        data_name: what to call the data in `training.json`; its name and size unless given.
        work_dir: where interrupted trainings are kept.

    Raises:
        ProjectError: the project cannot be trained.
        DataError: the data set is missing or corrupted.
    """
    torch.manual_seed(seed)  # the initial weights
    definition = project.define()
    if definition.data_set is None or definition.crop is None:
        known = ", ".join(data_set.name for data_set in datasets.DATA_SETS)
        raise ProjectError(
            f"{project.folder / 'model.py'}: has no DATASET to train on; accepted are {known}"
        )
    epochs = DEFAULT_EPOCHS if epochs is None else epochs
    if epochs < 1:
        raise ProjectError(f"epochs is {epochs}; it must be 1 or more")
    data = datasets.load_from(definition.data_set, data_dir, on_progress=on_progress)
    inputs = Inputs(definition.data_set, definition.crop, definition.input_shape)
    fitting, validation = _hold_back(data.train)

    settings = {"epochs": epochs, "seed": seed, "images": len(data.train), "crop": inputs.crop}
    run = _Run(definition, settings, work_dir / project.name / "state.pt", device)
    if run.resume():
        on_progress(f"going on after epoch {run.epoch} of {epochs}")
    while run.epoch < epochs:
        run.train_epoch(fitting, inputs)
        accuracy = run.keep_if_better(_accuracy(run.model, validation, inputs, device))
        on_progress(
            f"epoch {run.epoch} of {epochs}: loss {run.loss:.3f}, validation {accuracy:.2%} "
            f"(best {run.best_accuracy:.2%})"
        )
    run.model.load_state_dict(run.best)

    on_progress(f"measuring on {len(data.test)} test images")
    result = TrainResult(
        project=project.name,
        data=data_name or _name_data(definition.data_set, data),
        epochs=epochs,
        best_epoch=run.best_epoch,
        validation_accuracy=run.best_accuracy,
        test_accuracy=measure(run.model.cpu(), data.test, inputs),
        weights_file=project.weights_file,
    )
    _publish(project, result, run.model, data, inputs, seed)
    run.state_file.unlink()
    return result


@dataclass(frozen=True)
class Inputs:
    """Makes inputs of images: the centre, normalized, resized (bilinear, antialiased)."""

    data_set: DataSet
    crop: int
    input_shape: Shape

    def __call__(self, images: Tensor) -> Tensor:
        """Images uint8 [B, C, H, W] to inputs float32 [B, *input_shape]."""
        edge = (self.data_set.size - self.crop) // 2
        centre = images[:, :, edge : edge + self.crop, edge : edge + self.crop]
        mean, std = (
            torch.tensor(values, device=images.device).reshape(-1, 1, 1)
            for values in (self.data_set.mean, self.data_set.std)
        )
        normalized = (centre.to(torch.float32) / 255 - mean) / std
        resized = functional.interpolate(
            normalized, self._size(), mode="bilinear", antialias=True, align_corners=False
        )
        return resized.reshape(len(images), *self.input_shape)

    def _size(self) -> tuple[int, int]:
        """Rows and columns of an input; vectors are square images."""
        if len(self.input_shape) == 3:
            return self.input_shape[1], self.input_shape[2]
        side = math.isqrt(self.input_shape[0] // self.data_set.channels)
        return side, side


def measure(model: nn.Sequential, test: Split, inputs: Inputs) -> TestAccuracy:
    """Accuracy on a test split, of the model in float32 and quantized in every way."""
    model = model.eval()
    return TestAccuracy(
        float32=_accuracy(model, test, inputs),
        quantized_per_tensor=_accuracy(quantize(model, per_channel=False), test, inputs),
        quantized_per_channel=_accuracy(quantize(model, per_channel=True), test, inputs),
        golden_per_tensor=_accuracy(_golden(model, per_channel=False), test, inputs),
        golden_per_channel=_accuracy(_golden(model, per_channel=True), test, inputs),
    )


class _Run:
    """A training in progress: model and optimizer, the best weights so far, and their file."""

    def __init__(
        self, definition: Definition, settings: dict[str, int], state_file: Path, device: str
    ) -> None:
        self.model = definition.model.to(device)
        self.state_file = state_file
        self.epoch = 0
        self.loss = math.nan
        self.best: dict[str, Tensor] = {}
        self.best_accuracy = -1.0
        self.best_epoch = 0
        self._settings = settings
        self._device = device
        self._optimizer = torch.optim.AdamW(self.model.parameters(), weight_decay=_WEIGHT_DECAY)
        self._peak = _PEAK_LEARNING_RATE

    def resume(self) -> bool:
        """Take up the state of an earlier training with the same settings, if there is one."""
        if not self.state_file.exists():
            return False
        state = torch.load(self.state_file, map_location=self._device, weights_only=True)
        if state["settings"] != self._settings or not _fits(self.model, state["model"]):
            return False
        self.model.load_state_dict(state["model"])
        self._optimizer.load_state_dict(state["optimizer"])
        self.epoch, self.loss = state["epoch"], state["loss"]
        self.best, self.best_epoch = state["best"], state["best_epoch"]
        self.best_accuracy = state["best_accuracy"]
        return True

    def train_epoch(self, data: Split, inputs: Inputs) -> None:
        """One pass over the data; leaves the mean `loss`."""
        # A resumed training must draw what an uninterrupted one would have drawn.
        torch.manual_seed(self._settings["seed"] * 100_003 + self.epoch)
        self.model.train()
        images, labels = _tensors(data, self._device)
        order = torch.randperm(len(images), device=self._device)
        # A last batch of one image has no variance, which batch norm refuses.
        batches = [batch for batch in torch.split(order, _BATCH) if len(batch) > 1]
        total = 0.0
        for step, batch in enumerate(batches):
            self._set_learning_rate((self.epoch + step / len(batches)) / self._settings["epochs"])
            x = inputs(_augment(images[batch], inputs.data_set))
            loss = functional.cross_entropy(self.model(x), labels[batch])
            self._optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            self._optimizer.step()
            total += loss.item()
        self.epoch += 1
        self.loss = total / len(batches)

    def keep_if_better(self, accuracy: float) -> float:
        """Note the accuracy of this epoch and save the state; returns the accuracy."""
        if accuracy > self.best_accuracy:
            self.best_accuracy, self.best_epoch = accuracy, self.epoch
            self.best = {name: t.detach().clone() for name, t in self.model.state_dict().items()}
        state = {
            "settings": self._settings,
            "model": self.model.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "epoch": self.epoch,
            "loss": self.loss,
            "best": self.best,
            "best_epoch": self.best_epoch,
            "best_accuracy": self.best_accuracy,
        }
        self.state_file.parent.mkdir(parents=True, exist_ok=True)
        _replace(self.state_file, lambda path: torch.save(state, path))
        return accuracy

    def _set_learning_rate(self, progress: float) -> None:
        """Up over the first tenth of the training, then down along a cosine."""
        rate = (
            progress / 0.1
            if progress < 0.1
            else (1 + math.cos(math.pi * (progress - 0.1) / 0.9)) / 2
        )
        for group in self._optimizer.param_groups:
            group["lr"] = self._peak * max(rate, 1e-3)


def _hold_back(split: Split) -> tuple[Split, Split]:
    """What to train on, and what to choose the best epoch by."""
    held = max(1, len(split) // _VALIDATION_SHARE)
    return (
        Split(split.images[:-held], split.labels[:-held]),
        Split(split.images[-held:], split.labels[-held:]),
    )


def _augment(images: Tensor, data_set: DataSet) -> Tensor:
    """Each image shifted, and maybe mirrored, at random; uint8 [B, C, H, W] as it came."""
    count, _, height, width = images.shape
    padded = functional.pad(images, [data_set.shift] * 4)
    top, left = torch.randint(0, 2 * data_set.shift + 1, (2, count, 1), device=images.device)
    rows = top + torch.arange(height, device=images.device)
    columns = left + torch.arange(width, device=images.device)
    if data_set.mirrored:
        mirrored = torch.rand(count, 1, device=images.device) < 0.5
        columns = torch.where(mirrored, columns.flip(1), columns)
    image = torch.arange(count, device=images.device).reshape(-1, 1, 1)
    shifted = padded[image, :, rows.unsqueeze(2), columns.unsqueeze(1)]  # [B, H, W, C]
    return shifted.permute(0, 3, 1, 2)


def _accuracy(
    model: Callable[[Tensor], Tensor], split: Split, inputs: Inputs, device: str = "cpu"
) -> float:
    if isinstance(model, nn.Module):
        model.eval()
    right = 0
    with torch.no_grad():
        for images, labels in _batches(split, device):
            right += int((model(inputs(images)).argmax(dim=1) == labels).sum())
    return right / len(split)


def _batches(split: Split, device: str) -> Iterator[tuple[Tensor, Tensor]]:
    images, labels = _tensors(split, device)
    yield from zip(
        torch.split(images, _EVALUATION_BATCH), torch.split(labels, _EVALUATION_BATCH), strict=True
    )


def _tensors(split: Split, device: str) -> tuple[Tensor, Tensor]:
    images = torch.tensor(split.images, device=device)
    return images, torch.tensor(split.labels, dtype=torch.int64, device=device)


def _golden(model: nn.Sequential, *, per_channel: bool) -> Callable[[Tensor], Tensor]:
    def run(x: Tensor) -> Tensor:
        outputs = golden.network.run(model, x, per_channel=per_channel)
        return outputs[max(outputs)]

    return run


def _fits(model: nn.Sequential, state: dict[str, Tensor]) -> bool:
    own = model.state_dict()
    return own.keys() == state.keys() and all(own[n].shape == state[n].shape for n in own)


def _name_data(data_set: DataSet, data: datasets.Data) -> str:
    if (len(data.train), len(data.test)) == data_set.sizes:
        return data_set.name
    return f"{data_set.name} ({len(data.train)} train, {len(data.test)} test images)"


def _publish(
    project: Project,
    result: TrainResult,
    model: nn.Sequential,
    data: datasets.Data,
    inputs: Inputs,
    seed: int,
) -> None:
    """Write the project's files, each whole; the weights last, so that none is without a record."""
    held = len(data.train) // _VALIDATION_SHARE
    record: dict[str, Any] = {
        "schema": SCHEMA,
        "project": project.name,
        "data": {
            "name": result.data,
            "train_images": len(data.train) - held,
            "validation_images": held,
            "test_images": len(data.test),
            "crop": inputs.crop,
            "input_shape": list(inputs.input_shape),
            "mean": list(inputs.data_set.mean),
            "std": list(inputs.data_set.std),
        },
        "training": {
            "epochs": result.epochs,
            "seed": seed,
            "best_epoch": result.best_epoch,
            "validation_accuracy": result.validation_accuracy,
            "torch": torch.__version__,
        },
        "test_accuracy": asdict(result.test_accuracy),
    }
    tensors = {name: tensor.cpu().contiguous() for name, tensor in model.state_dict().items()}
    _replace(project.weights_file, lambda path: path.write_bytes(save(tensors)))
    _replace(
        project.training_file,
        lambda path: path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8"),
    )


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file under another name first, so that there is never half of it."""
    temporary = path.with_name(f".{path.name}.tmp")
    write(temporary)
    temporary.replace(path)
