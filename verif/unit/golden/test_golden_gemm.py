"""The matrix product does what docs/numerics.md says, sentence by sentence."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
import torch

from golden import gemm, numpy_twin, reference64
from verif.unit.golden.values import (
    PAYLOAD_NAN,
    Float32Array,
    assert_same_bits,
    bits,
    codes,
    fl,
    generator,
    normal,
    sprinkled,
)

Step = Callable[[Fraction, Fraction, Fraction], Fraction]


def product(a: Float32Array, w: np.ndarray) -> Float32Array:
    """The golden product of NumPy arrays."""
    return gemm.gemm(torch.from_numpy(a), torch.from_numpy(w)).numpy()


def by_fractions(a: Float32Array, w: np.ndarray, step: Step, reverse: bool = False) -> Float32Array:
    """The product with exact arithmetic, rounded where `step` says."""
    result = np.zeros((a.shape[0], w.shape[1]), np.float32)
    order = range(a.shape[1])
    for m, n in np.ndindex(result.shape):
        acc = Fraction(0)
        for k in reversed(order) if reverse else order:
            acc = step(acc, Fraction(float(a[m, k])), Fraction(int(w[k, n])))
        result[m, n] = float(acc)
    return result


def contract_step(acc: Fraction, a: Fraction, w: Fraction) -> Fraction:
    return fl(acc + fl(a * w))


def fused_step(acc: Fraction, a: Fraction, w: Fraction) -> Fraction:
    return fl(acc + a * w)


@pytest.fixture
def operands() -> tuple[Float32Array, np.ndarray]:
    """Activations of many magnitudes, and weights."""
    rng = generator("golden gemm operands")
    magnitudes = np.exp2(rng.integers(-12, 12, (5, 40))).astype(np.float32)
    return normal(rng, 5, 40) * magnitudes, codes(rng, 40, 6)


def test_the_product_is_rounded_then_the_sum_in_the_order_of_k(
    operands: tuple[Float32Array, np.ndarray],
) -> None:
    assert_same_bits(product(*operands), by_fractions(*operands, contract_step))


def test_a_fused_multiply_add_would_give_other_bits(
    operands: tuple[Float32Array, np.ndarray],
) -> None:
    assert (product(*operands) != by_fractions(*operands, fused_step)).any()


def test_another_order_of_k_would_give_other_bits(
    operands: tuple[Float32Array, np.ndarray],
) -> None:
    assert (product(*operands) != by_fractions(*operands, contract_step, reverse=True)).any()


def test_a_result_is_reproduced_by_one_line_of_float32_numpy() -> None:
    rng = generator("golden gemm one line")
    a, w = normal(rng, 1, 30), codes(rng, 30, 1)
    acc = np.float32(0)
    for k in range(30):
        acc = acc + a[0, k] * np.float32(w[k, 0])
    assert_same_bits(product(a, w), np.array([[acc]]))


def test_the_sum_starts_at_plus_zero_so_it_never_becomes_minus_zero() -> None:
    a, w = np.full((1, 3), -0.0, np.float32), np.ones((3, 1), np.int8)
    assert bits(product(a, w)).tolist() == [[0]]


def test_without_k_the_result_is_plus_zero() -> None:
    assert_same_bits(
        product(np.zeros((2, 0), np.float32), np.zeros((0, 3), np.int8)), np.zeros((2, 3), "f4")
    )


def test_all_256_codes_are_exact() -> None:
    every = np.arange(-128, 128)
    got = product(np.ones((1, 1), np.float32), every.astype(np.int8).reshape(1, -1))
    assert got[0].tolist() == every.tolist()


@pytest.mark.parametrize(
    ("a", "w", "expected"),
    [
        ([2**-149], [3], 3 * 2**-149),
        ([2**-126, -(2**-127)], [1, 1], 2**-127),
        ([3e38], [2], np.inf),
        ([np.inf, 1.0], [-1, 1], -np.inf),
        ([3e38, np.inf], [-2, -1], -np.inf),
    ],
)
def test_subnormals_and_infinities_are_as_in_the_standard(
    a: list[float], w: list[int], expected: float
) -> None:
    got = product(np.array([a], np.float32), np.array([w], np.int8).T)
    assert_same_bits(got, np.array([[expected]], np.float32))


@pytest.mark.parametrize(
    ("a", "w"),
    [
        ([np.inf], [0]),
        ([np.inf, -np.inf], [1, 1]),
        ([3e38, -np.inf], [2, 1]),
        ([np.nan, 1.0], [5, 1]),
        ([PAYLOAD_NAN[0], 1.0], [1, 1]),
        ([1.0, PAYLOAD_NAN[1]], [0, -3]),
    ],
)
def test_a_nan_result_is_the_canonical_quiet_nan(a: list[float], w: list[int]) -> None:
    got = product(np.array([a], np.float32), np.array([w], np.int8).T)
    assert hex(bits(got)[0, 0]) == "0x7fc00000"


@pytest.mark.parametrize("module", [gemm, numpy_twin])
def test_working_in_blocks_of_m_changes_no_bit(
    module: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = generator("golden gemm blocks")
    a, w = sprinkled(rng, 50, 20), codes(rng, 20, 4)
    whole = product(a, w), numpy_twin.gemm(a, w)
    monkeypatch.setattr(module, "BLOCK_ELEMENTS", 28)
    assert_same_bits(product(a, w), whole[0])
    assert_same_bits(numpy_twin.gemm(a, w), whole[1])


@pytest.mark.parametrize("m", [1, 7])
@pytest.mark.parametrize("k", [1, 33, 300])
def test_the_error_is_within_the_bound_of_the_contract(m: int, k: int) -> None:
    rng = generator(f"golden gemm bound {m} {k}")
    a, w = torch.from_numpy(normal(rng, m, k)), torch.from_numpy(codes(rng, k, 9))
    error = (gemm.gemm(a, w).to(torch.float64) - reference64.gemm64(a, w)).abs()
    bound = reference64.gemm_error_bound(a, w)
    assert (error <= bound).all(), f"error / bound is {float((error / bound).max())}"


def test_the_bound_notices_an_error_of_a_thousandth() -> None:
    rng = generator("golden gemm bound notices")
    a, w = torch.from_numpy(normal(rng, 4, 30)), torch.from_numpy(codes(rng, 30, 9))
    error = (gemm.gemm(a, w).to(torch.float64) * 1.001 - reference64.gemm64(a, w)).abs()
    assert (error > reference64.gemm_error_bound(a, w)).any()


@pytest.mark.parametrize(
    ("a", "w", "message"),
    [
        (torch.zeros(2, 3), torch.zeros(4, 5, dtype=torch.int8), "K must be the same"),
        (torch.zeros(3), torch.zeros(3, 5, dtype=torch.int8), "K must be the same"),
        (torch.zeros(3, 2), torch.zeros(3, 5), "must be float32 by int8"),
        (torch.zeros(3, 2).double(), torch.zeros(3, 5, dtype=torch.int8), "float32 by int8"),
    ],
)
def test_operands_that_do_not_fit_are_refused(
    a: torch.Tensor, w: torch.Tensor, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        gemm.gemm_columns(a, w)
    with pytest.raises(ValueError, match=message):
        numpy_twin.gemm_columns(a.numpy(), w.numpy())
