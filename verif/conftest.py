"""Makes every session of pytest on `verif` a regression: options, test plan, report."""

from __future__ import annotations

import os
import signal

import pytest

from heepstor import history

pytest_plugins = ["verif.regression.plugin"]


def pytest_configure(config: pytest.Config) -> None:
    """Set what all tests and their children inherit."""
    # The runs of tests have a history of their own, unless somebody wants them in his.
    own = config.rootpath / "build" / "regression" / "history.sqlite"
    os.environ.setdefault(history.VARIABLE, str(own))
    _let_interruptions_be_tested()


def _let_interruptions_be_tested() -> None:
    """Also in a session that a shell started in the background.

    Such a session is born with SIGINT ignored, and so are all its children.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
