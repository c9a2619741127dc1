"""Max pooling as part of the streamed convolution before it.

The array hands on the largest of each window and writes nothing else; the CPU's back-ends cannot,
so a pool behind theirs stays an operator of its own. So does one with which the array would take
longer than both take apart.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod

from heepstor.config import Config
from heepstor.ir import Backend, MatrixProduct, MaxPool2d, Node, Window2d
from heepstor.plan.chain import merge
from heepstor.plan.jobs import plan_jobs

_LARGEST = 15
"""Rows or columns of a window."""


def pooled(first: Node, second: Node) -> tuple[Node, MatrixProduct] | str | None:
    """A product and the pool behind it as one node, and its operator, or why they stay two.

    None for other nodes. Whether the hardware has room for the windows is not asked.
    """
    match first.op, second.op:
        case MatrixProduct() as op, MaxPool2d(window=window):
            if obstacle := _obstacle(op, window, second):
                return obstacle
            # The positions that no window covers are not computed.
            covered = prod(second.output_shape[2:]) * prod(window.kernel)
            together = replace(op, gemm=replace(op.gemm, m=covered), pool=window.kernel)
            relu = first.relu or second.relu
            return merge(first, second, together, relu=relu), together
    return None


def why_apart(first: Node, second: Node, config: Config) -> str | None:
    """Why a pool is not part of the streamed product before it; None if it is no such pool."""
    if not isinstance(first.op, MatrixProduct) or not first.op.choice:
        return None
    if first.op.choice.backend is not Backend.STREAM:
        return None
    together = pooled(first, second)
    if not isinstance(together, tuple):
        return together
    jobs = plan_jobs(*together, config)
    return jobs if isinstance(jobs, str) else "with it, the array would take longer than both apart"


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
