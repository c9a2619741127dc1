"""A memory port of the array."""

from __future__ import annotations

from heepstor.build import rtl
from verif.harness.cocotb_runner import run_module

_MODULES = ("sa_job_pkg", "fifo", "obi_assertions", "sa_port")
_FILES = [path for path in rtl.array() if path.stem in _MODULES]


def test_sa_port() -> None:
    run_module("sa_port", _FILES, "verif.rtl.sa_port.cocotb_sa_port", random_state=True)
