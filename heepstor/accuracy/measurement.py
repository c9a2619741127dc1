"""The whole of `heepstor accuracy`: every model over the test split, then some images in RTL."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from functools import partial
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
        on_progress: how far it is; each message replaces the one before.
        on_message: what else there is to say.

    Returns:
        What is in `accuracy.json`; docs/accuracy.md explains it.

    Raises:
        ProjectError: the project has no data set.
        DataError: the data set is missing, incomplete or corrupted.
        HeepstorError: the device cannot be used, or firmware or simulator not be built.
    """
    definition = project.define()
    if definition.data_set is None or definition.crop is None:
        known = ", ".join(data_set.name for data_set in datasets.DATA_SETS)
        raise ProjectError(
            f"{project.folder / 'model.py'}: has no DATASET to measure on; accepted are {known}"
        )
    loaded = project.load(batch=1)
    place = _device(device)
    split = datasets.load_from(definition.data_set, data_dir, on_progress=on_message).test
    inputs = Inputs(definition.data_set, definition.crop, definition.input_shape)

    folder = flow.ROOT / "build" / "accuracy" / project.name
    evaluations = _evaluate_all(loaded, split, inputs, place, folder, on_progress, on_message)
    indices = document.disagreeing(evaluations)
    checks = None
    if rtl is not None:
        spots = spot_checks.choose(indices, len(split), rtl)
        say = _prefixed("RTL", on_progress)
        checks = spot_checks.run(loaded, spots, split, inputs, options, say)

    files = {name: folder / name for name in ("accuracy.json", "disagreements.csv")}
    result: Document = {
        "schema": document.SCHEMA,
        "project": project.name,
        "weights": loaded.weights_source,
        "data": _describe(definition.data_set, split),
        "device": str(place),
        "torch": torch.__version__,
        "models": document.model_rows(evaluations, split),
        "disagreements": document.disagreement_rows(indices, evaluations, split),
        "rtl": checks and document.rtl_section(checks, options),
        "files": [os.path.relpath(path, flow.ROOT) for path in files.values()],
    }
    hardware.write_if_changed(files["accuracy.json"], json.dumps(result, indent=2) + "\n")
    hardware.write_if_changed(files["disagreements.csv"], document.as_csv(result))
    return result


def _evaluate_all(
    project: LoadedProject,
    split: Split,
    inputs: Inputs,
    device: torch.device,
    folder: Path,
    on_progress: Listener,
    on_message: Listener,
) -> Mapping[Model, Evaluation]:
    common = {
        "code": cache.file_digests(_CODE),
        "images": _digest(split.images.tobytes(), split.labels.tobytes()),
        "inputs": [inputs.crop, inputs.input_shape, inputs.data_set.mean, inputs.data_set.std],
        "network": _network_digest(project),
        "torch": torch.__version__,
    }
    found = {}
    for model in MODELS:
        place = "cpu" if model.arithmetic is Arithmetic.GOLDEN else str(device)
        key = cache.digest_of({**common, "model": model.name, "device": place})
        with threads(model):
            found[model] = evaluate(
                scorer(model, project, device),
                split,
                inputs,
                Partial(folder / f"{model.name}-{key}.json", key, len(split)),
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


def _describe(data_set: DataSet, split: Split) -> Document:
    return {
        "name": data_set.name,
        "test_images": len(split),
        "test_images_of_whole": data_set.sizes[1],
    }


def _prefixed(prefix: str, listener: Listener) -> Listener:
    return partial(_say_after, prefix, listener)


def _say_after(prefix: str, listener: Listener, message: str) -> None:
    listener(f"{prefix}: {message}")
