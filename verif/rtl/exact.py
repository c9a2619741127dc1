"""binary32 in exact rational arithmetic: slow, and independent of any floating-point hardware."""

from __future__ import annotations

from fractions import Fraction

INFINITY = 0x7F80_0000
CANONICAL_NAN = 0x7FC0_0000
SIGN = 0x8000_0000

_SMALLEST_EXPONENT = -149  # of the last bit of a subnormal number
_LARGEST_EXPONENT = 104  # of the last bit of the largest numbers


def multiply(a: int, b: int) -> int:
    """Bits of fl(a * b) for the bits `a` and `b`."""
    sign = (a ^ b) & SIGN
    if _is_nan(a) or _is_nan(b):
        return CANONICAL_NAN
    if _is_infinite(a) or _is_infinite(b):
        return CANONICAL_NAN if 0 in (a & ~SIGN, b & ~SIGN) else sign | INFINITY
    return sign | _round(abs(_value(a) * _value(b)))


def multiply_by_weight(a: int, weight: int) -> int:
    """Bits of fl(a * weight) for the bits `a` and an integer, whose zero is positive."""
    sign = (a & SIGN) ^ (SIGN if weight < 0 else 0)
    if _is_nan(a) or (_is_infinite(a) and weight == 0):
        return CANONICAL_NAN
    if _is_infinite(a):
        return sign | INFINITY
    return sign | _round(abs(_value(a) * weight))


def add(a: int, b: int) -> int:
    """Bits of fl(a + b) for the bits `a` and `b`."""
    if _is_nan(a) or _is_nan(b):
        return CANONICAL_NAN
    if _is_infinite(a) or _is_infinite(b):
        infinities = {x for x in (a, b) if _is_infinite(x)}
        return infinities.pop() if len(infinities) == 1 else CANONICAL_NAN
    exact = _value(a) + _value(b)
    if exact == 0:
        return a & b & SIGN  # only the sum of two negative zeros is -0
    return (SIGN if exact < 0 else 0) | _round(abs(exact))


def _is_nan(bits: int) -> bool:
    return bits & ~SIGN > INFINITY


def _is_infinite(bits: int) -> bool:
    return bits & ~SIGN == INFINITY


def _value(bits: int) -> Fraction:
    """The number that finite `bits` stand for: IEEE 754-2019, 3.4."""
    exponent, fraction = bits >> 23 & 0xFF, bits & 0x7F_FFFF
    significand = fraction if exponent == 0 else fraction | 1 << 23
    magnitude = significand * Fraction(2) ** (max(exponent, 1) - 127 - 23)
    return -magnitude if bits & SIGN else magnitude


def _round(magnitude: Fraction) -> int:
    """Bits of the nearest binary32 of a number that is not negative, ties to even: 4.3.1."""
    exponent = _SMALLEST_EXPONENT
    while exponent <= _LARGEST_EXPONENT and magnitude >= Fraction(2) ** (exponent + 24):
        exponent += 1
    significand = round(magnitude / Fraction(2) ** exponent)  # Python rounds ties to even
    # The hidden bit counts the exponent up, and so does a carry.
    bits = ((exponent - _SMALLEST_EXPONENT) << 23) + significand
    return min(bits, INFINITY)
