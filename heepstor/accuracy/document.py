"""`accuracy.json` and what is made of it: a table for people, and a CSV of the disagreements."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from heepstor import flow
from heepstor.accuracy.evaluate import Evaluation
from heepstor.accuracy.models import MODELS, NO_CLASS, Arithmetic, Classes, Model
from heepstor.accuracy.spot_checks import SpotCheck
from heepstor.accuracy.statistics import wilson_interval
from heepstor.datasets import Split

SCHEMA = "heepstor-accuracy/1"

Document = dict[str, Any]

_TITLES = {
    Arithmetic.FLOAT32: "float32",
    Arithmetic.QUANTIZED: "fake-quantized",
    Arithmetic.GOLDEN: "golden, bit-exact",
}
_QUANTIZATIONS = {None: "not quantized", False: "per tensor", True: "per channel"}


def disagreeing(evaluations: Mapping[Model, Evaluation]) -> list[int]:
    """Indices of the images that not all models give the same class."""
    classes = np.stack([found.classes for found in evaluations.values()])
    return [int(index) for index in np.flatnonzero((classes != classes[0]).any(axis=0))]


def model_rows(evaluations: Mapping[Model, Evaluation], split: Split) -> list[Document]:
    """A row for each model: what share of the images it gives their label."""
    return [_model_row(model, found, split) for model, found in evaluations.items()]


def disagreement_rows(
    indices: Sequence[int], evaluations: Mapping[Model, Evaluation], split: Split
) -> list[Document]:
    """A row for each of these images: its label, and the class of each model."""
    return [
        {
            "index": index,
            "label": int(split.labels[index]),
            **{m.name: _class(found.classes, index) for m, found in evaluations.items()},
        }
        for index in indices
    ]


def rtl_section(checks: Sequence[SpotCheck], options: flow.Options) -> Document:
    """What was simulated, and whether all of it is golden."""
    return {
        "quantization": "per_channel" if options.per_channel else "per_tensor",
        "backend": options.backend.value if options.backend else "planner",
        "config": f"0x{options.config.hash_hex}",
        "images": [check.as_dict() for check in checks],
        "passed": all(check.passed for check in checks),
    }


def as_csv(document: Document) -> str:
    """The disagreements as a table with a heading; a model without a class has an empty field."""
    text = io.StringIO()
    writer = csv.DictWriter(
        text, ["index", "label", *(model.name for model in MODELS)], lineterminator="\n"
    )
    writer.writeheader()
    writer.writerows(document["disagreements"])
    return text.getvalue()


def render(document: Document) -> str:
    """The document as a table for people, ending in the verdict where there is one."""
    lines = [
        f"{document['project']}: top-1 on {_images(document['data'])}",
        f"weights: {document['weights']}",
        "",
        *_table(document["models"]),
        "",
        "in brackets: 95% confidence interval (Wilson)",
        _disagreements(document),
        *_spot_checks(document["rtl"]),
    ]
    return "\n".join(lines)


def _model_row(model: Model, found: Evaluation, split: Split) -> Document:
    right = int((found.classes == split.labels).sum())
    return {
        "name": model.name,
        "right": right,
        "without_class": int((found.classes == NO_CLASS).sum()),
        "accuracy": right / len(split),
        "interval": list(wilson_interval(right, len(split))),
        "images_per_s": round(found.images_per_s, 1) if found.images_per_s else None,
    }


def _class(classes: Classes, index: int) -> int | None:
    return None if classes[index] == NO_CLASS else int(classes[index])


def _images(data: Document) -> str:
    if data["test_images"] == data["test_images_of_whole"]:
        return f"the {data['test_images']:,} test images of {data['name']}"
    return (
        f"{data['test_images']:,} test images of {data['name']} "
        f"(the whole data set has {data['test_images_of_whole']:,})"
    )


def _table(rows: Sequence[Document]) -> Iterator[str]:
    """Arithmetics down, quantizations across."""
    found = {row["name"]: row for row in rows}
    yield _line("", *_QUANTIZATIONS.values())
    for arithmetic, title in _TITLES.items():
        cells = [_cell(found.get(Model(arithmetic, each).name)) for each in _QUANTIZATIONS]
        yield _line(title, *cells)


def _line(title: str, *cells: str) -> str:
    return (f"{title:<20}" + "".join(f"{cell:<26}" for cell in cells)).rstrip()


def _cell(row: Document | None) -> str:
    if row is None:
        return ""
    low, high = row["interval"]
    return f"{row['accuracy']:.2%} [{low:.2%}, {high:.2%}]"


def _disagreements(document: Document) -> str:
    count = len(document["disagreements"])
    if count == 0:
        return "the models agree on every image"
    return f"the models disagree on {count:,} images: {document['files'][1]}"


def _spot_checks(rtl: Document | None) -> Iterator[str]:
    if rtl is None:
        return
    checks = rtl["images"]
    chosen = [check for check in checks if check["reason"] == "disagreement"]
    yield (
        f"RTL, {rtl['quantization'].replace('_', ' ')} quantization, configuration "
        f"{rtl['config']}: {len(checks)} images, {len(chosen)} of them with disagreement, "
        f"{len(checks) - len(chosen)} evenly spread"
    )
    for check in checks:
        if not check["passed"]:
            yield f"  image {check['index']}: {_fault(check)}"
    compared = sum(check["compared"] for check in checks)
    failed = sum(not check["passed"] for check in checks)
    if not rtl["passed"]:
        yield f"FAIL: {failed} of {len(checks)} images are not golden"
    else:
        yield f"PASS: {compared:,} values of all layers, all equal bit for bit"


def _fault(check: Document) -> str:
    first = check["first_mismatch"]
    if first is None:
        return f"the firmware ended with {check['exit_name']}"
    return (
        f"{check['mismatches']:,} of {check['compared']:,} values differ, the first in "
        f"{first['layer']}{first['index']}: got {first['got']} ({first['got_bits']}), "
        f"expected {first['expected']} ({first['expected_bits']})"
    )
