"""The window of the map."""

from __future__ import annotations

import pytest

from heepstor.build import rtl
from verif.harness.cocotb_runner import run_module

_MODULES = ("sa_job_pkg", "sa_activations")
_FILES = [path for path in rtl.array() if path.stem in _MODULES]


@pytest.mark.parametrize(
    ("size", "ports", "words"),
    [
        (4, 1, 8),
        (12, 4, 32),
        pytest.param(4, 4, 64, marks=pytest.mark.full),
        pytest.param(8, 2, 16, marks=pytest.mark.full),
        pytest.param(8, 1, 64, marks=pytest.mark.full),
        pytest.param(12, 2, 128, marks=pytest.mark.full),
    ],
)
def test_sa_activations(size: int, ports: int, words: int) -> None:
    run_module(
        "sa_activations",
        _FILES,
        "verif.rtl.sa_activations.cocotb_sa_activations",
        {"Size": size, "Ports": ports, "Words": words},
        random_state=True,
    )
