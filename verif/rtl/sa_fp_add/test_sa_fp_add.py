"""The adder of FP32 against IEEE 754."""

from __future__ import annotations

from pathlib import Path

import pytest

from verif.harness import session
from verif.rtl import exact, fp_unit


@pytest.mark.early
def test_every_sum_is_the_one_that_ieee_754_rounds_to(pytestconfig: pytest.Config) -> None:
    # 8 orders and signs x (255 exponents x 28 distances x 100 fractions, pairs of exponents, ...).
    fp_unit.check("sa_fp_add", pytestconfig, directed=6_000_000, pairs=6 * 12)


def test_host_adds_as_exact_arithmetic_does() -> None:
    for a, b, expected in fp_unit.sample("sa_fp_add", session.of(quick=5_000, full=20_000)):
        assert exact.add(a, b) == expected, f"{a:#010x} + {b:#010x}"


@pytest.mark.full
@pytest.mark.parametrize(
    ("right", "wrong", "classes"),
    [
        pytest.param(
            " || (subtract && smaller[30:23] == '1)",
            "",
            {("infinity + infinity of other sign", "quiet NaN")},
        ),
        (
            " && !(subtract && larger == smaller)",
            "",
            {
                (f"{kind} + {kind} of other sign", "zero")
                for kind in ("zero", "subnormal", "normal")
            },
        ),
    ],
    ids=["infinity_less_infinity", "sign_of_zero"],
)
def test_planted_fault_is_reported_with_its_class(
    tmp_path: Path, right: str, wrong: str, classes: set[tuple[str, str]]
) -> None:
    files = fp_unit.mutated("sa_fp_add", right, wrong, tmp_path)
    outcome = fp_unit.run("sa_fp_add", files, 1_000_000, directed=False)
    assert {(c.operands, c.result) for c in outcome.classes if c.mismatches} == classes
    assert outcome.faults()
