"""The schema of `report.json` and the parts of the report that follow from the plan."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jsonschema

from heepstor.config import Config
from heepstor.errors import ReportError
from heepstor.ir import Layer, Plan
from heepstor.report.records import LayerRecord, Record, Records

SCHEMA = "heepstor-report/1"

IDENTITY = ("config", "rtl", "image")
"""What a run is of; keys of the `@heepstor` record."""

Report = dict[str, Any]


def predicted(layer: Report) -> int | None:
    """The planner's cycles for a layer; None where an earlier version made no prediction."""
    cycles: int = layer["predicted_cycles"]
    return cycles or None


def load_schema() -> dict[str, Any]:
    """The JSON schema that every `report.json` meets; each property carries its description."""
    schema: dict[str, Any] = json.loads(
        Path(__file__).with_name("schema.json").read_text(encoding="utf-8")
    )
    return schema


def load(path: Path) -> Report:
    """Read a `report.json`.

    Raises:
        ReportError: there is none, or it is not what the schema promises.
    """
    try:
        report: Report = json.loads(path.read_text(encoding="utf-8"))
        validate(report)
    except FileNotFoundError:
        raise ReportError(f"{path}: is missing; `heepstor sim` makes it") from None
    except (OSError, ValueError) as error:
        raise ReportError(f"{path}: cannot be read as JSON ({error})") from error
    except jsonschema.ValidationError as error:
        raise ReportError(
            f"{path}: is no report of this version of HEEPstor ({error.message}); simulate again"
        ) from error
    return report


def validate(report: Report) -> None:
    """Check a report against the schema.

    Raises:
        jsonschema.ValidationError: the report is not what the schema promises.
    """
    jsonschema.validate(report, load_schema())


def identity(header: Record | None) -> Report | None:
    """Configuration, RTL and image that ran, as the firmware's `@heepstor` record names them."""
    return {key: header[key] for key in IDENTITY} if header else None


def layer_rows(plan: Plan, records: Records, config: Config) -> list[Report]:
    """One row a layer, in order; `cycles` is null for layers the firmware did not reach."""
    found = {record.index: record for record in records.layers}
    total = sum(record.cycles for record in records.layers)
    return [_layer_row(layer, found.get(layer.index), total, config) for layer in plan.layers]


def _layer_row(layer: Layer, record: LayerRecord | None, total: int, config: Config) -> Report:
    """`utilization` is MACs over what the whole array could do in these cycles."""
    peak = config.systolic_array_size**2
    cycles = record.cycles if record else None
    counters = {"stream": dict(record.stream)} if record and record.stream else {}
    return {
        "name": layer.name,
        "op": layer.kind.value,
        "backend": layer.backend.value,
        "backend_reason": layer.backend_reason,
        "input_shape": list(layer.input.shape),
        "output_shape": list(layer.output.shape),
        "macs": layer.macs,
        "cycles": cycles,
        "predicted_cycles": layer.predicted_cycles,
        "macs_per_cycle": round(layer.macs / cycles, 4) if cycles else None,
        "utilization": round(layer.macs / cycles / peak, 6) if cycles else None,
        "share": round(cycles / total, 6) if cycles and total else None,
        "bounds": _bounds(layer, config),
        **counters,
    }


def _bounds(layer: Layer, config: Config) -> Report | None:
    # The planner brings PyTorch along, which takes seconds: who only shows a report needs neither.
    from heepstor.plan.bounds import bounds

    found = bounds(layer, config)
    if found is None:
        return None
    return {
        "array_cycles": found.array_cycles,
        "port_cycles": found.port_cycles(config),
        "words": found.words,
    }


def prediction_rows(
    scores: Sequence[Sequence[float]], class_names: Sequence[str], labels: Sequence[int] | None
) -> list[Report]:
    """The class with the highest score for every sample of the batch."""
    rows = []
    for i, row in enumerate(scores):
        top1 = max(range(len(row)), key=row.__getitem__)
        rows.append(
            {
                "top1": top1,
                "class": class_names[top1] if top1 < len(class_names) else str(top1),
                "expected": labels[i] if labels is not None else None,
            }
        )
    return rows
