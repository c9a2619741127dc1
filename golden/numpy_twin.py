"""The golden arithmetic in NumPy, for processes that must not load torch (the simulators).

The same bits as the PyTorch model; a test proves it with random and special values. Feature maps
are [B, C, H, W], as in PyTorch; docs/numerics.md defines every operation.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Float32Array = npt.NDArray[np.float32]
Int8Array = npt.NDArray[np.int8]

CANONICAL_NAN_BITS = 0x7FC0_0000
# As in golden.gemm: accumulators and products of a block stay in the cache.
BLOCK_ELEMENTS = 32_768

_FNV_START = 2166136261
_FNV_PRIME = 16777619

_LOG2_E = np.float32(1.44269502)
_LN2_HIGH = np.float32(0.693359375)
_LN2_LOW = np.float32(-2.12194440e-4)
_EXP_COEFFICIENTS = tuple(
    np.float32(c)
    for c in (1.98756915e-4, 1.39819995e-3, 8.33345205e-3, 4.16657962e-2, 0.166666657, 0.5)
)
_EXP_UNDERFLOW = np.float32(-87.0)


def canonical_nan(x: Float32Array) -> Float32Array:
    """Replace every NaN of `x` (in place) by the canonical quiet NaN; returns `x`."""
    x.view(np.uint32)[np.isnan(x)] = CANONICAL_NAN_BITS
    return x


def gemm(a: Float32Array, w: Int8Array) -> Float32Array:
    """Product of `a` [M, K] and `w` [K, N] in contract order: `acc := fl(acc + fl(a * w))` from +0.

    Raises:
        ValueError: if shapes or types do not fit.
    """
    return np.ascontiguousarray(gemm_columns(np.ascontiguousarray(a.T), w).T)


def gemm_columns(a: Float32Array, w: Int8Array) -> Float32Array:
    """`gemm` with M last: `a` [K, M], `w` [K, N], result [N, M].

    Raises:
        ValueError: as `gemm`.
    """
    _check(a, w)
    k_size, m_size = a.shape
    n_size = w.shape[1]
    factors = w.astype(np.float32)[:, :, np.newaxis]  # [K, N, 1]
    result = np.zeros((n_size, m_size), np.float32)
    block = max(1, BLOCK_ELEMENTS // max(1, n_size))
    with np.errstate(all="ignore"):
        for start in range(0, m_size, block):
            columns = a[:, start : start + block]
            acc = np.zeros((n_size, columns.shape[1]), np.float32)
            product = np.empty_like(acc)
            for k in range(k_size):
                np.multiply(factors[k], columns[k], out=product)
                np.add(acc, product, out=acc)
            result[:, start : start + block] = acc
    return canonical_nan(result)


def scale_bias(x: Float32Array, scale: Float32Array, bias: Float32Array) -> Float32Array:
    """`fl(fl(x * scale) + bias)`, the operands broadcast: the epilogue and the ScaleBias layer."""
    with np.errstate(all="ignore"):
        scaled: Float32Array = np.multiply(x, scale, dtype=np.float32)
        return canonical_nan(np.asarray(np.add(scaled, bias, dtype=np.float32)))


def relu(x: Float32Array) -> Float32Array:
    """`x` where it is greater than 0 or NaN (bits unchanged), else +0."""
    return np.where((x > 0) | np.isnan(x), x, np.float32(0))


def linear(
    x: Float32Array, codes: Int8Array, scale: Float32Array, bias: Float32Array
) -> Float32Array:
    """Fully connected layer: `x` [M, K], `codes` [N, K], `scale` and `bias` [N]; result [M, N]."""
    return scale_bias(gemm(x, np.ascontiguousarray(codes.T)), scale, bias)


def conv2d(
    x: Float32Array,
    codes: Int8Array,
    scale: Float32Array,
    bias: Float32Array,
    *,
    stride: tuple[int, int] = (1, 1),
    padding: tuple[int, int] = (0, 0),
    dilation: tuple[int, int] = (1, 1),
    groups: int = 1,
) -> Float32Array:
    """Convolution: `x` [B, C, H, W], `codes` [N, C / groups, kh, kw]; result [B, N, OH, OW]."""
    rows, columns = padding
    padded = np.pad(x, ((0, 0), (0, 0), (rows, rows), (columns, columns)))
    accumulators = [
        _correlate(group_x, group_codes, stride, dilation)
        for group_x, group_codes in zip(
            np.split(padded, groups, axis=1), np.split(codes, groups), strict=True
        )
    ]
    acc = np.concatenate(accumulators, axis=1)
    return scale_bias(acc, scale.reshape(-1, 1, 1), bias.reshape(-1, 1, 1))


def max_pool2d(
    x: Float32Array,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    *,
    padding: tuple[int, int] = (0, 0),
    dilation: tuple[int, int] = (1, 1),
    ceil_mode: bool = False,
) -> Float32Array:
    """Max pooling of `x` [B, C, H, W], scanned by kernel row, then column; hands a NaN on."""
    sizes = [
        _pooled(n, k, s, p, d, ceil_mode)
        for n, k, s, p, d in zip(x.shape[2:], kernel, stride, padding, dilation, strict=True)
    ]
    # In ceil mode the last window may overhang by less than a stride.
    rows, columns = ((p, p + s) for p, s in zip(padding, stride, strict=True))
    padded = np.pad(x, ((0, 0), (0, 0), rows, columns), constant_values=-np.inf)
    best = np.full((*x.shape[:2], *sizes), -np.inf, np.float32)
    for tap in _taps(padded, kernel, stride, dilation):
        candidate = tap[:, :, : sizes[0], : sizes[1]]
        best = np.where((candidate > best) | np.isnan(candidate), candidate, best)
    return best


def softmax(x: Float32Array) -> Float32Array:
    """Softmax of each row of `x` [M, F], step by step as docs/numerics.md says."""
    with np.errstate(all="ignore"):
        largest = x[:, 0]
        for i in range(1, x.shape[1]):
            largest = np.where((x[:, i] > largest) | np.isnan(x[:, i]), x[:, i], largest)
        exponentials = exp(x - largest[:, np.newaxis])
        total: Float32Array = np.zeros(x.shape[0], np.float32)
        for i in range(x.shape[1]):
            total += exponentials[:, i]
        return canonical_nan(exponentials / total[:, np.newaxis])


def exp(t: Float32Array) -> Float32Array:
    """`exp(t)` for `t <= 0` or NaN, by the polynomial of docs/numerics.md."""
    with np.errstate(all="ignore"):
        # Lanes that the polynomial does not serve compute exp(0) and are replaced below.
        served = np.where(t >= _EXP_UNDERFLOW, t, np.float32(0))
        j: Float32Array = np.rint(served * _LOG2_E)
        r = served - j * _LN2_HIGH
        r = r - j * _LN2_LOW
        p = np.full_like(r, _EXP_COEFFICIENTS[0])
        for coefficient in _EXP_COEFFICIENTS[1:]:
            p = p * r + coefficient
        p = p * r * r + r
        p = p + np.float32(1)
        power = ((j.astype(np.int32) + 127) << 23).view(np.float32)
        result = np.where(t < _EXP_UNDERFLOW, np.float32(0), p * power)
        return canonical_nan(np.where(np.isnan(t), t, result))


def fnv1a(words: npt.ArrayLike) -> int:
    """FNV-1a over 32-bit words, the hash of the firmware's `@layer` records.

    Args:
        words: unsigned 32-bit integers in memory order; of float32 values pass `y.view(np.uint32)`.
    """
    value = _FNV_START
    for word in np.asarray(words, dtype=np.uint32).reshape(-1).tolist():
        value = ((value ^ word) * _FNV_PRIME) & 0xFFFF_FFFF
    return value


def _correlate(
    x: Float32Array, codes: Int8Array, stride: tuple[int, int], dilation: tuple[int, int]
) -> Float32Array:
    """The accumulators [B, N, OH, OW] of one group of a convolution of the padded `x`."""
    outputs, _, *kernel = codes.shape
    taps = _taps(x, (kernel[0], kernel[1]), stride, dilation)
    columns = np.stack([tap.swapaxes(0, 1) for tap in taps])  # [kh * kw, C, B, OH, OW]
    weights = np.ascontiguousarray(codes.transpose(2, 3, 1, 0)).reshape(-1, outputs)
    acc = gemm_columns(columns.reshape(len(weights), -1), weights)
    return acc.reshape(outputs, *columns.shape[2:]).swapaxes(0, 1)


def _taps(
    padded: Float32Array,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    dilation: tuple[int, int],
) -> list[Float32Array]:
    """For each kernel row and column, in that order, what it sees: views [B, C, OH, OW]."""
    height, width = (
        (size - d * (k - 1) - 1) // s + 1
        for size, k, s, d in zip(padded.shape[2:], kernel, stride, dilation, strict=True)
    )
    return [
        padded[:, :, row * dilation[0] :: stride[0], column * dilation[1] :: stride[1]][
            :, :, :height, :width
        ]
        for row in range(kernel[0])
        for column in range(kernel[1])
    ]


def _pooled(size: int, kernel: int, stride: int, padding: int, dilation: int, ceil: bool) -> int:
    """PyTorch's output size of pooling: in ceil mode no window starts in the padding behind."""
    room = size + 2 * padding - dilation * (kernel - 1) - 1
    if not ceil:
        return room // stride + 1
    count = -(-room // stride) + 1
    return count - 1 if (count - 1) * stride >= size + padding else count


def _check(a: Float32Array, w: Int8Array) -> None:
    if a.dtype != np.float32 or w.dtype != np.int8:
        raise ValueError(f"gemm of {a.dtype} by {w.dtype}; it must be float32 by int8")
    if a.ndim != 2 or w.ndim != 2 or a.shape[0] != w.shape[0]:
        raise ValueError(
            f"gemm of a [K, M] {list(a.shape)} by w [K, N] {list(w.shape)}; K must be the same"
        )
