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
_OUTPUT_MIN = 6_250_000
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

    def rank(factors: tuple[int, int, int]) -> tuple[float, bool, int, int]:
        divide, multiply, output_divide = factors
        divider = divide * output_divide
        error = abs(input_hz * multiply - output_hz * divider) / divider
        is_fractional = multiply % _EIGHTHS != 0 or output_divide % _EIGHTHS != 0
        return error, is_fractional, divide, -multiply

    divide, multiply, output_divide = min(_factors(input_hz, output_hz, speed_grade), key=rank)
    best = Mmcm(input_hz, divide, Fraction(multiply, _EIGHTHS), Fraction(output_divide, _EIGHTHS))
    if round(best.output_hz) != output_hz:
        raise FpgaError(
            f"clock_hz is {output_hz}; no MMCM makes it of {input_hz} Hz at speed grade "
            f"{speed_grade}; the nearest is clock_hz={round(best.output_hz)}"
        )
    return best


def _factors(input_hz: int, output_hz: int, speed_grade: int) -> Iterator[tuple[int, int, int]]:
    """Legal `divide`, and `multiply` and `output_divide` in eighths.

    Of those that differ in `output_divide` alone, the two that are nearest to the wanted output.
    """
    for divide in range(1, _DIVIDE_MAX + 1):
        detector = Fraction(input_hz, divide)
        if not _DETECTOR_MIN <= detector <= _DETECTOR_MAX[speed_grade]:
            continue
        slowest = max(_FACTOR_MIN, ceil(_OSCILLATOR_MIN * _EIGHTHS / detector))
        fastest = min(_FACTOR_MAX, floor(_OSCILLATOR_MAX * _EIGHTHS / detector))
        for multiply in range(slowest, fastest + 1):
            product = input_hz * multiply
            lowest = max(_FACTOR_MIN, -(-product // (divide * _OUTPUT_MAX[speed_grade])))
            highest = min(_FACTOR_MAX, product // (divide * _OUTPUT_MIN))
            below = product // (divide * output_hz)
            for output_divide in (below, below + 1):
                yield divide, multiply, min(max(output_divide, lowest), highest)
