"""Which points of a sweep no other one beats."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def front(costs: Sequence[Sequence[float]]) -> list[bool]:
    """For each point, whether none is as cheap in everything and cheaper in something."""
    table = np.array(costs, np.float64)
    return [
        not bool(np.any(np.all(table <= row, axis=1) & np.any(table < row, axis=1)))
        for row in table
    ]
