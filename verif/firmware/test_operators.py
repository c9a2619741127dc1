"""The firmware's operators, compiled for the host, against the golden arithmetic, bit for bit.

Shapes and arguments are random (`HEEPSTOR_SEED` repeats them), the awkward ones listed beside. The
arrays have accumulators of few rows, so that every GEMM of some size is worked on in chunks.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from golden import numpy_twin
from golden.numpy_twin import Float32Array, Int8Array
from verif.firmware import operators
from verif.firmware.host_build import executable
from verif.firmware.operators import Product, Window
from verif.harness import seeds

ACCUMULATOR_ROWS = {4: 4, 8: 16, 12: 64}
CASES = 25

SPECIAL = np.array(
    [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-45, -1e-39, 3.4e38, -3.4e38, 16777217.0], np.float32
)

pytestmark = pytest.mark.parametrize("size", ACCUMULATOR_ROWS, scope="module")
both_backends = pytest.mark.parametrize("backend", operators.BACKENDS)


@pytest.fixture(scope="module")
def program(size: int) -> Path:
    rows = ACCUMULATOR_ROWS[size]
    return executable("operators", {"HOST_ARRAY_SIZE": size, "HOST_ACCUMULATOR_ROWS": rows})


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    return np.random.default_rng(seeds.derive(request.node.name))


@both_backends
def test_linear_has_the_golden_bits(
    program: Path, rng: np.random.Generator, size: int, backend: str
) -> None:
    shapes = [(1, 1, 1), (1, size, size), (5, size + 1, size + 1), (2, 3 * size - 1, 2 * size - 1)]
    shapes += [tuple(map(int, rng.integers(1, [70, 40, 30]))) for _ in range(CASES)]
    requests, expected = [], []
    for m, k, n in shapes:
        x, product = values(rng, (m, k)), random_product(rng, 1, k, n)
        requests.append(operators.linear(backend, size, x, product))
        y = numpy_twin.gemm(x, product.codes[0])
        expected.append(epilogue(y, product))
    assert_same_bits(program, requests, expected, shapes)


CONVOLUTIONS = [
    # input (H, W), channels in and out of a group, groups, window
    ((1, 1), 1, 1, 1, Window((1, 1))),
    ((6, 5), 3, 5, 1, Window((1, 1))),  # pointwise
    ((6, 5), 2, 3, 2, Window((1, 1))),
    ((6, 5), 3, 5, 1, Window((1, 1), stride=(2, 3))),
    ((6, 5), 3, 5, 1, Window((1, 1), padding=(1, 2))),
    ((8, 9), 1, 1, 5, Window((3, 3))),  # depthwise
    ((7, 7), 2, 9, 3, Window((3, 2), stride=(2, 1), padding=(2, 1), dilation=(1, 2))),
    ((5, 4), 1, 7, 1, Window((5, 4))),  # one position
    ((2, 2), 2, 3, 1, Window((3, 3), padding=(4, 4))),  # positions that see only padding
    ((3, 9), 2, 3, 1, Window((1, 5), dilation=(3, 2))),
    ((9, 3), 2, 3, 1, Window((5, 1), dilation=(2, 3))),
]


@both_backends
def test_conv2d_has_the_golden_bits(
    program: Path, rng: np.random.Generator, size: int, backend: str
) -> None:
    cases = CONVOLUTIONS + [random_convolution(rng) for _ in range(CASES)]
    requests, expected = [], []
    for (height, width), channels, filters, groups, window in cases:
        depth = window.kernel[0] * window.kernel[1] * channels
        x = values(rng, (height, width, groups * channels))
        product = random_product(rng, groups, depth, filters)
        output = convolved_size((height, width), window)
        requests.append(
            operators.conv2d(
                backend,
                size,
                x,
                product,
                window,
                output=output,
                # Without padding, activations are read in place and no scratch is needed.
                scratch_rows=int(rng.integers(1, 20)) if any(window.padding) else 0,
            )
        )
        expected.append(golden_conv2d(x, product, window, output))
    assert_same_bits(program, requests, expected, cases)


def test_conv2d_pads_below_and_right_as_far_as_the_output_goes(
    program: Path, rng: np.random.Generator, size: int
) -> None:
    """padding="same" with an even kernel: one position more after than before."""
    window = Window((4, 2), padding=(1, 0))
    x, product = values(rng, (6, 5, 3)), random_product(rng, 1, 24, 7)
    request = operators.conv2d(
        "direct", size, x, product, window, output=(6, 5), scratch_rows=ACCUMULATOR_ROWS[size]
    )
    assert_same_bits(program, [request], [golden_conv2d(x, product, window, (6, 5))], ["same"])


def test_conv2d_with_padding_and_no_scratch_is_refused(
    program: Path, rng: np.random.Generator, size: int
) -> None:
    x, product = values(rng, (4, 4, 1)), random_product(rng, 1, 9, 2)
    request = operators.conv2d(
        "direct", size, x, product, Window((3, 3), padding=(1, 1)), output=(4, 4), scratch_rows=0
    )
    assert_check_fails(program, request, "chunk > 0")


@both_backends
def test_linear_with_an_input_of_another_length_is_refused(
    program: Path, rng: np.random.Generator, size: int, backend: str
) -> None:
    request = operators.linear(backend, size, values(rng, (2, 5)), random_product(rng, 1, 4, 3))
    # The request says M, K = 2, 5: as if the descriptor had K = 6.
    words = np.frombuffer(request, "<u4").copy()
    words[-3] += 1
    assert_check_fails(program, words.tobytes(), "input.size() == layer.rows * layer.inputs")


def test_scale_bias_has_the_golden_bits(program: Path, rng: np.random.Generator, size: int) -> None:
    requests, expected = [], []
    shapes = [(1, 1), (64, 3), *(tuple(map(int, rng.integers(1, 40, 2))) for _ in range(CASES))]
    for positions, channels in shapes:
        x = values(rng, (positions, channels))
        scale, bias = values(rng, (channels,)), values(rng, (channels,))
        with_relu = bool(rng.integers(2))
        y = numpy_twin.scale_bias(x, scale, bias)
        requests.append(operators.scale_bias(x, scale, bias, with_relu))
        expected.append(numpy_twin.relu(y) if with_relu else y)
    assert_same_bits(program, requests, expected, shapes)


def test_relu_has_the_golden_bits(program: Path, rng: np.random.Generator, size: int) -> None:
    x = values(rng, (500,))
    assert_same_bits(program, [operators.relu(x)], [numpy_twin.relu(x)], ["500 values"])


POOLS = [
    # input (H, W, C), window, ceil_mode
    ((4, 4, 1), Window((2, 2), stride=(2, 2)), False),
    ((5, 7, 3), Window((2, 3), stride=(2, 2)), True),
    ((5, 5, 2), Window((3, 3), stride=(1, 2), padding=(1, 1)), False),
    ((7, 6, 2), Window((3, 2), stride=(3, 1), padding=(1, 1), dilation=(2, 3)), True),
    ((1, 1, 2), Window((2, 2), padding=(1, 1), dilation=(2, 2)), False),  # no tap inside: -inf
    ((6, 6, 1), Window((4, 4), stride=(5, 5), padding=(2, 2)), True),
]


def test_max_pool2d_has_the_golden_bits(program: Path, rng: np.random.Generator, size: int) -> None:
    cases = POOLS + [random_pool(rng) for _ in range(CASES)]
    requests, expected = [], []
    for shape, window, ceil_mode in cases:
        x = values(rng, shape)
        pooled = numpy_twin.max_pool2d(
            channels_first(x),
            window.kernel,
            window.stride,
            padding=window.padding,
            dilation=window.dilation,
            ceil_mode=ceil_mode,
        )
        y = channels_last(pooled)
        with_relu = bool(rng.integers(2))
        requests.append(operators.max_pool2d(x, window, y.shape[:2], with_relu))
        expected.append(numpy_twin.relu(y) if with_relu else y)
    assert_same_bits(program, requests, expected, cases)


def test_transpose_gives_the_flatten_order_of_pytorch(
    program: Path, rng: np.random.Generator, size: int
) -> None:
    shapes = [(1, 1, 1), (2, 3, 5), (7, 1, 4)]
    inputs = [values(rng, shape) for shape in shapes]
    assert_same_bits(
        program,
        [operators.transpose(x) for x in inputs],
        [np.ascontiguousarray(x.transpose(2, 0, 1)) for x in inputs],
        shapes,
    )


def test_softmax_has_the_golden_bits(program: Path, rng: np.random.Generator, size: int) -> None:
    shapes = [(1, 1), (3, 10), *(tuple(map(int, rng.integers(1, 30, 2))) for _ in range(CASES))]
    inputs = [(20 * rng.standard_normal(shape)).astype(np.float32) for shape in shapes]
    inputs += [values(rng, (5, 4)) for _ in range(CASES)]
    # Around the threshold of underflow, and the ties of the rounding to a power of two.
    inputs += [np.array([[0, -87, np.nextafter(np.float32(-87), np.float32(-88))]], np.float32)]
    inputs += [np.linspace(-90, 0, 4001, dtype=np.float32).reshape(1, -1)]
    assert_same_bits(
        program,
        [operators.softmax(x) for x in inputs],
        [numpy_twin.softmax(x) for x in inputs],
        [x.shape for x in inputs],
    )


def values(rng: np.random.Generator, shape: tuple[int, ...]) -> Float32Array:
    """Normal values; in every second array some are special."""
    x = rng.standard_normal(shape).astype(np.float32)
    if rng.integers(2):
        chosen = rng.random(shape) < 0.02
        x[chosen] = rng.choice(SPECIAL, int(chosen.sum()))
    return x


def random_product(rng: np.random.Generator, groups: int, k: int, n: int) -> Product:
    codes: Int8Array = rng.integers(-128, 128, (groups, k, n), dtype=np.int8)
    scale = rng.uniform(1e-3, 1e-1, groups * n).astype(np.float32)
    bias = rng.standard_normal(groups * n).astype(np.float32)
    return Product(codes, scale, bias, relu=bool(rng.integers(2)))


def random_convolution(
    rng: np.random.Generator,
) -> tuple[tuple[int, int], int, int, int, Window]:
    """A convolution of which at least one position fits."""

    def pair(low: int, high: int) -> tuple[int, int]:
        rows, columns = rng.integers(low, high, 2)
        return int(rows), int(columns)

    while True:
        extent = pair(1, 10)
        window = Window(pair(1, 5), pair(1, 4), pair(0, 3), pair(1, 4))
        if min(convolved_size(extent, window)) > 0:
            channels, filters, groups = (int(v) for v in rng.integers(1, [6, 20, 4]))
            return extent, channels, filters, groups, window


def random_pool(rng: np.random.Generator) -> tuple[tuple[int, int, int], Window, bool]:
    """A pool that PyTorch accepts: padding of at most half the kernel."""
    while True:
        height, width, channels = (int(v) for v in rng.integers(1, [12, 12, 6]))
        kernel, stride, dilation = (
            (int(rows), int(columns)) for rows, columns in rng.integers(1, 4, (3, 2))
        )
        padding = (int(rng.integers(kernel[0] // 2 + 1)), int(rng.integers(kernel[1] // 2 + 1)))
        window = Window(kernel, stride, padding, dilation)
        if min(convolved_size((height, width), window)) > 0:
            return (height, width, channels), window, bool(rng.integers(2))


def convolved_size(extent: tuple[int, int], window: Window) -> tuple[int, int]:
    rows, columns = (
        (size + 2 * p - d * (k - 1) - 1) // s + 1
        for size, k, s, p, d in zip(
            extent, window.kernel, window.stride, window.padding, window.dilation, strict=True
        )
    )
    return rows, columns


def golden_conv2d(
    x: Float32Array, product: Product, window: Window, output: tuple[int, int]
) -> Float32Array:
    """[OH, OW, N] of `x` [H, W, C]; zeros are put before by `padding`, after as far as needed."""
    edges = [
        (p, max(0, (out - 1) * s + d * (k - 1) + 1 - size - p))
        for size, out, k, s, p, d in zip(
            x.shape[:2],
            output,
            window.kernel,
            window.stride,
            window.padding,
            window.dilation,
            strict=True,
        )
    ]
    padded = np.pad(x, (*edges, (0, 0)))
    groups, _, filters = product.codes.shape
    # [groups, (row, column, channel), filter] to [filters of all groups, channel, row, column]
    codes = product.codes.reshape(groups, *window.kernel, -1, filters).transpose(0, 4, 3, 1, 2)
    y = numpy_twin.conv2d(
        channels_first(padded),
        np.ascontiguousarray(codes).reshape(groups * filters, -1, *window.kernel),
        product.scale,
        product.bias,
        stride=window.stride,
        dilation=window.dilation,
        groups=groups,
    )
    y = channels_last(y)[: output[0], : output[1]]
    return numpy_twin.relu(y) if product.relu else y


def epilogue(sums: Float32Array, product: Product) -> Float32Array:
    y = numpy_twin.scale_bias(sums, product.scale, product.bias)
    return numpy_twin.relu(y) if product.relu else y


def channels_first(x: Float32Array) -> Float32Array:
    """[H, W, C] as a batch of one, [1, C, H, W]."""
    return np.ascontiguousarray(x.transpose(2, 0, 1)[np.newaxis])


def channels_last(y: Float32Array) -> Float32Array:
    """[1, C, H, W] as [H, W, C]."""
    return np.ascontiguousarray(y[0].transpose(1, 2, 0))


def assert_same_bits(
    program: Path,
    requests: list[bytes],
    expected: list[Float32Array],
    cases: list[object] | list[tuple[int, ...]],
) -> None:
    """Any NaN equals any NaN: a host's processor makes other ones than the target's."""
    assert len(requests) == len(expected) == len(cases)
    for case, (status, got), want in zip(
        cases, operators.run(program, requests), expected, strict=True
    ):
        assert status == 0, f"{case}: status {status}"
        assert got.size == want.size, f"{case}: {got.size} values, expected {want.size}"
        want = want.reshape(-1)
        same = (got.view(np.uint32) == want.view(np.uint32)) | (np.isnan(got) & np.isnan(want))
        if not same.all():
            index = int(np.argmin(same))
            pytest.fail(
                f"{case}: {int((~same).sum())} of {want.size} differ; index {index}: "
                f"got {got[index]!r}, expected {want[index]!r}"
            )


def assert_check_fails(program: Path, request: bytes, condition: str) -> None:
    with pytest.raises(subprocess.CalledProcessError) as failure:
        operators.run(program, [request])
    assert failure.value.returncode == 4
    assert f"not so: {condition}" in failure.value.stderr
