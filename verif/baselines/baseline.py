"""A baseline: the cycles of each layer of a project, for each back-end, and where they come from.

`verif/baselines/<project>.json` is written by `python -m verif.baselines --update`; only the
tolerances in it are written by hand, and stay when it is updated. Other CPUs than the default
hardware's have a folder each.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, get_args

import jsonschema

from heepstor.config import Core

FOLDER = Path(__file__).parent
UPDATE = "python -m verif.baselines --update"
"""The command that makes the last run of a project the baseline."""

_COUNTS = {"type": "object", "additionalProperties": {"type": "integer", "minimum": 0}}
_BACKEND = {
    "type": "object",
    "properties": {
        "commit": {"type": "string"},
        "date": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d$"},
        "config": {"type": "string", "pattern": "^0x[0-9a-f]{8}$"},
        "cycles": {**_COUNTS, "minProperties": 1},
        "tolerance": _COUNTS,
    },
    "required": ["commit", "date", "config", "cycles", "tolerance"],
    "additionalProperties": False,
}
_SCHEMA = {"type": "object", "minProperties": 1, "additionalProperties": _BACKEND}


def folder_of(core: Core) -> Path:
    """Where the baselines of the default hardware are, with that CPU in it."""
    return FOLDER if core == "cv32e40p" else FOLDER / core


def update_of(folder: Path) -> str:
    """`UPDATE` for the baselines in `folder`."""
    core = f" --core {folder.name}" if folder.name in get_args(Core) else ""
    return f"{UPDATE}{core}"


class BaselineError(Exception):
    """A baseline is missing or damaged, or a report cannot become one; says which, and the cure."""


@dataclass(frozen=True)
class Baseline:
    """Cycles of one project on one back-end."""

    commit: str
    """The revision that was measured; a `+` behind it: with changes."""
    date: str
    """When it was measured, ISO 8601."""
    config: str
    """Hash of the hardware's configuration."""
    cycles: Mapping[str, int]
    """By layer, in the network's order."""
    tolerance: Mapping[str, int] = field(default_factory=dict)
    """By layer: cycles that it may take more; 0 for those that are not in it."""

    @property
    def origin(self) -> str:
        """Where the cycles come from, in words."""
        return f"baseline of {self.date} (commit {self.commit})"


def load(project: str, folder: Path = FOLDER) -> dict[str, Baseline]:
    """The baselines of a project by back-end.

    Raises:
        BaselineError: there is none, it is no JSON, or an entry is not as it must be.
    """
    path = folder / f"{project}.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        jsonschema.validate(content, _SCHEMA)
    except FileNotFoundError:
        raise BaselineError(
            f"{project} has no baseline; {update_of(folder)} {project} makes it"
        ) from None
    except ValueError as error:
        raise BaselineError(f"{path}: is no JSON ({error})") from None
    except jsonschema.ValidationError as error:
        where = ".".join(map(str, error.path))
        raise BaselineError(f"{path}: {where}: {error.message}") from None
    baselines = {backend: Baseline(**entry) for backend, entry in content.items()}
    for backend, baseline in baselines.items():
        if strangers := baseline.tolerance.keys() - baseline.cycles.keys():
            raise BaselineError(
                f"{path}: {backend}.tolerance names {', '.join(sorted(strangers))}; "
                f"the layers are {', '.join(baseline.cycles)}"
            )
    return baselines


def baseline_of(project: str, backend: str, folder: Path = FOLDER) -> Baseline:
    """The baseline of a project on a back-end.

    Raises:
        BaselineError: there is none, or the file is damaged.
    """
    baselines = load(project, folder)
    if backend not in baselines:
        raise BaselineError(
            f"{project} has no baseline for {backend}; {update_of(folder)} {project} makes it"
        )
    return baselines[backend]


def save(project: str, baselines: Mapping[str, Baseline], folder: Path = FOLDER) -> None:
    """Write a project's file: a line a layer, so that a change is a line of a diff."""
    content = {backend: asdict(baseline) for backend, baseline in sorted(baselines.items())}
    text = json.dumps(content, indent=1) + "\n"
    folder.mkdir(exist_ok=True)
    (folder / f"{project}.json").write_text(text, encoding="utf-8")


def from_report(report: Mapping[str, Any], *, commit: str, date: str) -> Baseline:
    """The baseline that a report would be.

    Raises:
        BaselineError: the run did not pass, or not with the defaults of everything but back-end.
    """
    name = f"{report['project']}, {report['backend']}"
    if not report["passed"]:
        raise BaselineError(f"{name}: the run did not pass; its cycles mean nothing")
    if report["quantization"] != "per_channel" or not report["assertions"]:
        raise BaselineError(
            f"{name}: the run was {report['quantization']} with assertions "
            f"{'on' if report['assertions'] else 'off'}; a baseline is per_channel with them on"
        )
    cycles = {layer["name"]: layer["cycles"] for layer in report["layers"]}
    return Baseline(commit, date, report["config"]["hash"], cycles)
