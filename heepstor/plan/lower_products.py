"""Pass: Linear and Conv2d to a quantized matrix product."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np

from heepstor.ir import Conv2d, Float32Array, Gemm, Graph, Linear, MatrixProduct, Node
from heepstor.plan.chain import with_nodes
from heepstor.quantize import quantize_tensor


def lower_products(graph: Graph, *, per_channel: bool) -> Graph:
    """Quantize each Linear and Conv2d; k of a convolution counts row, column, channel."""
    return with_nodes(graph, (_lower(node, per_channel) for node in graph.nodes))


def _lower(node: Node, per_channel: bool) -> Node:
    match node.op:
        case Linear():
            return replace(node, op=MatrixProduct(_linear(node.op, node, per_channel), None))
        case Conv2d():
            gemm = _conv2d(node.op, node, per_channel)
            return replace(node, op=MatrixProduct(gemm, node.op.window))
    return node


def _linear(op: Linear, node: Node, per_channel: bool) -> Gemm:
    codes, scale = quantize_tensor(op.weight, per_channel=per_channel)
    n, k = codes.shape
    return Gemm(
        m=node.output_shape[0],
        k=k,
        n=n,
        groups=1,
        weights=np.ascontiguousarray(codes.T)[np.newaxis],
        scale=scale,
        bias=_bias(op.bias, n),
    )


def _conv2d(op: Conv2d, node: Node, per_channel: bool) -> Gemm:
    codes, scale = quantize_tensor(op.weight, per_channel=per_channel)
    channels, *window = codes.shape
    n, k = channels // op.groups, prod(window)
    # [groups, n, channel, row, column] to [groups, row, column, channel, n]
    by_group = codes.reshape(op.groups, n, *window).transpose(0, 3, 4, 2, 1)
    return Gemm(
        m=prod(node.output_shape[2:]),
        k=k,
        n=n,
        groups=op.groups,
        weights=np.ascontiguousarray(by_group).reshape(op.groups, k, n),
        scale=scale,
        bias=_bias(op.bias, channels),
    )


def _bias(bias: Float32Array | None, channels: int) -> Float32Array:
    return np.zeros(channels, np.float32) if bias is None else bias
