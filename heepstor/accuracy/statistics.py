"""What a share of right answers says about the images that nobody measured."""

from __future__ import annotations

import math
from statistics import NormalDist

CONFIDENCE = 0.95


def wilson_interval(right: int, total: int) -> tuple[float, float]:
    """Wilson's score interval of a share, at `CONFIDENCE`.

    Unlike the normal approximation it stays within 0 to 1 and has a width where all or none are
    right. E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
    Journal of the American Statistical Association 22 (1927).

    Raises:
        ValueError: there is no trial, or `right` is not from 0 to `total`.
    """
    if not 0 <= right <= total or total == 0:
        raise ValueError(f"{right} of {total} is no share; it must be 0 to all of 1 or more")
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    share, weight = right / total, z * z / total
    centre = share + weight / 2
    spread = z * math.sqrt(share * (1 - share) / total + weight / (4 * total))
    low, high = ((centre + sign * spread) / (1 + weight) for sign in (-1, 1))
    return max(0.0, low), min(1.0, high)  # the ends are 0 and 1 but for their rounding
