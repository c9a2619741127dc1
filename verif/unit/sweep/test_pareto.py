"""The front has every point that no other one beats, and no other."""

from __future__ import annotations

import random

from heepstor.sweep.pareto import front
from verif.harness.seeds import derive


def test_a_point_that_is_worse_in_one_and_better_in_nothing_is_beaten() -> None:
    assert front([(1, 2), (1, 3), (2, 1), (2, 2)]) == [True, False, True, False]


def test_equal_points_do_not_beat_each_other() -> None:
    assert front([(1, 2), (1, 2), (2, 2)]) == [True, True, False]


def test_of_nothing_nothing_is_best() -> None:
    assert front([]) == []


def test_the_front_is_what_the_definition_says() -> None:
    numbers = random.Random(derive("pareto front"))
    points = [tuple(numbers.randrange(5) for _ in range(3)) for _ in range(100)]
    expected = [
        not any(
            all(a <= b for a, b in zip(other, point, strict=True)) and other != point
            for other in points
        )
        for point in points
    ]
    assert front(points) == expected
    assert 0 < sum(expected) < len(points)
