"""Requests to `host/serve.h`: one function an operator, and `run`, which executes a batch."""

from __future__ import annotations

import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from golden.numpy_twin import Float32Array, Int8Array

_LINEAR, _CONV2D, _SCALE_BIAS, _RELU, _MAX_POOL2D, _TRANSPOSE, _SOFTMAX = range(7)
BACKENDS = {"software": 0, "direct": 1}

Pair = tuple[int, int]


@dataclass(frozen=True)
class Window:
    """A sliding window; each field is (rows, columns)."""

    kernel: Pair
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)

    def words(self) -> bytes:
        return _words(*self.kernel, *self.stride, *self.padding, *self.dilation)


@dataclass(frozen=True)
class Product:
    """Weights of a matrix product, [groups, K, N], and their epilogue."""

    codes: Int8Array
    scale: Float32Array
    bias: Float32Array
    relu: bool

    def words(self, size: int) -> bytes:
        return _array(pack(self.codes, size)) + _array(self.scale) + _array(self.bias)


def pack(codes: Int8Array, size: int) -> Int8Array:
    """[groups, K, N] as the firmware's [groups, n_tiles, K, size], element by element."""
    groups, depth, columns = codes.shape
    packed = np.zeros((groups, -(-columns // size), depth, size), np.int8)
    for group, k, n in np.ndindex(groups, depth, columns):
        packed[group, n // size, k, n % size] = codes[group, k, n]
    return packed


def linear(backend: str, size: int, x: Float32Array, product: Product) -> bytes:
    """Request for `x` [M, K]."""
    return (
        _words(_LINEAR, BACKENDS[backend])
        + product.words(size)
        + _array(x)
        + _words(*x.shape, product.codes.shape[2], product.relu)
    )


def conv2d(
    backend: str,
    size: int,
    x: Float32Array,
    product: Product,
    window: Window,
    *,
    output: tuple[int, int],
    scratch_rows: int,
) -> bytes:
    """Request for `x` [H, W, C], `output` (OH, OW); `scratch_rows` rows of the im2row matrix."""
    groups, depth, columns = product.codes.shape
    return (
        _words(_CONV2D, BACKENDS[backend])
        + product.words(size)
        + _array(x)
        + _words(*x.shape, *output, groups * columns)
        + window.words()
        + _words(groups, product.relu, scratch_rows * depth)
    )


def scale_bias(x: Float32Array, scale: Float32Array, bias: Float32Array, relu: bool) -> bytes:
    """Request for `x` [positions, C]."""
    return _words(_SCALE_BIAS) + _array(x) + _array(scale) + _array(bias) + _words(*x.shape, relu)


def relu(x: Float32Array) -> bytes:
    """Request for any `x`."""
    return _words(_RELU) + _array(x)


def max_pool2d(x: Float32Array, window: Window, output: tuple[int, int], relu: bool) -> bytes:
    """Request for `x` [H, W, C]."""
    return (
        _words(_MAX_POOL2D)
        + _array(x)
        + _words(*x.shape, *output, x.shape[2])
        + window.words()
        + _words(relu)
    )


def transpose(x: Float32Array) -> bytes:
    """Request for `x` [H, W, C]."""
    return _words(_TRANSPOSE) + _array(x) + _words(*x.shape)


def softmax(x: Float32Array) -> bytes:
    """Request for `x` [M, F]."""
    return _words(_SOFTMAX) + _array(x) + _words(*x.shape)


def run(program: Path, requests: list[bytes]) -> list[tuple[int, Float32Array]]:
    """Status and output of each request, in one process.

    Raises:
        subprocess.CalledProcessError: a check or a sanitizer has stopped the program.
    """
    result = subprocess.run([program], input=b"".join(requests), capture_output=True, check=False)
    if result.returncode != 0:
        raise subprocess.CalledProcessError(
            result.returncode, program, stderr=result.stderr.decode()
        )
    answers = []
    at = 0
    while at < len(result.stdout):
        status, count = struct.unpack_from("<II", result.stdout, at)
        answers.append((status, np.frombuffer(result.stdout, "<f4", count, at + 8)))
        at += 8 + 4 * count
    assert len(answers) == len(requests)
    return answers


def _words(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}I", *values)


def _array(values: npt.NDArray[Any]) -> bytes:
    return _words(values.size) + values.tobytes()
