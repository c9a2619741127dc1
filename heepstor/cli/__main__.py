"""`python -m heepstor.cli`, for which no command has to be installed."""

from __future__ import annotations

import sys

from heepstor.cli import main

sys.exit(main())
