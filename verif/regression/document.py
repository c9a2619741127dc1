"""The report of a session as JSON; `schema.json` beside this file describes every key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from verif.regression.records import Case, Failure, Group, Session, Tally

VERSION = 1


def build(session: Session) -> dict[str, Any]:
    """The document, of what JSON knows alone."""
    hit, total = session.bins
    return {
        "version": VERSION,
        "passed": session.passed,
        "complete": session.complete,
        "faults": list(session.faults),
        "seed": session.seed,
        "effort": session.effort,
        "command": session.command,
        "started": session.started,
        "seconds": round(session.seconds, 3),
        "tally": _tally(session.cases),
        "features": [
            {
                "feature": feature.name if feature else None,
                "why": feature.why if feature else None,
                "bins": list(feature.bins) if feature else [],
                "tally": _tally(cases),
            }
            for feature, cases in session.by_feature().items()
        ],
        "configurations": [
            {"test": test, "configuration": name, "tally": _tally(cases)}
            for test, configurations in session.by_configuration().items()
            for name, cases in configurations.items()
        ],
        "coverage": {
            "hit": hit,
            "total": total,
            "groups": [
                {"group": group.name, "purpose": group.purpose, "hits": dict(group.hits)}
                for group in session.coverage
            ],
        },
        "failures": [_group(group) for group in session.groups()],
        "tests": [_case(session, case) for case in session.cases],
        "waveforms": list(session.waveforms),
    }


def _tally(cases: Sequence[Case]) -> dict[str, Any]:
    tally = Tally.of(cases)
    return {
        "passed": tally.passed,
        "runs": tally.runs,
        "skipped": tally.skipped,
        "rate": tally.rate,
    }


def _group(group: Group) -> dict[str, Any]:
    return {"kind": group.kind, "tests": [case.node_id for case in group.cases]}


def _case(session: Session, case: Case) -> dict[str, Any]:
    return {
        "test": case.node_id,
        "outcome": case.outcome,
        "seconds": round(case.seconds, 3),
        "configuration": case.configuration,
        "features": [feature.name for feature in session.plan.features_of(case.node_id)],
        "reason": case.reason,
        "notes": list(case.notes),
        "failure": _failure(case.failure) if case.failure else None,
    }


def _failure(failure: Failure) -> dict[str, Any]:
    return {
        "cause": failure.cause,
        "seed": failure.seed,
        "log": failure.log,
        "waves": failure.waves,
        "reproduce": failure.reproduce,
        "text": failure.text,
    }
