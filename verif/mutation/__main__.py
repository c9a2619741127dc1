"""`python -m verif.mutation`: the mutation score of the array's RTL.

Exits with 1 if less than 95 % of the mutants that ran and are not waived were killed, with 2 if a
waiver is stale or nothing was selected.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from verif.mutation import campaign, waivers
from verif.mutation.campaign import FOLDER, Outcome, Status
from verif.mutation.mutants import Mutant
from verif.mutation.report import Report

DEFAULT_SAMPLE = 100


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the arguments ask for; returns the exit status."""
    options = _parser().parse_args(arguments)
    subjects = {subject.file: subject for subject in campaign.subjects()}
    everything = [mutant for subject in subjects.values() for mutant in subject.mutants]
    chosen = _chosen(everything, options)
    if not chosen:
        print("no such mutant", file=sys.stderr)
        return 2
    try:
        waived = waivers.waived(waivers.load(), everything)
    except waivers.WaiverError as error:
        print(error, file=sys.stderr)
        return 2
    if options.list:
        print(*(mutant.name for mutant in chosen), f"{len(chosen)} mutants", sep="\n")
        return 0

    outcomes = {m: Outcome(Status.WAIVED, cause=waived[m].reason) for m in chosen if m in waived}
    work = [(subjects[mutant.file], mutant) for mutant in chosen if mutant not in waived]
    # Last what needs a build of its own.
    work.sort(key=lambda item: not item[1].selectable)
    for i, (mutant, outcome) in enumerate(
        campaign.run(work, jobs=options.jobs, fresh=options.fresh), start=1
    ):
        outcomes[mutant] = outcome
        by = f" ({outcome.bench}: {outcome.cause})" if outcome.bench else ""
        print(f"{i}/{len(work)} {outcome.status} {mutant.name}{by}", flush=True)
    report = Report(len(everything), {m: outcomes[m] for m in chosen})
    texts = {file: subject.text for file, subject in subjects.items()}
    report.write(FOLDER, texts)
    print(f"\n{report.text(texts)}\n{FOLDER / 'report.html'}")
    return 0 if report.is_good_enough else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m verif.mutation", description=__doc__)
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--sample",
        type=int,
        metavar="N",
        default=DEFAULT_SAMPLE,
        help="N mutants, always the same, of all files and kinds (default: %(default)s)",
    )
    which.add_argument("--all", action="store_true", help="all mutants")
    which.add_argument(
        "--only",
        metavar="FILE[:LINE[:COLUMN]]",
        help="the mutants of a file (`sa_pe.sv`), or of a line or place in it",
    )
    parser.add_argument("--jobs", type=int, default=2, help="runs at a time (default: %(default)s)")
    parser.add_argument("--list", action="store_true", help="name the mutants and run none")
    parser.add_argument("--fresh", action="store_true", help="run also what has an outcome already")
    return parser


def _chosen(everything: Sequence[Mutant], options: argparse.Namespace) -> list[Mutant]:
    if options.only:
        return [mutant for mutant in everything if _is_at(mutant, options.only)]
    return list(everything) if options.all else campaign.sample(everything, options.sample)


def _is_at(mutant: Mutant, place: str) -> bool:
    file, *numbers = place.split(":")
    here = [str(mutant.line), str(mutant.column)]
    return f"/{mutant.file}".endswith(f"/{file}") and here[: len(numbers)] == numbers


if __name__ == "__main__":
    sys.exit(main())
