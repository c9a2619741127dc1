"""Makes every session of pytest on `verif` a regression: options, test plan, report."""

from __future__ import annotations

pytest_plugins = ["verif.regression.plugin"]
