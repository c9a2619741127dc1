"""Runs mutants against their benches, and remembers what became of each.

A result is kept under the hash of all that it depends on (mutant, sources, tests), so that a
campaign that was interrupted goes on where it was, and one after an edit runs what it touches.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from heepstor.build.cache import cached, digest_of, file_digests
from verif.harness.cocotb_runner import ROOT
from verif.mutation import benches
from verif.mutation.benches import KILLERS, Bench, BuildError
from verif.mutation.mutants import Mutant, mutants_of, selector

RTL = ROOT / "rtl"
FOLDER = ROOT / "build" / "mutation"


class Status(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"
    TIMEOUT = "timeout"
    """Killed, too: it took more than its share of simulated time."""
    SURVIVED = "survived"
    INVALID = "invalid"
    """It does not compile, and so says nothing."""
    WAIVED = "waived"


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant, and by what."""

    status: Status
    bench: str = ""
    cause: str = ""


@dataclass(frozen=True)
class Subject:
    """A file and its mutants."""

    file: str
    """Path relative to `rtl`."""
    text: str
    mutants: tuple[Mutant, ...]
    killers: tuple[Bench, ...]

    @property
    def selectable(self) -> list[Mutant]:
        """The mutants of `program`, in the order of their numbers."""
        return [mutant for mutant in self.mutants if mutant.selectable]

    def program(self) -> str:
        """The file with all selectable mutants in it."""
        return selector(self.text, self.selectable)


def subject(file: str, killers: Sequence[Bench], root: Path = RTL) -> Subject:
    """The file `root / file` with all its mutants."""
    text = (root / file).read_text(encoding="utf-8")
    return Subject(file, text, tuple(mutants_of(file, text)), tuple(killers))


def subjects(killers: Mapping[str, Sequence[Bench]] = KILLERS) -> list[Subject]:
    """All files that are mutated."""
    return [subject(file, of_file) for file, of_file in killers.items()]


def sample(mutants: Sequence[Mutant], count: int) -> list[Mutant]:
    """`count` mutants, always the same: spread evenly over the pairs of file and kind.

    Within a pair their order is that of a hash of what they are, not of where, so that an edit in
    one place does not change the choice in others.
    """
    strata: dict[tuple[str, str], list[Mutant]] = defaultdict(list)
    for mutant in mutants:
        strata[mutant.file, mutant.kind].append(mutant)
    ranked = [
        (rank, _order(mutant), mutant)
        for stratum in strata.values()
        for rank, mutant in enumerate(sorted(stratum, key=_order))
    ]
    chosen = sorted(ranked, key=lambda entry: entry[:2])[:count]
    return sorted(
        (mutant for _, _, mutant in chosen), key=lambda m: (m.file, m.start, m.end, m.after)
    )


def _order(mutant: Mutant) -> tuple[str, int]:
    """By a hash; where two mutants say the same, by their place."""
    what = (mutant.file, mutant.kind, mutant.line_text, mutant.before, mutant.after)
    return hashlib.sha256(repr(what).encode()).hexdigest(), mutant.start


def run(
    work: Sequence[tuple[Subject, Mutant]], *, jobs: int, folder: Path = FOLDER, fresh: bool = False
) -> Iterator[tuple[Mutant, Outcome]]:
    """Run mutants, `jobs` at a time; gives each with its outcome, in the order in which they end.

    Args:
        folder: where outcomes are kept.
        fresh: run also what has an outcome.

    Raises:
        BuildError: a program of selectable mutants does not compile.
        AssertionError: the tests fail on what is not mutated.
    """
    # Not forked: cocotb-test starts threads.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        futures = {
            pool.submit(evaluate, its_subject, mutant, folder, fresh=fresh): mutant
            for its_subject, mutant in work
        }
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def evaluate(its_subject: Subject, mutant: Mutant, folder: Path, *, fresh: bool = False) -> Outcome:
    """The outcome of one mutant, by its file's benches in their order."""
    outcome = Outcome(Status.SURVIVED)
    for bench in its_subject.killers:
        outcome = _remembered(bench, its_subject, mutant, folder, fresh=fresh)
        if outcome.status is not Status.SURVIVED:
            break
    return outcome


def _remembered(
    bench: Bench, its_subject: Subject, mutant: Mutant, folder: Path, *, fresh: bool
) -> Outcome:
    key = {"mutant": asdict(mutant), "bench": _bench_key(bench, its_subject)}
    kept = folder / "outcomes" / f"{digest_of(key)}.json"
    if kept.exists() and not fresh:
        fields = json.loads(kept.read_text(encoding="utf-8"))
        return Outcome(**{**fields, "status": Status(fields["status"])})
    outcome = _outcome(bench, its_subject, mutant, folder)
    kept.parent.mkdir(parents=True, exist_ok=True)
    # In one move, so that an interruption leaves no half of it.
    half = kept.with_suffix(".partial")
    half.write_text(json.dumps(asdict(outcome)), encoding="utf-8")
    half.rename(kept)
    return outcome


def _outcome(bench: Bench, its_subject: Subject, mutant: Mutant, folder: Path) -> Outcome:
    """What one bench makes of a mutant."""
    if bench.is_lint:
        return _lint_outcome(bench, its_subject, mutant)
    limit_ns = benches.TIME_FACTOR * _nominal_time_ns(bench, its_subject, folder)
    with tempfile.TemporaryDirectory() as scratch:
        try:
            cause = _run(bench, its_subject, mutant, limit_ns, Path(scratch))
        except BuildError as error:
            if mutant.selectable:
                raise
            return Outcome(Status.INVALID, bench.name, str(error).partition("\n")[0])
    if cause is None:
        return Outcome(Status.SURVIVED)
    status = Status.TIMEOUT if benches.is_timeout(cause) else Status.KILLED
    return Outcome(status, bench.name, cause)


def _lint_outcome(bench: Bench, its_subject: Subject, mutant: Mutant) -> Outcome:
    """What the lint makes of a mutant, which is alone there: a program of many would not be clean.

    Raises:
        AssertionError: it has something against what is not mutated.
    """
    text = mutant.applied(its_subject.text)
    with tempfile.TemporaryDirectory() as scratch:
        warning = benches.lint(bench, _sources(bench, its_subject.file, text, Path(scratch)))
    if warning is None:
        return Outcome(Status.SURVIVED)
    fault = benches.lint(bench, bench.sources())
    if fault:
        raise AssertionError(f"{bench.name} fails on what is not mutated: {fault}")
    return Outcome(Status.KILLED, bench.name, warning)


def _run(
    bench: Bench, its_subject: Subject, mutant: Mutant, limit_ns: int, scratch: Path
) -> str | None:
    if mutant.selectable:
        sources = _sources(bench, its_subject.file, its_subject.program(), scratch)
        number = its_subject.selectable.index(mutant) + 1
        return benches.run(bench, sources, selected=number, limit_ns=limit_ns)
    sources = _sources(bench, its_subject.file, mutant.applied(its_subject.text), scratch)
    return benches.run(bench, sources, selected=0, limit_ns=limit_ns, scratch=scratch)


def _nominal_time_ns(bench: Bench, its_subject: Subject, folder: Path) -> int:
    """Simulated time of the bench with no mutant alive, measured once."""

    def measure(entry: Path) -> None:
        sources = _sources(bench, its_subject.file, its_subject.program(), entry)
        time_ns = benches.nominal_time_ns(bench, sources)
        (entry / "time_ns").write_text(str(time_ns), encoding="ascii")

    entry = cached("nominal", _bench_key(bench, its_subject), measure, root=folder)
    return int((entry / "time_ns").read_text(encoding="ascii"))


def _bench_key(bench: Bench, its_subject: Subject) -> dict[str, object]:
    """All that a run of a bench depends on, the mutant and the tools apart."""
    return {
        "name": bench.name,
        "sources": file_digests(bench.sources()),
        "tests": file_digests(bench.depends_on()),
        "mutants": digest_of(its_subject.program()),
        "support": benches.SUPPORT,
        "seed": benches.SEED,
    }


def _sources(bench: Bench, file: str, text: str, folder: Path) -> list[Path]:
    """The sources of a bench with `text` in place of `file`, which is written to `folder`."""
    mutated = folder / Path(file).name
    mutated.write_text(text, encoding="utf-8")
    return [mutated if path.name == mutated.name else path for path in bench.sources()]
