"""What FuseSoC runs for a generated core, in its folder: fusesoc_generator.py REQUEST."""

from __future__ import annotations

import sys
from pathlib import Path

from heepstor.build import fusesoc
from heepstor.errors import HeepstorError

try:
    fusesoc.generate(Path(sys.argv[1]), Path.cwd())
except HeepstorError as error:
    sys.exit(f"heepstor: error: {error}")
