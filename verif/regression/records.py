"""What a session did, as data: each test's outcome, and failures grouped by their cause."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from verif.harness import session
from verif.regression.plan import Feature, Plan

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"
_CAUSE_LENGTH = 200


@dataclass(frozen=True)
class Failure:
    """Why a test failed, and how to see it again."""

    cause: str
    """One line."""
    text: str
    """All that pytest shows of it."""
    seed: int
    reproduce: str
    log: str | None = None
    """The simulator's log; None if it was no simulation."""
    waves: str | None = None
    """The command that repeats the simulation with waveforms; None if it was none."""

    @property
    def kind(self) -> str:
        """The cause without numbers and paths: equal for failures that look alike."""
        without_paths = re.sub(r"(/[\w.\-]+){2,}", "<path>", self.cause)
        numbers = r"0[xb][0-9a-fA-F_]+|-?\d+(\.\d+)?(e[+-]?\d+)?|\b(nan|inf)\b"
        return re.sub(numbers, "#", without_paths)


@dataclass(frozen=True)
class Case:
    """One run of one test."""

    node_id: str
    outcome: str
    """`passed`, `failed` or `skipped`; a test that is expected to fail counts as skipped."""
    seconds: float
    test: str
    """Name of the test, or of the test class that its parameters chose."""
    configuration: str = ""
    """The parameters of what was tested: `size=8, rows=4`."""
    reason: str | None = None
    """Why it was skipped."""
    failure: Failure | None = None
    notes: tuple[str, ...] = ()
    """What it has to tell, passed or not: texts of one line or more."""


@dataclass(frozen=True)
class Tally:
    """How many runs of something passed; skipped ones are no runs."""

    passed: int
    runs: int
    skipped: int

    @property
    def rate(self) -> float | None:
        """Share of the runs that passed, from 0 to 1; None without a run."""
        return self.passed / self.runs if self.runs else None

    @classmethod
    def of(cls, cases: Iterable[Case]) -> Tally:
        """Count cases."""
        outcomes = [case.outcome for case in cases]
        skipped = outcomes.count(SKIPPED)
        return cls(outcomes.count(PASSED), len(outcomes) - skipped, skipped)


@dataclass(frozen=True)
class Group:
    """Failures that look alike."""

    kind: str
    cases: tuple[Case, ...]


@dataclass(frozen=True)
class BinGroup:
    """A group of functional coverage after the session."""

    name: str
    purpose: str
    hits: Mapping[str, int]
    """By bin; 0 for a hole."""

    @property
    def holes(self) -> list[str]:
        """Bins that nothing hit."""
        return [name for name, hits in self.hits.items() if not hits]


@dataclass(frozen=True)
class Session:
    """A session, ready to be reported."""

    plan: Plan
    seed: int
    effort: str
    command: str
    started: str
    """Local time, ISO 8601."""
    seconds: float
    cases: Sequence[Case]
    coverage: Sequence[BinGroup] = ()
    waveforms: Sequence[str] = ()
    complete: bool = False
    """Whether all tests there are were asked for, so that coverage can be judged."""
    faults: Sequence[str] = field(default=())
    """What is wrong besides tests that failed."""

    @property
    def tally(self) -> Tally:
        """Of all tests."""
        return Tally.of(self.cases)

    @property
    def passed(self) -> bool:
        """Whether nothing at all went wrong."""
        return not self.faults and not self.failed

    @property
    def failed(self) -> list[Case]:
        """The cases that failed."""
        return [case for case in self.cases if case.outcome == FAILED]

    @property
    def notes(self) -> list[str]:
        """What tests have to tell."""
        return [note for case in self.cases for note in case.notes]

    @property
    def bins(self) -> tuple[int, int]:
        """(bins hit, bins there are) of functional coverage."""
        total = sum(len(group.hits) for group in self.coverage)
        return total - sum(len(group.holes) for group in self.coverage), total

    def by_feature(self) -> dict[Feature | None, list[Case]]:
        """The cases of each feature that had any, in the plan's order; None: of no feature."""
        result: dict[Feature | None, list[Case]] = {f: [] for f in (*self.plan.features, None)}
        for case in self.cases:
            for feature in self.plan.features_of(case.node_id) or [None]:
                result[feature].append(case)
        return {feature: cases for feature, cases in result.items() if cases}

    def by_configuration(self) -> dict[str, dict[str, list[Case]]]:
        """Cases of tests with a configuration, by test and by configuration."""
        result: dict[str, dict[str, list[Case]]] = {}
        for case in self.cases:
            if case.configuration:
                path = case.node_id.partition("::")[0]
                name = f"{path.rpartition('/')[2].removesuffix('.py')}: {case.test}"
                result.setdefault(name, {}).setdefault(case.configuration, []).append(case)
        return result

    def groups(self) -> list[Group]:
        """The failures grouped by cause, the most frequent first."""

        def kind(case: Case) -> str:
            return case.failure.kind if case.failure else ""

        by_kind = groupby(sorted(self.failed, key=kind), kind)
        groups = [Group(name, tuple(cases)) for name, cases in by_kind]
        return sorted(groups, key=lambda group: -len(group.cases))


def first_line(text: str) -> str:
    """The first line that says something, cut to a length that can be shown."""
    lines = (line.strip() for line in text.splitlines())
    line = next((line for line in lines if line), "no message")
    return line if len(line) <= _CAUSE_LENGTH else f"{line[: _CAUSE_LENGTH - 3]}..."


def failure(
    node_id: str, cause: str, text: str, *, log: str | None = None, simulation: bool = False
) -> Failure:
    """A failure of a test, with the commands that show it again."""
    return Failure(
        cause=first_line(cause),
        text=text,
        seed=session.seed_of(node_id),
        reproduce=session.command(node_id),
        log=log,
        waves=session.command(node_id, with_waves=True) if simulation else None,
    )
