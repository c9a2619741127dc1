"""Makes every session of pytest on `verif` a regression: options, test plan, report."""

from __future__ import annotations

import signal

pytest_plugins = ["verif.regression.plugin"]


def pytest_configure() -> None:
    """Let interruptions be tested in a session that a shell started in the background, too.

    Such a session is born with SIGINT ignored, and so are all its children.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
