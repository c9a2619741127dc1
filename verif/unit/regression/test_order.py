"""The order in which tests go to the workers."""

from __future__ import annotations

import pytest

from verif.regression.order import dealt


def shares(order: list[int], workers: int) -> list[list[int]]:
    """What a work-stealing scheduler gives each worker at first."""
    order, parts = list(order), []
    for left in range(workers, 0, -1):
        size = len(order) // left
        parts.append(order[:size])
        del order[:size]
    return parts


@pytest.mark.parametrize(("early", "others", "workers"), [(12, 100, 8), (3, 29, 4), (5, 2, 3)])
def test_every_worker_begins_with_its_part_of_the_early_ones(
    early: int, others: int, workers: int
) -> None:
    order = dealt(range(early), range(early, early + others), workers)
    assert sorted(order) == list(range(early + others))
    for part in shares(order, workers):
        first = [test for test in part if test < early]
        assert part[: len(first)] == first
        assert early // workers <= len(first) <= -(-early // workers)


def test_one_process_does_the_early_ones_first_and_keeps_the_order() -> None:
    assert dealt([7, 3], [1, 9, 2], 1) == [7, 3, 1, 9, 2]


def test_nothing_early_changes_nothing() -> None:
    assert dealt([], [1, 2, 3, 4, 5], 2) == [1, 2, 3, 4, 5]
