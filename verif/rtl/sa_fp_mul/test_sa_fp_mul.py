"""The multiplier of FP32 and INT8 against IEEE 754."""

from __future__ import annotations

from verif.rtl import fp_unit


def test_every_product_is_the_one_that_ieee_754_rounds_to() -> None:
    # 256 weights x 2 signs x 256 exponents x 10 fractions, and the special values.
    fp_unit.check("sa_fp_mul", directed=1_310_000)
