"""The whole of `heepstor accuracy`: every model over the test split, then some images in RTL."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

import golden
from heepstor import datasets, flow, quantize, train
from heepstor.accuracy import document, models, spot_checks
from heepstor.accuracy.document import Document
from heepstor.accuracy.evaluate import Evaluation, evaluate, first_batch
from heepstor.accuracy.models import MODELS, Arithmetic, Model, scorer, threads
from heepstor.accuracy.partial import Partial
from heepstor.build import cache
from heepstor.datasets import DataSet, Split
from heepstor.emit import hardware
from heepstor.errors import ProjectError, ToolError
from heepstor.project import LoadedProject, Project
from heepstor.train import Inputs

Listener = Callable[[str], None]

_FILES = ("accuracy.json", "disagreements.csv")

# The code that decides a class.
_CODE = (
    *sorted(Path(golden.__file__).parent.glob("*.py")),
    *sorted(Path(quantize.__file__).parent.glob("*.py")),
    Path(train.__file__),
    Path(models.__file__),
)


def measure(
    project: Project,
    data_dir: Path,
    *,
    options: flow.Options,
    rtl: int | None = None,
    device: str | None = None,
    data_name: str | None = None,
    on_progress: Listener = lambda message: None,
    on_message: Listener = lambda message: None,
) -> Document:
    """Run every model over the whole test split of a project's data set.

    What it finds goes to `build/accuracy/<project>/`, bit by bit, so that the same call goes on
    where it was interrupted; `accuracy.json` and `disagreements.csv` are written at the end.

    Args:
        project: its `model.py` names the data set.
        data_dir: folder with the data set's standard files, downloaded when missing.
        options: hardware, back-end and quantization of the images in RTL simulation.
        rtl: how many images to run on the simulated SoC; none unless given.
        device: PyTorch's name of where the float models run; a GPU where there is one.
        data_name: what to call the data; its usual name unless given.
        on_progress: how far it is; each message replaces the one before.
        on_message: what else there is to say.

    Returns:
        What is in `accuracy.json`; docs/accuracy.md explains it.

    Raises:
        ProjectError: the project has no data set.
        DataError: the data set is missing, incomplete or corrupted.
        HeepstorError: the device cannot be used, or firmware or simulator not be built.
    """
    place = _device(device)
    task = _prepare(project, data_dir, on_message)
    checks = None
    # A second one of this project waits, and then finds what the first one has kept.
    with cache.exclusive(f"accuracy-{project.name}"):
        evaluations = _evaluate_all(task, place, on_progress, on_message)
        indices = document.disagreeing(evaluations)
        if rtl is not None:
            spots = spot_checks.choose(indices, len(task.split), rtl)
            say = _prefixed("RTL", on_progress)
            checks = spot_checks.run(task.project, spots, task.split, task.inputs, options, say)
    result: Document = {
        "schema": document.SCHEMA,
        "project": project.name,
        "weights": task.project.weights_source,
        "data": {
            "name": data_name or task.data_set.name,
            "test_images": len(task.split),
            "test_images_of_whole": task.data_set.sizes[1],
        },
        "device": str(place),
        "torch": torch.__version__,
        "models": document.model_rows(evaluations, task.split),
        "disagreements": document.disagreement_rows(indices, evaluations, task.split),
        "rtl": checks and document.rtl_section(checks, options),
        "files": [os.path.relpath(task.folder / name, flow.ROOT) for name in _FILES],
    }
    texts = (json.dumps(result, indent=2) + "\n", document.as_csv(result))
    for name, text in zip(_FILES, texts, strict=True):
        hardware.write_if_changed(task.folder / name, text)
    return result


@dataclass(frozen=True)
class _Task:
    """A network, the images to classify, and where what is found goes."""

    project: LoadedProject
    data_set: DataSet
    split: Split
    inputs: Inputs
    folder: Path

    def key(self, model: Model, device: str) -> str:
        """Stands for everything that the classes of a model depend on."""
        data = self.data_set
        parts = {
            "code": cache.file_digests(_CODE),
            "device": device,
            "images": _digest(self.split.images.tobytes(), self.split.labels.tobytes()),
            "inputs": [self.inputs.crop, self.inputs.input_shape, data.mean, data.std],
            "model": model.name,
            "network": _network_digest(self.project),
            "torch": torch.__version__,
        }
        return cache.digest_of(parts)


def _prepare(project: Project, data_dir: Path, on_message: Listener) -> _Task:
    definition = project.define()
    data_set, crop = definition.data_set, definition.crop
    if data_set is None or crop is None:
        known = ", ".join(data_set.name for data_set in datasets.DATA_SETS)
        raise ProjectError(
            f"{project.folder / 'model.py'}: has no DATASET to measure on; accepted are {known}"
        )
    return _Task(
        project.load(batch=1),
        data_set,
        datasets.load_from(data_set, data_dir, on_progress=on_message).test,
        Inputs(data_set, crop, definition.input_shape),
        flow.ROOT / "build" / "accuracy" / project.name,
    )


def _evaluate_all(
    task: _Task, device: torch.device, on_progress: Listener, on_message: Listener
) -> Mapping[Model, Evaluation]:
    found = {}
    for model in MODELS:
        key = task.key(model, "cpu" if model.arithmetic is Arithmetic.GOLDEN else str(device))
        partial = Partial(task.folder / f"{model.name}-{key}.json", key, len(task.split))
        with threads(model):
            found[model] = evaluate(
                scorer(model, task.project, device),
                task.split,
                task.inputs,
                partial,
                batch=first_batch(model, device),
                on_progress=_prefixed(model.name.replace("_", " "), on_progress),
                on_message=on_message,
            )
    return found


def _network_digest(project: LoadedProject) -> str:
    """Of everything that decides the network's function."""
    parts = [repr(project.model).encode(), str(project.append_final_softmax).encode()]
    for name, tensor in project.model.state_dict().items():
        parts += [f"{name} {tensor.dtype} {list(tensor.shape)}".encode(), tensor.numpy().tobytes()]
    return _digest(*parts)


def _digest(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.hexdigest()


def _device(name: str | None) -> torch.device:
    """The device of that name; a GPU, or else the CPU, where none is asked for.

    Raises:
        ToolError: PyTorch cannot compute on it.
    """
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).cpu()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).partition("\n")[0]
        raise ToolError(
            f"device {name!r} cannot be used ({reason}); cpu always can, and cuda where PyTorch "
            "finds a GPU"
        ) from error
    return device


def _prefixed(prefix: str, listener: Listener) -> Listener:
    return lambda message: listener(f"{prefix}: {message}")
