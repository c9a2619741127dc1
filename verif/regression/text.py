"""The summary of a session for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from verif.regression.records import Case, Group, Session, Tally

_SHOWN_CASES = 5
_SHOWN_HOLES = 5


def render(session: Session) -> Iterator[str]:
    """The lines of the summary; only failures are told in detail."""
    yield from _features(session)
    yield from _configurations(session)
    yield from _coverage(session)
    yield from _notes(session)
    for group in session.groups():
        yield from _group(group)
    for path in session.waveforms:
        yield f"waveform: {path}"


def verdict(session: Session) -> str:
    """The last line: what came out, in one sentence."""
    tally = session.tally
    done = f"{tally.passed} of {tally.runs} passed"
    skipped = f", {tally.skipped} skipped" if tally.skipped else ""
    faults = "".join(f"; {fault}" for fault in session.faults)
    word = "PASSED" if session.passed else "FAILED"
    minutes, seconds = divmod(round(session.seconds), 60)
    took = f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
    how = f"{session.effort}, --seed {session.seed}, {took}"
    return f"regression {word}: {done}{skipped}{faults} ({how})"


def percent(rate: float | None) -> str:
    """A rate with one decimal, rounded so that only all is 100 %; `-` for none."""
    if rate is None:
        return "-"
    tenths = int(rate * 1000)
    return f"{tenths // 10}.{tenths % 10} %"


def _features(session: Session) -> Iterator[str]:
    rows = [
        (feature.name if feature else "in no entry of the plan", cases)
        for feature, cases in session.by_feature().items()
    ]
    yield from _table("feature", rows)


def _configurations(session: Session) -> Iterator[str]:
    """A row a test and configuration, one a test where all its configurations passed."""
    rows: list[tuple[str, Sequence[Case]]] = []
    for test, configurations in session.by_configuration().items():
        everything = [case for cases in configurations.values() for case in cases]
        if Tally.of(everything).rate == 1:
            count = len(configurations)
            name = f"{test} (in {count} configurations)" if count > 1 else test
            rows.append((name, everything))
        else:
            rows += [(f"{test} [{name}]", cases) for name, cases in configurations.items()]
    yield from _table("simulated test", rows)


def _table(title: str, rows: Sequence[tuple[str, Sequence[Case]]]) -> Iterator[str]:
    if not rows:
        return
    width = max(len(title), *(len(name) for name, _ in rows))
    yield f"{title:<{width}}  passed/runs     rate"
    for name, cases in rows:
        tally = Tally.of(cases)
        skipped = f"  {tally.skipped} skipped" if tally.skipped else ""
        counts = f"{tally.passed}/{tally.runs}"
        yield f"{name:<{width}}  {counts:>11}  {percent(tally.rate):>7}{skipped}"
    yield ""


def _coverage(session: Session) -> Iterator[str]:
    hit, total = session.bins
    if not total or not (hit or session.complete):
        return
    yield f"functional coverage: {percent(hit / total)}, {hit} of {total} bins"
    for group in session.coverage:
        if group.holes:
            shown = "; ".join(group.holes[:_SHOWN_HOLES])
            more = f"; and {len(group.holes) - _SHOWN_HOLES} more"
            more = more if len(group.holes) > _SHOWN_HOLES else ""
            yield f"  {group.name}: never {shown}{more}"
    yield ""


def _notes(session: Session) -> Iterator[str]:
    for note in session.notes:
        yield from note.splitlines()
        yield ""


def _group(group: Group) -> Iterator[str]:
    yield f"{len(group.cases)} failed with: {group.kind}"
    for case in group.cases[:_SHOWN_CASES]:
        found = case.failure
        if found is None:
            continue
        yield f"  {case.node_id} (seed {found.seed})"
        yield f"    cause: {found.cause}"
        if found.log:
            yield f"    log:   {found.log}"
        if found.waves:
            yield f"    waves: {found.waves}"
        yield f"    again: {found.reproduce}"
    if len(group.cases) > _SHOWN_CASES:
        yield f"  and {len(group.cases) - _SHOWN_CASES} more, in the report"
    yield ""
