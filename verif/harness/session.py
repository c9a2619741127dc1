"""What a session of pytest decides for all its tests: how much is tested, and whether with waves.

Both are environment variables, so that pytest-xdist's workers and the simulators inherit them.
`verif.regression` sets them from the options of pytest.
"""

from __future__ import annotations

import os
import re
import shlex
from typing import TypeVar

from verif.harness import seeds

EFFORT_VARIABLE = "HEEPSTOR_EFFORT"
WAVES_VARIABLE = "HEEPSTOR_WAVES"
QUICK, FULL = "quick", "full"

_T = TypeVar("_T")
_REPETITION = re.compile(r"-?seed(\d+)\]$")


def effort() -> str:
    """`quick` (which is the default) or `full`."""
    return os.environ.get(EFFORT_VARIABLE, QUICK)


def of(*, quick: _T, full: _T) -> _T:
    """The one of two values, such as counts of vectors, that fits this session's effort."""
    return full if effort() == FULL else quick


def waves() -> bool:
    """Whether simulations write their waveforms."""
    return os.environ.get(WAVES_VARIABLE) == "1"


def repetition_id(seed: int) -> str:
    """The last part of a test's id when it is repeated with several seeds."""
    return f"seed{seed}"


def without_repetition(node_id: str) -> str:
    """The id that the test has in a session which repeats nothing."""
    return _REPETITION.sub("]", node_id).removesuffix("[]")


def seed_of(node_id: str) -> int:
    """The base seed a test runs with: that of its repetition, else the session's."""
    repetition = _REPETITION.search(node_id)
    return int(repetition[1]) if repetition else seeds.base()


def command(node_id: str, *, with_waves: bool = False) -> str:
    """The line to type that runs a test again just as it ran here."""
    options = ["--full"] if effort() == FULL else []
    options += ["--waves"] if with_waves else []
    test = shlex.quote(without_repetition(node_id))
    return " ".join(["pytest", *options, "--seed", str(seed_of(node_id)), test])


def current_test() -> str:
    """The id of the test that runs now; empty outside of a test."""
    # pytest sets the variable to "path::test[parameters] (call)".
    return os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" (")[0]
