"""Predicted, simulated and logged cycles of every layer, and whether they agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from heepstor.board import explain
from heepstor.board.log import Log, MeasuredLayer, identity_of
from heepstor.board.tolerance import Tolerance
from heepstor.errors import LogError
from heepstor.report.document import Report, predicted

SCHEMA = "heepstor-comparison/1"


@dataclass(frozen=True)
class Fact:
    """Something that both sides say of what ran; `log` is None where it should and does not."""

    name: str
    report: str
    log: str | None

    @property
    def agrees(self) -> bool:
        """Whether both say the same."""
        return self.report == self.log


@dataclass(frozen=True)
class Row:
    """One layer; `logged` is None where the log has no time for it."""

    name: str
    predicted: int | None
    simulated: int
    logged: MeasuredLayer | None
    tolerance: Tolerance

    @property
    def difference(self) -> int | None:
        """Cycles that the log has more than the simulation."""
        return self.logged.cycles - self.simulated if self.logged else None

    @property
    def percent(self) -> float | None:
        """The difference as a share of the simulated cycles."""
        return None if self.difference is None else 100 * self.difference / self.simulated

    @property
    def within(self) -> bool:
        """Whether the difference is within the tolerance and what the log can tell apart."""
        if self.logged is None or self.difference is None:
            return False
        limit = self.tolerance.cycles(self.simulated) + self.logged.resolution
        return abs(self.difference) <= limit

    def as_dict(self) -> dict[str, Any]:
        """The form for scripts."""
        return {
            "name": self.name,
            "predicted_cycles": self.predicted,
            "simulated_cycles": self.simulated,
            "log_cycles": self.logged.cycles if self.logged else None,
            "log_resolution": self.logged.resolution if self.logged else None,
            "difference": self.difference,
            "percent": None if self.percent is None else round(self.percent, 4),
            "tolerance": self.tolerance.cycles(self.simulated),
            "within": self.within,
        }


@dataclass(frozen=True)
class Comparison:
    """The verdict, with all that it rests on."""

    project: str
    report: str
    log: str
    format: str
    facts: tuple[Fact, ...]
    rows: tuple[Row, ...]
    faults: tuple[str, ...]
    notes: tuple[str, ...]
    causes: tuple[explain.Cause, ...]

    @property
    def passed(self) -> bool:
        """Every layer is within its tolerance, and nothing is wrong with the log."""
        return not self.faults and all(row.within for row in self.rows)

    def as_dict(self) -> dict[str, Any]:
        """The form for scripts."""
        return {
            "schema": SCHEMA,
            "project": self.project,
            "report": self.report,
            "log": self.log,
            "format": self.format,
            "identity": [asdict(fact) | {"agrees": fact.agrees} for fact in self.facts],
            "layers": [row.as_dict() for row in self.rows],
            "faults": list(self.faults),
            "notes": list(self.notes),
            "causes": [asdict(cause) for cause in self.causes],
            "passed": self.passed,
        }


def compare(
    report: Report,
    log: Log,
    tolerances: Sequence[Tolerance],
    *,
    report_name: str,
    log_name: str,
    allow_mismatch: bool = False,
) -> Comparison:
    """Put the log beside the report.

    Args:
        report: of a simulated run that passed.
        log: of the same project.
        tolerances: one a layer.
        report_name: what messages call the report.
        log_name: what messages call the log.
        allow_mismatch: compare although something else ran.

    Raises:
        LogError: what ran is not the same; names every fact that differs.
    """
    facts = tuple(
        Fact(name, value, log.identity[name])
        for name, value in identity_of(report).items()
        if name in log.identity
    )
    if not allow_mismatch:
        _require_same(facts, report_name, log_name)
    rows = tuple(
        Row(layer["name"], predicted(layer), layer["cycles"], logged, tolerance)
        for layer, logged, tolerance in zip(report["layers"], log.layers, tolerances, strict=True)
    )
    return Comparison(
        project=report["project"],
        report=report_name,
        log=log_name,
        format=log.format,
        facts=facts,
        rows=rows,
        faults=log.faults,
        notes=log.notes,
        causes=explain.causes(report, log),
    )


def _require_same(facts: Sequence[Fact], report_name: str, log_name: str) -> None:
    different = [
        f"{fact.name}: {fact.report} in the report, {fact.log or 'not named'} in the log"
        for fact in facts
        if not fact.agrees
    ]
    if different:
        raise LogError(
            f"{log_name}: is of another run than {report_name}: {'; '.join(different)}; "
            "--allow-mismatch compares them nevertheless"
        )
