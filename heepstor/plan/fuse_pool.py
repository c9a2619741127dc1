"""Pass: max pooling into the streamed convolution before it.

The array hands on the largest of each window and writes nothing else; the CPU's back-ends cannot,
so a pool behind theirs stays an operator of its own.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod

from heepstor.config import Config
from heepstor.ir import Backend, Choice, Graph, MatrixProduct, MaxPool2d, Node, Window2d
from heepstor.plan.chain import fuse_neighbours, merge
from heepstor.plan.choose_backends import streamed

_LARGEST = 15
"""Rows or columns of a window."""


def fuse_pool(graph: Graph, config: Config) -> Graph:
    """Fuse where the product is streamed and the hardware can pool its windows."""

    def fuse(first: Node, second: Node) -> Node | None:
        fused = _fused(first, second, config)
        return fused if isinstance(fused, Node) else None

    return fuse_neighbours(graph, fuse)


def why_apart(first: Node, second: Node, config: Config) -> str | None:
    """Why a pool is not part of the streamed product before it; None if it is no such pool."""
    reason = _fused(first, second, config)
    return reason if isinstance(reason, str) else None


def _fused(first: Node, second: Node, config: Config) -> Node | str | None:
    """A streamed product and its pool as one node, or why they stay two; None for other nodes."""
    match first.op, second.op:
        case (
            MatrixProduct(choice=Choice(backend=Backend.STREAM) as alone) as op,
            MaxPool2d(window=window),
        ):
            if obstacle := _obstacle(op, window, second):
                return obstacle
            # The positions that no window covers are not computed.
            covered = prod(second.output_shape[2:]) * prod(window.kernel)
            pooled = replace(op, gemm=replace(op.gemm, m=covered), pool=window.kernel)
            node = merge(first, second, pooled, relu=first.relu or second.relu)
            choice = streamed(node, pooled, config)
            if isinstance(choice, str):
                return choice
            chosen = replace(choice, reason=alone.reason)
            return replace(node, op=replace(pooled, choice=chosen))
    return None


def _obstacle(product: MatrixProduct, window: Window2d, pool: Node) -> str | None:
    if product.pool != (1, 1):
        return "its input is pooled already"
    if window.kernel != window.stride:
        return "its windows are not side by side"
    if window.padding != (0, 0) or window.dilation != (1, 1):
        return "its windows have padding or gaps"
    if max(window.kernel) > _LARGEST:
        return f"its windows are larger than {_LARGEST} x {_LARGEST}"
    sizes = zip(pool.output_shape[2:], window.kernel, pool.input_shape[2:], strict=True)
    if any(count * kernel > size for count, kernel, size in sizes):
        return "its last windows overhang"
    return None
