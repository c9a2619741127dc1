"""The report of a session as one HTML page: no script, no network, readable on a phone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from heepstor.report.page import document
from verif.regression import text
from verif.regression.records import SKIPPED, BinGroup, Case, Group, Session, Tally

_SLOWEST = 15


def render(session: Session) -> str:
    """The page."""
    word = "passed" if session.passed else "failed"
    return document(f"Regression {word}", "\n".join(_body(session)))


def _body(session: Session) -> Iterator[str]:
    yield from _head(session)
    yield from _failures(session)
    yield from _notes(session)
    yield from _features(session)
    yield from _configurations(session)
    yield from _coverage(session)
    yield from _skipped(session)
    yield from _slowest(session)


def _head(session: Session) -> Iterator[str]:
    word = "passed" if session.passed else "failed"
    tally = session.tally
    hit, total = session.bins
    numbers = {
        "tests passed": f"{tally.passed} of {tally.runs}",
        "rate": text.percent(tally.rate),
        "functional coverage": text.percent(hit / total) if hit else "not measured",
        "skipped": str(tally.skipped),
        "time": f"{session.seconds:.0f} s",
    }
    yield f'<header class="{word}"><h1>Regression {word}</h1>'
    yield f"<p>{escape(session.started)}, {session.effort}, seed {session.seed}</p>"
    yield f"<p><code>{escape(session.command)}</code></p></header>"
    yield '<dl class="numbers">'
    for name, value in numbers.items():
        yield f"<div><dt>{name}</dt><dd>{escape(value)}</dd></div>"
    yield "</dl>"
    if session.faults:
        items = "".join(f"<li>{escape(fault)}</li>" for fault in session.faults)
        yield f'<ul class="faults">{items}</ul>'


def _failures(session: Session) -> Iterator[str]:
    if session.groups():
        yield '<section id="failures"><h2>Failures by cause</h2>'
        for group in session.groups():
            yield from _group(group)
        yield "</section>"


def _group(group: Group) -> Iterator[str]:
    yield f"<details open><summary><b>{len(group.cases)} times</b> "
    yield f"<code>{escape(group.kind)}</code></summary>"
    for case in group.cases:
        yield from _failure(case)
    yield "</details>"


def _failure(case: Case) -> Iterator[str]:
    found = case.failure
    if found is None:
        return
    facts = {"cause": found.cause, "again": found.reproduce}
    facts |= {"waves": found.waves} if found.waves else {}
    facts |= {"log": found.log} if found.log else {}
    rows = "".join(f"<dt>{name}</dt><dd><code>{escape(v)}</code></dd>" for name, v in facts.items())
    yield f'<article><h3>{escape(case.node_id)}</h3><dl class="facts">{rows}</dl>'
    yield f"<details><summary>all of it</summary><pre>{escape(found.text)}</pre></details>"
    yield "</article>"


def _notes(session: Session) -> Iterator[str]:
    if session.notes:
        yield '<section id="notes"><h2>Notes</h2>'
        for note in session.notes:
            yield f"<pre>{escape(note)}</pre>"
        yield "</section>"


def _features(session: Session) -> Iterator[str]:
    yield '<section id="features"><h2>Test plan</h2>'
    yield "<table><thead><tr><th>feature</th><th>passed / runs</th><th>rate</th></tr></thead>"
    for feature, cases in session.by_feature().items():
        name = feature.name if feature else "in no entry of the plan"
        why = feature.why if feature else "Tests that no feature claims."
        bins = f" Bins: {', '.join(feature.bins)}." if feature and feature.bins else ""
        tests = "".join(_test(case) for case in cases)
        yield (
            f"<tr><td><details><summary>{escape(name)}</summary><p>{escape(why + bins)}</p>"
            f"<ul>{tests}</ul></details></td>{_tally(cases)}</tr>"
        )
    yield "</table></section>"


def _test(case: Case) -> str:
    seconds = f"<small>{case.seconds:.2f} s</small>"
    return f'<li class="{case.outcome}">{escape(case.node_id)} {seconds}</li>'


def _configurations(session: Session) -> Iterator[str]:
    tests = session.by_configuration()
    if not tests:
        return
    yield '<section id="configurations"><h2>Simulated tests by configuration</h2>'
    yield "<table><thead><tr><th>test and configuration</th>"
    yield "<th>passed / runs</th><th>rate</th></tr></thead>"
    for test, configurations in tests.items():
        everything = [case for cases in configurations.values() for case in cases]
        yield f'<tr class="test"><th>{escape(test)}</th>{_tally(everything)}</tr>'
        for name, cases in configurations.items():
            yield f'<tr><td class="configuration">{escape(name)}</td>{_tally(cases)}</tr>'
    yield "</table></section>"


def _tally(cases: Sequence[Case]) -> str:
    tally = Tally.of(cases)
    skipped = f" <small>{tally.skipped} skipped</small>" if tally.skipped else ""
    counts = f"<td>{tally.passed} / {tally.runs}{skipped}</td>"
    return f"{counts}<td>{_bar(tally.rate)}</td>"


def _bar(rate: float | None) -> str:
    """A rate as a bar and a number, so that colour is not all that tells."""
    if rate is None:
        return "-"
    word = "passed" if rate == 1 else "failed"
    width = f"{100 * rate:.1f}"
    bar = f'<span class="bar {word}"><i style="width: {width}%"></i></span>'
    return f'{bar} <span class="rate">{text.percent(rate)}</span>'


def _coverage(session: Session) -> Iterator[str]:
    if not session.bins[0]:
        return
    yield '<section id="coverage"><h2>Functional coverage</h2>'
    yield "<table><thead><tr><th>bins</th><th>hit / all</th><th>rate</th></tr></thead>"
    for group in session.coverage:
        hit, total = len(group.hits) - len(group.holes), len(group.hits)
        yield (
            f"<tr><td><details><summary>{escape(group.name)}</summary>{_bins(group)}</details></td>"
            f"<td>{hit} / {total}</td><td>{_bar(hit / total)}</td></tr>"
        )
    yield "</table></section>"


def _bins(group: BinGroup) -> str:
    items = "".join(
        f'<li class="{"passed" if hits else "failed"}">{escape(name)} <small>{hits}</small></li>'
        for name, hits in group.hits.items()
    )
    return f'<p>{escape(group.purpose)}</p><ul class="bins">{items}</ul>'


def _skipped(session: Session) -> Iterator[str]:
    cases = [case for case in session.cases if case.outcome == SKIPPED]
    if cases:
        yield '<section id="skipped"><h2>Skipped</h2><ul>'
        for case in cases:
            yield f"<li>{escape(case.node_id)}: {escape(case.reason or '')}</li>"
        yield "</ul></section>"


def _slowest(session: Session) -> Iterator[str]:
    slowest = sorted(session.cases, key=lambda case: -case.seconds)[:_SLOWEST]
    yield '<section id="slowest"><h2>Slowest tests</h2><table>'
    yield "<thead><tr><th>test</th><th>seconds</th></tr></thead>"
    for case in slowest:
        yield f"<tr><td>{escape(case.node_id)}</td><td>{case.seconds:.1f}</td></tr>"
    yield "</table></section>"
