"""The batched runs that docs/heepstor.md shows are those of today's RTL."""

from __future__ import annotations

import pytest

from heepstor.ir import Backend
from verif.reference import page, runs


@pytest.mark.parametrize("backend", runs.BACKENDS, ids=lambda backend: str(backend.value))
@pytest.mark.parametrize("name", runs.batched())
def test_a_batched_network_has_the_cycles_that_are_shown(name: str, backend: Backend) -> None:
    assert runs.simulated(name, backend) == runs.ours(name)[backend], f"run: {page.UPDATE} --run"
