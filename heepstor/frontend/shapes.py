"""Sizes of windows' outputs, by PyTorch's rules, one axis at a time."""

from __future__ import annotations


def extent(kernel: int, dilation: int) -> int:
    """Input positions that a dilated kernel spans, holes included."""
    return dilation * (kernel - 1) + 1


def same_padding(kernel: int, dilation: int) -> tuple[int, int]:
    """What `padding="same"` puts before and after; an odd total has its extra position after."""
    total = extent(kernel, dilation) - 1
    return total // 2, total - total // 2


def conv_size(size: int, kernel: int, stride: int, padding: int, dilation: int) -> int:
    """Positions of a convolution's window; `padding` is of both sides. Below 1: none fits."""
    return (size + padding - extent(kernel, dilation)) // stride + 1


def pool_size(
    size: int, kernel: int, stride: int, padding: int, dilation: int, *, ceil_mode: bool
) -> int:
    """Positions of a pool's window; `padding` is that of each side. Below 1: none fits.

    Ceil mode adds the last, partial window unless it would start beyond the input and the padding
    before it (`pooling_output_shape` of PyTorch's ATen/native/Pool.h).
    """
    span = size + 2 * padding - extent(kernel, dilation)
    if not ceil_mode:
        return span // stride + 1
    positions = -(-span // stride) + 1
    last_start = (positions - 1) * stride
    return positions - 1 if last_start >= size + padding else positions
