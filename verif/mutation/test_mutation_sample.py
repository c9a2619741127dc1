"""A fixed sample of mutants; `python -m verif.mutation --all` runs all of them."""

from __future__ import annotations

from verif.mutation import campaign, waivers
from verif.mutation.campaign import Status

SAMPLE = 60


def test_every_mutant_of_the_sample_is_killed_or_waived() -> None:
    subjects = {subject.file: subject for subject in campaign.subjects()}
    everything = [mutant for subject in subjects.values() for mutant in subject.mutants]
    waived = waivers.waived(waivers.load(), everything)
    # A mutant that is not selectable costs a build of its own.
    chosen = campaign.sample([mutant for mutant in everything if mutant.selectable], SAMPLE)
    work = [(subjects[mutant.file], mutant) for mutant in chosen if mutant not in waived]
    survivors = [
        mutant.name
        for mutant, outcome in campaign.run(work, jobs=2)
        if outcome.status not in (Status.KILLED, Status.TIMEOUT)
    ]
    assert survivors == [], "\n".join(survivors)
