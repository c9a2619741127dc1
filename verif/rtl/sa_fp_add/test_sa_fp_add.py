"""The adder of FP32 against IEEE 754."""

from __future__ import annotations

from verif.rtl import fp_unit


def test_every_sum_is_the_one_that_ieee_754_rounds_to() -> None:
    # 8 orders and signs x 10 exponents x 10 fractions x 10 fractions x distances up to 33.
    fp_unit.check("sa_fp_add", directed=200_000)
