"""A comparison as a table for people."""

from __future__ import annotations

from collections.abc import Iterator

from heepstor import aligned
from heepstor.aligned import count, total
from heepstor.board.compare import Comparison, Row

_HEADINGS = ("layer", "predicted", "simulated", "log", "difference", "%", "tolerance", "")
_LEFT_ALIGNED = {"layer", ""}


def render(comparison: Comparison) -> str:
    """The whole comparison, ending in the verdict."""
    rows = [_HEADINGS, *map(_row, comparison.rows), _total(comparison)]
    return "\n".join(
        [
            f"{comparison.project}: {comparison.log} ({comparison.format}) "
            f"against {comparison.report}",
            *_identity(comparison),
            "",
            *aligned.lines(rows, _LEFT_ALIGNED),
            "",
            *(f"note: {note}" for note in comparison.notes),
            *(f"fault: {fault}" for fault in comparison.faults),
            *(f"{cause.verdict}: {cause.what}" for cause in comparison.causes),
            _verdict(comparison),
        ]
    )


def _identity(comparison: Comparison) -> Iterator[str]:
    for fact in comparison.facts:
        if fact.agrees:
            yield f"  {fact.name}: {fact.report} in both"
        else:
            logged = fact.log or "not named"
            yield f"  {fact.name}: {fact.report} in the report, {logged} in the log"


def _row(row: Row) -> tuple[str, ...]:
    logged = "-" if row.logged is None else f"{row.logged.cycles:,}"
    if row.logged and row.logged.resolution:
        logged += f" ±{row.logged.resolution:,}"
    return (
        row.name,
        count(row.predicted),
        f"{row.simulated:,}",
        logged,
        "-" if row.difference is None else f"{row.difference:+,}",
        "-" if row.percent is None else f"{row.percent:+,.2f}%",
        str(row.tolerance),
        "" if row.within else "<--",
    )


def _total(comparison: Comparison) -> tuple[str, ...]:
    """Sums over the layers that the log has a time for."""
    rows = [row for row in comparison.rows if row.logged]
    simulated = sum(row.simulated for row in rows)
    logged = sum(row.logged.cycles for row in rows if row.logged)
    difference = logged - simulated
    return (
        "total" if len(rows) == len(comparison.rows) else f"total of {len(rows)} layers",
        count(total(row.predicted for row in rows)),
        f"{simulated:,}",
        f"{logged:,}",
        f"{difference:+,}",
        f"{100 * difference / simulated:+,.2f}%" if simulated else "-",
        "",
        "",
    )


def _verdict(comparison: Comparison) -> str:
    if comparison.passed:
        return f"PASS: {len(comparison.rows)} layers within their tolerances"
    outside = [row.name for row in comparison.rows if row.logged and not row.within]
    reasons = [f"outside the tolerance: {', '.join(outside)}"] if outside else []
    if comparison.faults:
        reasons.append(f"faults: {len(comparison.faults)}")
    return f"FAIL: {'; '.join(reasons)}"
