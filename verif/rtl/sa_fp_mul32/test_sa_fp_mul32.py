"""The multiplier of FP32 against IEEE 754."""

from __future__ import annotations

from pathlib import Path

import pytest

from verif.harness import session
from verif.rtl import exact, fp_unit


@pytest.mark.early
def test_every_product_is_the_one_that_ieee_754_rounds_to(pytestconfig: pytest.Config) -> None:
    # 8 orders and signs x (pairs of exponents x 3, ties x 31, edges x 255 exponents x 10, ...).
    fp_unit.check("sa_fp_mul32", pytestconfig, directed=4_000_000, pairs=6 * 6)


def test_host_multiplies_as_exact_arithmetic_does() -> None:
    for a, b, expected in fp_unit.sample("sa_fp_mul32", session.of(quick=5_000, full=20_000)):
        assert exact.multiply(a, b) == expected, f"{a:#010x} * {b:#010x}"


@pytest.mark.parametrize(
    ("right", "wrong", "classes"),
    [
        pytest.param(
            "(a_is_special && (a[22:0] != '0 || b[30:0] == '0))",
            "(a_is_special && a[22:0] != '0)",
            {("infinity * zero", "quiet NaN")},
            marks=pytest.mark.full,
        ),
        pytest.param(
            " | 48'(lost != '0)",
            "",
            {
                (operands, "subnormal")
                for operands in ("subnormal * normal", "normal * subnormal", "normal * normal")
            },
            marks=pytest.mark.full,
        ),
    ],
    ids=["infinity_times_zero", "no_sticky_bit"],
)
def test_planted_fault_is_reported_with_its_class(
    tmp_path: Path, right: str, wrong: str, classes: set[tuple[str, str]]
) -> None:
    files = fp_unit.mutated("sa_fp_mul32", right, wrong, tmp_path)
    outcome = fp_unit.run("sa_fp_mul32", files, 200_000, directed=False)
    assert {(c.operands, c.result) for c in outcome.classes if c.mismatches} == classes
    assert outcome.faults()
