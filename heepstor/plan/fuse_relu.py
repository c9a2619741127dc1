"""Pass: ReLU into the operator before it."""

from __future__ import annotations

from heepstor.ir import Graph, MatrixProduct, MaxPool2d, Node, Relu, ScaleBias
from heepstor.plan.chain import fuse_neighbours, merge


def fuse_relu(graph: Graph) -> Graph:
    """Fuse where an operator ends with an optional ReLU; a second ReLU changes nothing."""
    return fuse_neighbours(graph, _fuse)


def _fuse(first: Node, second: Node) -> Node | None:
    if not isinstance(second.op, Relu):
        return None
    match first.op:
        case MatrixProduct() | ScaleBias() | MaxPool2d():
            return merge(first, second, first.op, relu=True)
        case Relu():
            return merge(first, second, first.op)
    return None
