"""The runs that have a baseline: projects by back-end, on the default hardware with any CPU."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from heepstor import config, flow, project
from heepstor.config import Config, Core
from heepstor.ir import Backend
from heepstor.report import document
from heepstor.revision import Revision
from verif.baselines.baseline import Baseline, BaselineError, from_report

TOO_LONG_WITHOUT_FPU = {"bench-fmnist-large", "cifar10"}
"""Two million products each: without an FPU `software` takes 600 million cycles."""

_FIRMWARE_CYCLES = 8
"""By which a streamed layer may differ from what is predicted: the firmware around its jobs."""
_PRODUCT_SHARE = 0.26
_OPERATOR_SHARES = {"MaxPool2d": 0.34, "Softmax": 0.11}
"""Of a layer's cycles by which it may differ when the CPU computes it; the example networks have no
other operators."""


def backends(name: str, core: Core) -> list[Backend]:
    """The back-ends on which a project has a baseline."""
    if hardware(core).has_fpu or name not in TOO_LONG_WITHOUT_FPU:
        return list(Backend)
    return [backend for backend in Backend if backend is not Backend.SOFTWARE]


def hardware(core: Core) -> Config:
    """The default hardware with that CPU."""
    return config.load(overrides=[f"cpu.core={core}"])


def run(name: str, backend: Backend, core: Core = "cv32e40p") -> dict[str, Any]:
    """Run a project in a folder of its own: another test may run it in its own at this moment."""
    folder = report_file(name, backend, core=core).parent
    options = flow.Options(hardware(core), backend=backend, folder=folder, pages=False)
    return flow.simulate(project.find(name).load(), options)


def mispredicted(report: dict[str, Any]) -> list[str]:
    """The layers whose predicted cycles are not what they should be, each in a line."""
    return [
        f"{row['name']}: {row['predicted_cycles']:,} predicted, {row['cycles']:,} simulated"
        for row in report["layers"]
        if abs(row["predicted_cycles"] - row["cycles"]) > _tolerance(row)
    ]


def _tolerance(row: dict[str, Any]) -> float:
    if row["backend"] == Backend.STREAM.value:
        return _FIRMWARE_CYCLES
    share = _PRODUCT_SHARE if row["macs"] else _OPERATOR_SHARES[row["op"]]
    return share * float(row["cycles"])


def report_file(
    name: str, backend: Backend, root: Path = flow.ROOT, core: Core = "cv32e40p"
) -> Path:
    """What the last `run` left."""
    other = "" if core == "cv32e40p" else f"-{core}"
    return root / "build" / f"test-{name}-{backend.value}{other}" / "report.json"


def measured(report: dict[str, Any], day: date) -> Baseline:
    """The baseline that a run of `day` would be.

    Raises:
        BaselineError: the run did not pass, or was not one of those with a baseline.
    """
    revision = Revision(**report["revision"])
    return from_report(report, commit=str(revision), date=day.isoformat())


def last(name: str, backend: Backend, root: Path = flow.ROOT, core: Core = "cv32e40p") -> Baseline:
    """The baseline that the last run would be.

    Raises:
        BaselineError: there was none, it did not pass, or was for other hardware than the default.
        ReportError: its report is damaged, or was made before the format changed.
    """
    path = report_file(name, backend, root, core)
    what = f"{name}, {backend.value}"
    if not path.exists():
        raise BaselineError(f"{what}: there is no report of a run in {path.parent}; add --run")
    found = measured(document.load(path), date.fromtimestamp(path.stat().st_mtime))
    default = f"0x{hardware(core).hash_hex}"
    if found.config != default:
        raise BaselineError(
            f"{what}: the last run was of configuration {found.config}, and heepstor_cfg.hjson "
            f"is {default}; add --run"
        )
    return found
