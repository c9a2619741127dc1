"""Every golden layer is what docs/numerics.md says, for awkward arguments and special values."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from torch.nn import functional

from golden import layers, reference64
from golden.arith import scale_bias
from verif.unit.golden.values import (
    PAYLOAD_NAN,
    SPECIAL,
    Float32Array,
    assert_same_bits,
    bits,
    codes,
    generator,
    normal,
    sprinkled,
    window,
)

tensor = torch.from_numpy


def conv_by_hand(
    x: Float32Array,
    w: np.ndarray,
    stride: tuple[int, int],
    padding: tuple[int, int],
    dilation: tuple[int, int],
    groups: int,
) -> Float32Array:
    """The accumulators of a convolution, one scalar at a time, as the contract counts k."""
    batch, _, height, width = x.shape
    outputs, depth, kernel_rows, kernel_columns = w.shape
    rows, columns = (
        (size + 2 * p - d * (k - 1) - 1) // s + 1
        for size, p, d, k, s in zip(
            (height, width), padding, dilation, w.shape[2:], stride, strict=True
        )
    )
    result = np.zeros((batch, outputs, rows, columns), np.float32)
    for b, n, row, column in np.ndindex(*result.shape):
        first = n // (outputs // groups) * depth
        acc = np.float32(0)
        for i, j, c in itertools.product(range(kernel_rows), range(kernel_columns), range(depth)):
            y = row * stride[0] - padding[0] + i * dilation[0]
            z = column * stride[1] - padding[1] + j * dilation[1]
            inside = 0 <= y < height and 0 <= z < width
            activation = x[b, first + c, y, z] if inside else np.float32(0)
            acc = acc + activation * np.float32(w[n, c, i, j])
        result[b, n, row, column] = acc
    return result


@pytest.mark.parametrize("case", range(12))
def test_k_of_a_convolution_counts_kernel_row_column_then_channel(case: int) -> None:
    rng = generator(f"golden conv by hand {case}")
    groups, depth, outputs = (int(rng.integers(1, 4)) for _ in range(3))
    kernel, arguments, size = window(rng)
    x, w = normal(rng, 2, groups * depth, *size), codes(rng, groups * outputs, depth, *kernel)
    ones, zeros = torch.ones(len(w)), torch.zeros(len(w))
    rows, columns = arguments["padding"]
    got = layers.conv2d(
        tensor(x),
        tensor(w),
        ones,
        zeros,
        stride=arguments["stride"],
        padding=(rows, rows, columns, columns),
        dilation=arguments["dilation"],
        groups=groups,
    )
    assert_same_bits(got, conv_by_hand(x, w, **arguments, groups=groups))


def test_a_convolution_in_channel_first_order_would_give_other_bits() -> None:
    rng = generator("golden conv order")
    x, w = normal(rng, 1, 8, 6, 6), codes(rng, 4, 8, 3, 3)
    got = layers.conv2d(tensor(x), tensor(w), torch.ones(4), torch.zeros(4))
    acc = torch.zeros_like(got)
    for c, i, j in np.ndindex(8, 3, 3):
        acc += (
            tensor(x)[:, c : c + 1, i : i + 4, j : j + 4]
            * float(1)
            * tensor(w)[None, :, c, i, j, None, None].float()
        )
    torch.testing.assert_close(acc, got, rtol=1e-4, atol=1e-2)
    assert not torch.equal(acc, got)


@pytest.mark.parametrize("case", range(20))
def test_a_convolution_is_within_the_bound_of_pytorchs(case: int) -> None:
    rng = generator(f"golden conv bound {case}")
    groups, depth, outputs = (int(rng.integers(1, 4)) for _ in range(3))
    kernel, arguments, size = window(rng)
    x = tensor(normal(rng, 2, groups * depth, *size))
    w = tensor(codes(rng, groups * outputs, depth, *kernel))
    rows, columns = arguments["padding"]
    ones, zeros = torch.ones(len(w)), torch.zeros(len(w))
    got = layers.conv2d(
        x,
        w,
        ones,
        zeros,
        stride=arguments["stride"],
        padding=(rows, rows, columns, columns),
        dilation=arguments["dilation"],
        groups=groups,
    )
    exact = functional.conv2d(x.double(), w.double(), None, **arguments, groups=groups)
    magnitude = functional.conv2d(
        x.double().abs(), w.double().abs(), None, **arguments, groups=groups
    )
    bound = w[0].numel() * 2.0**-23 * magnitude
    assert ((got.double() - exact).abs() <= bound).all()


def test_padding_below_and_to_the_right_may_be_larger_than_above_and_to_the_left() -> None:
    rng = generator("golden conv edges")
    x, w = tensor(normal(rng, 1, 2, 5, 5)), tensor(codes(rng, 3, 2, 2, 2))
    got = layers.conv2d(x, w, torch.ones(3), torch.zeros(3), padding=(0, 1, 0, 1))
    by_pytorch = functional.conv2d(functional.pad(x.double(), (0, 1, 0, 1)), w.double())
    torch.testing.assert_close(got.double(), by_pytorch, rtol=1e-4, atol=1e-2)


def test_a_linear_layer_is_the_product_with_its_epilogue() -> None:
    rng = generator("golden linear")
    x, w = tensor(sprinkled(rng, 4, 30)), tensor(codes(rng, 7, 30))
    scale, bias = tensor(normal(rng, 7)), tensor(normal(rng, 7))
    acc = torch.zeros(4, 7)
    for k in range(30):
        acc = acc + x[:, k : k + 1] * w[:, k].float()
    expected = acc * scale + bias
    expected[expected.isnan()] = float("nan")
    assert_same_bits(layers.linear(x, w, scale, bias), expected)


def test_the_epilogue_rounds_after_the_scale_and_after_the_bias() -> None:
    acc = np.float32(1 + 2**-23)
    scale = np.float32(1 + 2**-23)  # the product needs 47 bits: rounds to 1 + 2^-22
    bias = np.float32(-1 - 2**-22)
    got = scale_bias(torch.tensor([acc]), torch.tensor([scale]), torch.tensor([bias]))
    assert got.tolist() == [0.0]
    assert float(acc) * float(scale) + float(bias) != 0.0


@pytest.mark.parametrize(("x", "scale"), [(np.inf, 0.0), (np.nan, 1.0), (PAYLOAD_NAN[0], 1.0)])
def test_a_nan_from_the_epilogue_is_canonical(x: float, scale: float) -> None:
    got = scale_bias(torch.tensor([x]), torch.tensor([scale]), torch.tensor([1.0]))
    assert hex(bits(got)[0]) == "0x7fc00000"


def test_relu_gives_plus_zero_unless_the_value_is_positive_or_nan() -> None:
    values = np.concatenate([SPECIAL, PAYLOAD_NAN])
    expected = [v if v > 0 or np.isnan(v) else np.float32(0) for v in values]
    assert_same_bits(layers.relu(tensor(values)), np.array(expected, np.float32))


@pytest.mark.parametrize("ceil_mode", [False, True])
@pytest.mark.parametrize("case", range(20))
def test_max_pooling_has_the_bits_of_pytorch(case: int, ceil_mode: bool) -> None:
    rng = generator(f"golden pool {case}")
    kernel, arguments, size = window(rng)
    x = tensor(sprinkled(rng, 2, 3, *size))
    got = layers.max_pool2d(x, kernel, **arguments, ceil_mode=ceil_mode)
    expected = functional.max_pool2d(x, kernel, **arguments, ceil_mode=ceil_mode)
    assert_same_bits(got, expected)


def test_max_pooling_hands_a_nan_on_wherever_it_is_in_the_window() -> None:
    for row, column in np.ndindex(2, 2):
        x = torch.tensor([[[[1.0, 2.0], [3.0, torch.inf]]]])
        x[0, 0, row, column] = torch.nan
        assert layers.max_pool2d(x, (2, 2), (2, 2)).isnan().all()


@pytest.mark.parametrize("zeros", [[0.0, -0.0], [-0.0, 0.0]])
def test_max_pooling_hands_the_first_of_equal_zeros_on(zeros: list[float]) -> None:
    got = layers.max_pool2d(torch.tensor([[[zeros]]]), (1, 2), (1, 2))
    assert_same_bits(got[0, 0, 0], np.array(zeros[:1], np.float32))


def test_max_pooling_of_nothing_but_minus_infinity_is_minus_infinity() -> None:
    x = torch.full((1, 1, 2, 2), -torch.inf)
    assert layers.max_pool2d(x, (2, 2), (2, 2), padding=(1, 1)).isneginf().all()


@pytest.mark.parametrize("rows", [1, 5])
@pytest.mark.parametrize("spread", [0.1, 3.0, 40.0])
def test_softmax_is_within_8_ulp_or_1e_7_of_float64(rows: int, spread: float) -> None:
    rng = generator(f"golden softmax {rows} {spread}")
    x = tensor(normal(rng, rows, 10) * np.float32(spread))
    got = layers.softmax(x).double()
    exact = torch.softmax(x.double(), dim=1)
    ulp = np.spacing(exact.numpy().astype(np.float32)).astype(np.float64)
    error = (got - exact).abs().numpy()
    assert ((error <= 8 * ulp) | (error <= 1e-7)).all(), f"largest error {error.max()}"


def test_softmax_of_equal_values_is_their_share() -> None:
    assert layers.softmax(torch.full((1, 4), -3.0)).tolist() == [[0.25] * 4]


def test_the_exponential_of_zero_is_one_and_ends_at_minus_87() -> None:
    t = torch.tensor([0.0, -0.0, -87.0, np.nextafter(np.float32(-87), np.float32(-88))])
    got = layers.exp(t)
    assert got[:2].tolist() == [1.0, 1.0]
    assert float(got[2]) == pytest.approx(float(np.exp(-87.0)), rel=1e-6, abs=0)
    assert bits(got)[3] == 0


def test_the_exponential_follows_its_steps_in_scalar_float32() -> None:
    f = np.float32
    for value in normal(generator("golden exp"), 200):
        t = f(-40) * abs(value)
        if t < -87:
            continue
        j = np.rint(f(t * f(1.44269502)))
        r = f(f(t - f(j * f(0.693359375))) - f(j * f(-2.12194440e-4)))
        p = f(1.98756915e-4)
        for c in (1.39819995e-3, 8.33345205e-3, 4.16657962e-2, 0.166666657, 0.5):
            p = f(f(p * r) + f(c))
        p = f(f(f(f(f(p * r) * r) + r) + f(1)) * f(2.0 ** int(j)))
        assert_same_bits(layers.exp(torch.tensor([t])), np.array([p]))


@pytest.mark.parametrize(
    "row", [[1.0, np.nan, 2.0], [1.0, np.inf, 2.0], [-np.inf, -np.inf, -np.inf]]
)
def test_softmax_of_a_row_without_a_finite_maximum_is_canonical_nan(row: list[float]) -> None:
    got = layers.softmax(torch.tensor([row, [0.0, 0.0, 0.0]]))
    assert {hex(word) for word in bits(got)[0]} == {"0x7fc00000"}
    assert got[1].isfinite().all()


def test_gemm64_is_the_exact_product() -> None:
    a, w = torch.tensor([[2.0**-20, 2.0**20]]), torch.tensor([[127], [-128]], dtype=torch.int8)
    assert reference64.gemm64(a, w).item() == 127 * 2.0**-20 - 128 * 2.0**20
