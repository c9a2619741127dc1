"""Settings of the MMCM: legal by the data sheet, exact, and refused with what would do."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest

from heepstor.errors import FpgaError
from heepstor.fpga import clocking
from verif.harness import seeds, session

MHZ = 1_000_000
_DETECTOR_MAX = {1: 450, 2: 500, 3: 550}
_OUTPUT_MAX = {1: 667, 2: 775, 3: 891}


def require_legal(mmcm: clocking.Mmcm, grade: int) -> None:
    """The limits as UG572 and DS925 print them."""
    assert 1 <= mmcm.divide <= 106
    assert 10 * MHZ <= Fraction(mmcm.input_hz, mmcm.divide) <= _DETECTOR_MAX[grade] * MHZ
    assert 2 <= mmcm.multiply <= 128
    assert 2 <= mmcm.output_divide <= 128
    assert (mmcm.multiply * 8).denominator == (mmcm.output_divide * 8).denominator == 1
    assert 800 * MHZ <= mmcm.oscillator_hz <= 1600 * MHZ
    assert Fraction(625, 100) * MHZ <= mmcm.output_hz <= _OUTPUT_MAX[grade] * MHZ


def test_the_clock_of_the_default_hardware_is_made_with_whole_factors() -> None:
    mmcm = clocking.settings(125 * MHZ, 100 * MHZ, 2)
    assert mmcm == clocking.Mmcm(125 * MHZ, 1, Fraction(12), Fraction(15))


@pytest.mark.parametrize("input_hz", [10 * MHZ, 100 * MHZ, 125 * MHZ, 300 * MHZ])
@pytest.mark.parametrize("output_hz", [6_250_000, 15 * MHZ, 33_333_333, 50 * MHZ, 400 * MHZ])
def test_usual_clocks_are_made_and_legally(input_hz: int, output_hz: int) -> None:
    mmcm = clocking.settings(input_hz, output_hz, 1)
    require_legal(mmcm, 1)
    assert abs(mmcm.output_hz - output_hz) < Fraction(1, 2)


def possible(input_hz: int, asked: int, grade: int) -> int:
    """The clock that was asked for, or what a refusal says is the nearest."""
    try:
        clocking.settings(input_hz, asked, grade)
    except FpgaError as error:
        return int(str(error).rpartition("the nearest is clock_hz=")[2])
    return asked


def test_any_clock_is_made_legally_or_refused_with_one_that_is() -> None:
    rng = random.Random(seeds.derive(session.current_test()))
    for _ in range(8):
        grade = rng.choice([1, 2, 3])
        input_hz = rng.randrange(10 * MHZ, 800 * MHZ)
        asked = rng.choice([rng.randrange(MHZ, 1000 * MHZ), MHZ, 1000 * MHZ])
        output_hz = possible(input_hz, asked, grade)
        mmcm = clocking.settings(input_hz, output_hz, grade)
        require_legal(mmcm, grade)
        assert round(mmcm.output_hz) == output_hz


def test_a_clock_that_cannot_be_made_is_refused_with_the_nearest() -> None:
    with pytest.raises(FpgaError) as error:
        clocking.settings(125 * MHZ, 5 * MHZ, 2)
    assert str(error.value) == (
        "clock_hz is 5000000; no MMCM makes it of 125000000 Hz at speed grade 2; "
        "the nearest is clock_hz=6250000"
    )


@pytest.mark.parametrize(("input_hz", "grade"), [(9 * MHZ, 2), (801 * MHZ, 1)])
def test_a_clock_of_the_board_that_an_mmcm_does_not_take_is_refused(
    input_hz: int, grade: int
) -> None:
    with pytest.raises(FpgaError, match=f"clock_hz of the board is {input_hz}; at speed grade"):
        clocking.settings(input_hz, 100 * MHZ, grade)
