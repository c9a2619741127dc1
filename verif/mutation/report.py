"""What a campaign has shown: JSON for machines, text for people, one HTML page for both."""

from __future__ import annotations

import difflib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path

from heepstor.report.page import document
from verif.mutation.campaign import Outcome, Status
from verif.mutation.mutants import Mutant

REQUIRED_SCORE = 0.95
_DEAD = (Status.KILLED, Status.TIMEOUT)
_COLUMNS = (*Status, "score")


@dataclass(frozen=True)
class Report:
    """The outcomes of a campaign, of `total` mutants that there are."""

    total: int
    outcomes: Mapping[Mutant, Outcome]

    @property
    def score(self) -> float:
        """Dead mutants in those that are dead or survived; 0 if there are none."""
        return _score(self._counts(self.outcomes))

    @property
    def is_good_enough(self) -> bool:
        """Whether the score is what is required; with nothing to count it is not."""
        return self.score >= REQUIRED_SCORE

    @property
    def survivors(self) -> list[Mutant]:
        """In the order of their places."""
        return [m for m, outcome in self.outcomes.items() if outcome.status is Status.SURVIVED]

    def text(self, texts: Mapping[str, str]) -> str:
        """The report for people; `texts` are the files by their path."""
        sections = [
            *(_diff(mutant, texts[mutant.file]) for mutant in self.survivors),
            _table("file", self._by(lambda mutant: mutant.file)),
            _table("kind", self._by(lambda mutant: mutant.kind)),
            self._what_ran,
        ]
        return "\n\n".join(sections) + "\n"

    def write(self, folder: Path, texts: Mapping[str, str]) -> None:
        """Write report.json, report.txt and report.html."""
        folder.mkdir(parents=True, exist_ok=True)
        entries = [{**asdict(m), **asdict(outcome)} for m, outcome in self.outcomes.items()]
        document = {"total": self.total, "score": self.score, "mutants": entries}
        files = {
            "report.json": json.dumps(document, indent=1) + "\n",
            "report.txt": self.text(texts),
            "report.html": self._html(texts),
        }
        for name, content in files.items():
            (folder / name).write_text(content, encoding="utf-8")

    def _by(self, key: Callable[[Mutant], str]) -> dict[str, Counter[Status]]:
        names = sorted({key(mutant) for mutant in self.outcomes})
        rows = {n: self._counts(m for m in self.outcomes if key(m) == n) for n in names}
        return {**rows, "all": self._counts(self.outcomes)}

    def _counts(self, mutants: Iterable[Mutant]) -> Counter[Status]:
        return Counter(self.outcomes[mutant].status for mutant in mutants)

    def _html(self, texts: Mapping[str, str]) -> str:
        word = "passed" if self.is_good_enough else "failed"
        body = [
            f'<header class="{word}"><h1>Mutation score {self.score:.1%}</h1>',
            f"<p>{self._what_ran}</p></header>",
            "<h2>By file</h2>",
            _html_table("file", self._by(lambda mutant: mutant.file)),
            "<h2>By kind</h2>",
            _html_table("kind", self._by(lambda mutant: mutant.kind)),
            f"<h2>Survivors: {len(self.survivors)}</h2>",
            *(f"<pre>{escape(_diff(m, texts[m.file]))}</pre>" for m in self.survivors),
            "<h2>Waived</h2>",
            "<ul>",
            *(f"<li><code>{escape(m.name)}</code><br>{escape(why)}" for m, why in self._waived()),
            "</ul>",
        ]
        return document("Mutation score", "\n".join(body))

    @property
    def _what_ran(self) -> str:
        return (
            f"{len(self.outcomes)} of {self.total} mutants ran. Score {self.score:.1%}, "
            f"at least {REQUIRED_SCORE:.0%} is required; {len(self.survivors)} survived."
        )

    def _waived(self) -> Iterator[tuple[Mutant, str]]:
        for mutant, outcome in self.outcomes.items():
            if outcome.status is Status.WAIVED:
                yield mutant, outcome.cause


def _score(counts: Counter[Status]) -> float:
    dead = sum(counts[status] for status in _DEAD)
    counted = dead + counts[Status.SURVIVED]
    return dead / counted if counted else 0.0


def _cells(counts: Counter[Status]) -> list[str]:
    counted = any(counts[status] for status in (*_DEAD, Status.SURVIVED))
    return [*(str(counts[s]) for s in Status), f"{_score(counts):.1%}" if counted else "-"]


def _table(title: str, rows: Mapping[str, Counter[Status]]) -> str:
    width = max(len(name) for name in (title, *rows))
    lines = [(title, list(_COLUMNS)), *((name, _cells(counts)) for name, counts in rows.items())]
    return "\n".join(
        f"{name:{width}}" + "".join(f"{cell:>10}" for cell in cells) for name, cells in lines
    )


def _html_table(title: str, rows: Mapping[str, Counter[Status]]) -> str:
    header = "".join(f"<th>{name}" for name in (title, *_COLUMNS))
    body = [
        f"<tr><td>{escape(name)}" + "".join(f"<td>{cell}" for cell in _cells(counts))
        for name, counts in rows.items()
    ]
    return "\n".join(
        ['<div class="wide"><table>', f"<thead><tr>{header}</thead>", *body, "</table></div>"]
    )


def _diff(mutant: Mutant, text: str) -> str:
    """The change as a diff, and the command that repeats its run."""
    lines = difflib.unified_diff(
        text.splitlines(),
        mutant.applied(text).splitlines(),
        f"rtl/{mutant.file}",
        f"survived: {mutant.kind}",
        n=0,
        lineterm="",
    )
    place = f"{mutant.file}:{mutant.line}:{mutant.column}"
    return "\n".join([*lines, f"python -m verif.mutation --fresh --only {place}"])
