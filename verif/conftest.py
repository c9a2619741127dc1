"""Session-wide set-up: the base seed."""

from __future__ import annotations

import pytest

from verif.harness import seeds


def pytest_configure(config: pytest.Config) -> None:
    """Fix the base seed before xdist starts its workers, which inherit the environment."""
    seeds.choose()


def pytest_report_header(config: pytest.Config) -> str:
    """Tell how to reproduce this session's random stimulus."""
    arguments = " ".join(config.invocation_params.args)
    return f"seed: {seeds.VARIABLE}={seeds.base()} pytest {arguments}".rstrip()
