"""Pass: batch norm into the convolution before it, or to a layer of its own.

The arithmetic is step 4 of docs/numerics.md, section Quantization.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from heepstor.errors import ModelError
from heepstor.ir import BatchNorm2d, Float32Array, Graph, MatrixProduct, Node, ScaleBias
from heepstor.plan.chain import fuse_neighbours, merge, with_nodes


def fold_batch_norm(graph: Graph) -> Graph:
    """Fold each batch norm that follows a convolution; make the others ScaleBias.

    Raises:
        ModelError: a folded scale or bias is beyond float32.
    """
    folded = fuse_neighbours(graph, _fold)
    return with_nodes(folded, map(_lower, folded.nodes))


def _fold(first: Node, second: Node) -> Node | None:
    # A convolution that covers two modules holds a batch norm already; a second one stays apart.
    single = len(first.modules) == 1
    if not (
        isinstance(first.op, MatrixProduct)
        and first.op.window
        and single
        and isinstance(second.op, BatchNorm2d)
    ):
        return None
    gemm = first.op.gemm
    node = merge(first, second, first.op)
    scale, bias = _scale_and_bias(gemm.scale, gemm.bias, second.op, node)
    return replace(node, op=replace(first.op, gemm=replace(gemm, scale=scale, bias=bias)))


def _lower(node: Node) -> Node:
    if not isinstance(node.op, BatchNorm2d):
        return node
    ones, zeros = np.ones_like(node.op.gamma), np.zeros_like(node.op.gamma)
    return replace(node, op=ScaleBias(*_scale_and_bias(ones, zeros, node.op, node)))


def _scale_and_bias(
    scale: Float32Array, bias: Float32Array, norm: BatchNorm2d, node: Node
) -> tuple[Float32Array, Float32Array]:
    gamma, beta, mean, var = (
        a.astype(np.float64) for a in (norm.gamma, norm.beta, norm.mean, norm.var)
    )
    gain = gamma / np.sqrt(var + norm.eps)
    return (
        _rounded("scale", scale.astype(np.float64) * gain, node),
        _rounded("bias", (bias.astype(np.float64) - mean) * gain + beta, node),
    )


def _rounded(what: str, exact: npt.NDArray[np.float64], node: Node) -> Float32Array:
    with np.errstate(over="ignore"):
        rounded = exact.astype(np.float32)
    bad = np.flatnonzero(~np.isfinite(rounded))
    if bad.size:
        raise ModelError(
            f"modules {', '.join(map(str, node.modules))} ({node.name}): batch norm makes "
            f"{what}[{bad[0]}] = {exact[bad[0]]:g}; it must be within float32"
        )
    return rounded
