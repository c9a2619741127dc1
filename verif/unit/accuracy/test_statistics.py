"""Confidence intervals are Wilson's."""

from __future__ import annotations

import pytest

from heepstor.accuracy.statistics import wilson_interval

Z = 1.959963984540054
"""The normal distribution has 2.5 % beyond it."""


@pytest.mark.parametrize(
    ("right", "total", "low", "high"),
    [
        # From tables of Wilson's interval.
        (0, 10, 0.0, 0.2775328),
        (10, 10, 0.7224672, 1.0),
        (50, 100, 0.4038315, 0.5961685),
        (1, 1, 0.2065493, 1.0),
    ],
)
def test_known_intervals(right: int, total: int, low: float, high: float) -> None:
    assert wilson_interval(right, total) == pytest.approx((low, high), abs=1e-6)


@pytest.mark.parametrize(("right", "total"), [(6448, 10_000), (3, 7), (1, 2000), (1999, 2000)])
def test_the_share_is_as_unlikely_at_either_end(right: int, total: int) -> None:
    """The definition: of these true shares, the one found is `Z` standard deviations away."""
    for end in wilson_interval(right, total):
        deviation = (end * (1 - end) / total) ** 0.5
        assert abs(right / total - end) == pytest.approx(Z * deviation)


@pytest.mark.parametrize(("right", "total"), [(0, 0), (3, 2), (-1, 2)])
def test_what_is_no_share_is_refused(right: int, total: int) -> None:
    with pytest.raises(ValueError, match=f"{right} of {total} is no share"):
        wilson_interval(right, total)
