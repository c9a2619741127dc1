"""In which order the tests of a session go to its workers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

Test = TypeVar("Test")


def dealt(early: Sequence[Test], others: Sequence[Test], workers: int) -> list[Test]:
    """All tests, so that each worker begins with its part of the `early` ones.

    A work-stealing scheduler cuts the list in as many equal parts as there are workers. Whoever is
    done takes from the end of somebody's part: what stands first there is not left for the end,
    when one that takes long would be waited for by all.
    """
    early, others = list(early), list(others)
    order: list[Test] = []
    for left in range(workers, 0, -1):
        share = (len(early) + len(others)) // left
        first = min(-(-len(early) // left), share)
        order += early[:first] + others[: share - first]
        del early[:first], others[: share - first]
    return order
