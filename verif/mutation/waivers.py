"""Mutants that no test can kill, each with the reason why.

`waivers.hjson` names a mutant by its file, kind, the text of its line, and what became what; not
by the number of its line, so that a waiver survives edits elsewhere and dies with its code.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import hjson

from verif.mutation.mutants import Mutant

FILE = Path(__file__).with_name("waivers.hjson")
_KEYS = {"file", "kind", "line", "before", "after", "reason"}


class WaiverError(Exception):
    """A waiver that is not one, or is about nothing."""


@dataclass(frozen=True)
class Waiver:
    """One mutant that counts neither as killed nor as survived."""

    file: str
    kind: str
    line: str
    before: str
    after: str
    reason: str

    def covers(self, mutant: Mutant) -> bool:
        """Whether it is about this mutant."""
        return (self.file, self.kind, self.line, self.before, self.after) == (
            mutant.file,
            mutant.kind,
            mutant.line_text,
            " ".join(mutant.before.split()),
            mutant.after,
        )


def load(path: Path = FILE) -> list[Waiver]:
    """The waivers of a file.

    Raises:
        WaiverError: one has other keys than a waiver's, or an empty reason.
    """
    waivers = []
    for i, entry in enumerate(hjson.loads(path.read_text(encoding="utf-8"))):
        if set(entry) != _KEYS or not str(entry["reason"]).strip():
            raise WaiverError(f"{path.name}: waiver {i} has {sorted(entry)}; need {sorted(_KEYS)}")
        waivers.append(Waiver(**{key: str(value) for key, value in entry.items()}))
    return waivers


def waived(waivers: Iterable[Waiver], mutants: Sequence[Mutant]) -> dict[Mutant, Waiver]:
    """The waiver of each mutant that has one.

    Args:
        mutants: all that there are.

    Raises:
        WaiverError: a waiver is about none of them.
    """
    found: dict[Mutant, Waiver] = {}
    for waiver in waivers:
        covered = [mutant for mutant in mutants if waiver.covers(mutant)]
        if not covered:
            raise WaiverError(
                f"stale waiver: {waiver.file} has no {waiver.kind} mutant "
                f"{waiver.before} -> {waiver.after} in the line {waiver.line!r}"
            )
        found.update(dict.fromkeys(covered, waiver))
    return found
