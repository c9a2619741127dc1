"""From `torch.nn` to `Graph`."""

from __future__ import annotations

from heepstor.frontend.modules import Site, flatten_modules
from heepstor.frontend.sequential import import_sequential

__all__ = ["Site", "flatten_modules", "import_sequential"]
