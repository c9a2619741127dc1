"""The NumPy model has the bits of the PyTorch model, special values included."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import golden
from golden import arith, gemm, layers, numpy_twin
from verif.unit.golden.values import (
    PAYLOAD_NAN,
    SPECIAL,
    assert_same_bits,
    codes,
    generator,
    sprinkled,
    window,
)

tensor = torch.from_numpy
FOLDER = Path(golden.__file__).parent


@pytest.mark.parametrize(("m", "k", "n"), [(1, 1, 1), (3, 75, 16), (484, 75, 16), (5, 2000, 3)])
def test_gemm_is_the_same(m: int, k: int, n: int) -> None:
    rng = generator(f"twin gemm {m} {k} {n}")
    a, w = sprinkled(rng, m, k), codes(rng, k, n)
    a[: m // 2] = rng.standard_normal((m // 2, k))  # rows without a NaN, however long k is
    assert_same_bits(numpy_twin.gemm(a, w), gemm.gemm(tensor(a), tensor(w)))


@pytest.mark.parametrize("case", range(20))
def test_convolution_is_the_same(case: int) -> None:
    rng = generator(f"twin conv {case}")
    groups, depth, outputs = (int(rng.integers(1, 4)) for _ in range(3))
    kernel, arguments, size = window(rng)
    x, w = sprinkled(rng, 2, groups * depth, *size), codes(rng, groups * outputs, depth, *kernel)
    scale, bias = sprinkled(rng, len(w)), sprinkled(rng, len(w))
    got = numpy_twin.conv2d(x, w, scale, bias, **arguments, groups=groups)
    rows, columns = arguments.pop("padding")
    expected = layers.conv2d(
        tensor(x),
        tensor(w),
        tensor(scale),
        tensor(bias),
        **arguments,
        padding=(rows, rows, columns, columns),
        groups=groups,
    )
    assert_same_bits(got, expected)


@pytest.mark.parametrize("ceil_mode", [False, True])
@pytest.mark.parametrize("case", range(10))
def test_max_pooling_is_the_same(case: int, ceil_mode: bool) -> None:
    rng = generator(f"twin pool {case}")
    kernel, arguments, size = window(rng)
    x = sprinkled(rng, 2, 3, *size)
    got = numpy_twin.max_pool2d(x, kernel, **arguments, ceil_mode=ceil_mode)
    expected = layers.max_pool2d(tensor(x), kernel, **arguments, ceil_mode=ceil_mode)
    assert_same_bits(got, expected)


@pytest.mark.parametrize("case", range(5))
def test_linear_epilogue_relu_and_softmax_are_the_same(case: int) -> None:
    rng = generator(f"twin vectors {case}")
    x, w = sprinkled(rng, 6, 12), codes(rng, 9, 12)
    scale, bias = sprinkled(rng, 9), sprinkled(rng, 9)
    got = numpy_twin.linear(x, w, scale, bias)
    assert_same_bits(got, layers.linear(tensor(x), tensor(w), tensor(scale), tensor(bias)))
    assert_same_bits(numpy_twin.relu(got), layers.relu(tensor(got)))
    for row in (got, x, rng.standard_normal((3, 9)).astype(np.float32) * 30):
        assert_same_bits(numpy_twin.softmax(row), layers.softmax(tensor(row)))


def test_every_pair_of_special_values_is_scaled_and_shifted_the_same() -> None:
    values = np.concatenate([SPECIAL, PAYLOAD_NAN])
    x, scale, bias = (np.ascontiguousarray(v) for v in np.meshgrid(values, values, values))
    expected = arith.scale_bias(tensor(x), tensor(scale), tensor(bias))
    assert_same_bits(numpy_twin.scale_bias(x, scale, bias), expected)


@pytest.mark.parametrize(
    ("words", "expected"),
    [([], 0x811C9DC5), ([0], 0x050C5D1F), ([0x61], 0xE40C292C), ([0xFFFFFFFF], 0xF9F3A14E)],
)
def test_fnv1a_is_that_of_the_firmware(words: list[int], expected: int) -> None:
    assert numpy_twin.fnv1a(np.array(words, np.uint32)) == expected


def test_fnv1a_depends_on_the_order_of_the_words() -> None:
    assert numpy_twin.fnv1a([1, 2]) != numpy_twin.fnv1a([2, 1])


def test_a_simulator_process_does_not_load_torch_with_the_twin() -> None:
    program = "import sys, golden.numpy_twin; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_golden_imports_only_itself_numpy_torch_and_the_standard_library() -> None:
    allowed = {"golden", "numpy", "torch"} | sys.stdlib_module_names
    for path in FOLDER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                modules = [node.module or "."]
            else:
                continue
            foreign = {module.partition(".")[0] for module in modules} - allowed
            assert not foreign, f"{path.name} imports {', '.join(foreign)}"
