"""A fixed sample of mutants; `python -m verif.mutation --all` runs all of them."""

from __future__ import annotations

import pytest

from verif.mutation import campaign, waivers
from verif.mutation.campaign import Status

SAMPLE = 40
NOT_YET = {f"systolic_array/{unit}.sv" for unit in ("sa_descriptor", "sa_drain", "sa_stream")}
"""Files whose mutants have not all been run yet: their survivors are still to be looked at."""


@pytest.mark.timeout(1800)
def test_every_mutant_of_the_sample_is_killed_or_waived() -> None:
    subjects = {subject.file: subject for subject in campaign.subjects()}
    everything = [mutant for subject in subjects.values() for mutant in subject.mutants]
    waived = waivers.waived(waivers.load(), everything)
    # A mutant that is not selectable costs a build of its own.
    sampled = [m for m in everything if m.selectable and m.file not in NOT_YET]
    chosen = campaign.sample(sampled, SAMPLE)
    work = [(subjects[mutant.file], mutant) for mutant in chosen if mutant not in waived]
    survivors = [
        mutant.name
        for mutant, outcome in campaign.run(work, jobs=2)
        if outcome.status not in (Status.KILLED, Status.TIMEOUT)
    ]
    assert survivors == [], "\n".join(survivors)
