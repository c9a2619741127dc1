"""Pass: make Flatten free where a Linear follows, else a Transpose.

Feature maps lie channels last, PyTorch flattens channels first. A Linear takes its inputs in any
order if the rows of its weights are in the same order; docs/numerics.md therefore lets k of such a
Linear count row, column, channel. ReLUs between the two work on any order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import takewhile
from math import prod

from heepstor.ir import Flatten, Graph, MatrixProduct, Node, Relu, Shape, Transpose
from heepstor.plan.chain import with_nodes


def free_flatten(graph: Graph) -> Graph:
    """Remove every Flatten: into the Linear behind it, for nothing, or as a Transpose."""
    return with_nodes(graph, _rewritten(graph.nodes))


def _rewritten(nodes: Sequence[Node]) -> Iterator[Node]:
    # At most one Flatten does something: after it there are only vectors.
    at = next((i for i, node in enumerate(nodes) if isinstance(node.op, Flatten)), len(nodes))
    yield from nodes[:at]
    if at == len(nodes):
        return
    flatten, rest = nodes[at], nodes[at + 1 :]
    feature_map = flatten.input_shape
    relus = list(takewhile(lambda node: isinstance(node.op, Relu), rest))
    tail = rest[len(relus) :]
    product = tail[0].op if tail else None
    if not isinstance(product, MatrixProduct) and not _same_order(feature_map):
        yield replace(flatten, op=Transpose())
        yield from rest
        return
    for relu in relus:
        yield replace(relu, input_shape=feature_map, output_shape=feature_map)
    if isinstance(product, MatrixProduct):
        yield _with_rows_channels_last(tail[0], product, feature_map)
        tail = tail[1:]
    yield from tail


def _same_order(feature_map: Shape) -> bool:
    """Whether channels first and channels last are the same: one channel, or one position."""
    return feature_map[1] == 1 or prod(feature_map[2:]) == 1


def _with_rows_channels_last(linear: Node, op: MatrixProduct, feature_map: Shape) -> Node:
    gemm = op.gemm
    by_position = gemm.weights.reshape(*feature_map[1:], gemm.n).transpose(1, 2, 0, 3)
    weights = by_position.reshape(gemm.weights.shape)
    permuted = replace(op, gemm=replace(gemm, weights=weights))
    return replace(linear, op=permuted, input_shape=feature_map)
