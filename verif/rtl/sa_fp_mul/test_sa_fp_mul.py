"""The multiplier of FP32 and INT8 against IEEE 754."""

from __future__ import annotations

from pathlib import Path

import pytest

from verif.harness import session
from verif.rtl import exact, fp_unit


@pytest.mark.early
def test_every_product_is_the_one_that_ieee_754_rounds_to(pytestconfig: pytest.Config) -> None:
    # 256 weights x 2 signs x (256 exponents x 102 fractions + 10 exponents x 768 fractions).
    fp_unit.check("sa_fp_mul", pytestconfig, directed=17_000_000, pairs=6 * 5)


def test_host_multiplies_as_exact_arithmetic_does() -> None:
    for a, weight, expected in fp_unit.sample("sa_fp_mul", session.of(quick=5_000, full=20_000)):
        assert exact.multiply_by_weight(a, weight) == expected, f"{a:#010x} * {weight}"


@pytest.mark.parametrize(
    ("right", "wrong", "classes"),
    [
        pytest.param(
            " || weight == '0))",
            "))",
            {("infinity * weight 0", "quiet NaN")},
            marks=pytest.mark.full,
        ),
        pytest.param(
            "(significand[7] || significand[5:0]",
            "(significand[5:0]",
            {(f"{kind} * weight of several bits", "normal") for kind in ("subnormal", "normal")},
            marks=pytest.mark.full,
        ),
    ],
    ids=["infinity_times_zero", "tie_to_odd"],
)
def test_planted_fault_is_reported_with_its_class(
    tmp_path: Path, right: str, wrong: str, classes: set[tuple[str, str]]
) -> None:
    files = fp_unit.mutated("sa_fp_mul", right, wrong, tmp_path)
    outcome = fp_unit.run("sa_fp_mul", files, 200_000, directed=False)
    assert {(c.operands, c.result) for c in outcome.classes if c.mismatches} == classes
    assert outcome.faults()
