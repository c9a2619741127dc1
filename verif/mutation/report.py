"""What a campaign has shown: JSON for machines, text for people, one HTML page for both."""

from __future__ import annotations

import difflib
import html
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

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
            f"{len(self.outcomes)} of {self.total} mutants ran. Score {self.score:.1%}, "
            f"at least {REQUIRED_SCORE:.0%} is required; {len(self.survivors)} survived.",
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
        tables = [
            _html_table("file", self._by(lambda mutant: mutant.file)),
            _html_table("kind", self._by(lambda mutant: mutant.kind)),
        ]
        diffs = [
            f"<pre>{html.escape(_diff(mutant, texts[mutant.file]))}</pre>"
            for mutant in self.survivors
        ]
        return "\n".join(
            [
                '<!doctype html><html lang="en"><meta charset="utf-8">',
                "<title>Mutation score</title>",
                "<style>body{font:15px sans-serif;margin:2em}td,th{padding:2px 10px;"
                "text-align:right}td:first-child{text-align:left}pre{background:#eee;padding:1em}"
                "</style>",
                f"<h1>Mutation score {self.score:.1%}</h1>",
                f"<p>{len(self.outcomes)} of {self.total} mutants ran.</p>",
                *tables,
                f"<h2>{len(self.survivors)} survivors</h2>",
                *diffs,
                "</html>\n",
            ]
        )


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
        f"<tr><td>{html.escape(name)}" + "".join(f"<td>{cell}" for cell in _cells(counts))
        for name, counts in rows.items()
    ]
    return "\n".join([f"<table><tr>{header}", *body, "</table>"])


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
