"""A fixed sample of mutants; `python -m verif.mutation --all` runs all of them."""

from __future__ import annotations

import pytest

from verif.harness import session
from verif.mutation import campaign, waivers
from verif.mutation.campaign import Status

SAMPLE = 9
FILES = (
    "common/fifo.sv",
    "systolic_array/sa_pe.sv",
    "systolic_array/sa_port.sv",
)
"""Those whose benches build fastest: each is a program of its own. The sample shows that mutants
still die of the tests; what the score is, a campaign of all of them says."""


@pytest.mark.early
@pytest.mark.timeout(session.of(quick=1800, full=3600))
def test_every_mutant_of_the_sample_is_killed_or_waived() -> None:
    subjects = {subject.file: subject for subject in campaign.subjects()}
    everything = [mutant for subject in subjects.values() for mutant in subject.mutants]
    waived = waivers.waived(waivers.load(), everything)
    # A mutant that is not selectable costs a build of its own.
    sampled = [m for m in everything if m.selectable and m.file in FILES and m not in waived]
    chosen = campaign.sample(sampled, SAMPLE)
    assert {mutant.file for mutant in chosen} == set(FILES)
    survivors = [
        mutant.name
        for mutant, outcome in campaign.run([(subjects[m.file], m) for m in chosen], jobs=2)
        if outcome.status not in (Status.KILLED, Status.TIMEOUT)
    ]
    assert survivors == [], "\n".join(survivors)
