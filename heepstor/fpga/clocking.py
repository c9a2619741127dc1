"""Settings of the MMCM that makes the SoC's clock of a board's.

    output = input / divide * multiply / output_divide

Limits: UG572 table 3-4 (factors), DS925 "MMCM Switching Characteristics" (frequencies; alike in
the other UltraScale+ families), here for a core voltage of 0.85 V, or 0.90 V at speed grade 3.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from heepstor.errors import FpgaError

_MHZ = 1_000_000
_INPUT_MIN = 10 * _MHZ
_INPUT_MAX = {1: 800 * _MHZ, 2: 933 * _MHZ, 3: 1066 * _MHZ}
_DETECTOR_MIN = 10 * _MHZ
_DETECTOR_MAX = {1: 450 * _MHZ, 2: 500 * _MHZ, 3: 550 * _MHZ}
_OSCILLATOR_MIN, _OSCILLATOR_MAX = 800 * _MHZ, 1600 * _MHZ
_OUTPUT_MIN = Fraction(25, 4) * _MHZ
_OUTPUT_MAX = {1: 667 * _MHZ, 2: 775 * _MHZ, 3: 891 * _MHZ}
"""Of a global clock buffer."""

_DIVIDE_MAX = 106
_EIGHTHS = 8
_FACTOR_MIN, _FACTOR_MAX = 2 * _EIGHTHS, 128 * _EIGHTHS
"""Of `multiply`, and of `output_divide` unless it is 1; both in eighths."""


@dataclass(frozen=True)
class Mmcm:
    """Settings of an MMCM and what comes of them; frequencies in Hz."""

    input_hz: int
    divide: int
    multiply: Fraction
    output_divide: Fraction

    @property
    def oscillator_hz(self) -> Fraction:
        """Of the voltage-controlled oscillator."""
        return self.input_hz * self.multiply / self.divide

    @property
    def output_hz(self) -> Fraction:
        """Of the clock that it makes."""
        return self.oscillator_hz / self.output_divide

    @property
    def is_fractional(self) -> bool:
        """Whether a factor is no whole number, which costs jitter."""
        return self.multiply.denominator > 1 or self.output_divide.denominator > 1


def settings(input_hz: int, output_hz: int, speed_grade: int) -> Mmcm:
    """The settings for a clock which is, rounded to Hz, `output_hz`.

    Of several: whole factors, then the fastest phase detector, then the fastest oscillator, all for
    little jitter.

    Raises:
        FpgaError: the input is out of range, or no settings give this clock.
    """
    limit = _INPUT_MAX[speed_grade]
    if not _INPUT_MIN <= input_hz <= limit:
        raise FpgaError(
            f"clock_hz of the board is {input_hz}; at speed grade {speed_grade} an MMCM takes "
            f"{_INPUT_MIN} to {limit}"
        )

    def rank(candidate: Mmcm) -> tuple[Fraction, bool, int, Fraction]:
        error = abs(candidate.output_hz - output_hz)
        return error, candidate.is_fractional, candidate.divide, -candidate.oscillator_hz

    best = min(_candidates(input_hz, output_hz, speed_grade), key=rank)
    if round(best.output_hz) != output_hz:
        raise FpgaError(
            f"clock_hz is {output_hz}; no MMCM makes it of {input_hz} Hz at speed grade "
            f"{speed_grade}; the nearest is clock_hz={round(best.output_hz)}"
        )
    return best


def _candidates(input_hz: int, output_hz: int, speed_grade: int) -> Iterator[Mmcm]:
    """Legal settings; of those that differ in the output's divider alone, the two nearest."""
    for divide in range(1, _DIVIDE_MAX + 1):
        detector = Fraction(input_hz, divide)
        if not _DETECTOR_MIN <= detector <= _DETECTOR_MAX[speed_grade]:
            continue
        slowest = max(_FACTOR_MIN, ceil(_OSCILLATOR_MIN * _EIGHTHS / detector))
        fastest = min(_FACTOR_MAX, floor(_OSCILLATOR_MAX * _EIGHTHS / detector))
        for eighths in range(slowest, fastest + 1):
            multiply = Fraction(eighths, _EIGHTHS)
            for output_divide in _output_dividers(detector * multiply, output_hz, speed_grade):
                yield Mmcm(input_hz, divide, multiply, output_divide)


def _output_dividers(oscillator: Fraction, output_hz: int, speed_grade: int) -> set[Fraction]:
    """The legal dividers just below and above the wanted one."""
    wanted = oscillator * _EIGHTHS / output_hz
    lowest = max(_FACTOR_MIN, ceil(oscillator * _EIGHTHS / _OUTPUT_MAX[speed_grade]))
    highest = min(_FACTOR_MAX, floor(oscillator * _EIGHTHS / _OUTPUT_MIN))
    return {
        Fraction(min(max(eighths, lowest), highest), _EIGHTHS)
        for eighths in (floor(wanted), ceil(wanted))
    }
