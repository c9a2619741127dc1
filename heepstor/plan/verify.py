"""What holds after every pass. A violation is a bug of the compiler, not a mistake of the user."""

from __future__ import annotations

from itertools import pairwise
from math import prod

from heepstor.ir import Graph, MatrixProduct, Node, ScaleBias


class InvalidGraph(Exception):  # noqa: N818 - it is no error of the user's
    """A pass left the graph in a state that the next one must not see."""


def verify(graph: Graph, after: str) -> Graph:
    """Check the chain and every operator; returns `graph`.

    Raises:
        InvalidGraph: naming the pass `after` which it happened, and the node.
    """
    shape = graph.input_shape
    for node in graph.nodes:
        faults = [*_chain_faults(node, prod(shape)), *_operator_faults(node)]
        if faults:
            raise InvalidGraph(f"after {after}, {node.name}: {'; '.join(faults)}")
        shape = node.output_shape
    if prod(shape) != prod(graph.output_shape):
        raise InvalidGraph(f"after {after}: ends with {shape}, expected {graph.output_shape}")
    modules = [index for node in graph.nodes for index in node.modules]
    if any(a >= b for a, b in pairwise(modules)):
        raise InvalidGraph(f"after {after}: modules out of order: {modules}")
    return graph


def _chain_faults(node: Node, elements: int) -> list[str]:
    # A Flatten that was removed leaves (1, C, H, W) before (1, F): memory is the same.
    found = prod(node.input_shape)
    return [] if found == elements else [f"reads {found} values, {elements} were written"]


def _operator_faults(node: Node) -> list[str]:
    match node.op:
        case MatrixProduct(gemm=gemm, pool=pool):
            channels = gemm.groups * gemm.n
            facts = {
                "weights": (gemm.weights.shape, (gemm.groups, gemm.k, gemm.n)),
                "scale": (gemm.scale.shape, (channels,)),
                "bias": (gemm.bias.shape, (channels,)),
                "outputs": (gemm.m * channels, prod(node.output_shape) * prod(pool)),
            }
        case ScaleBias(scale=scale, bias=bias):
            facts = {
                "scale": (scale.shape, node.output_shape[1:2]),
                "bias": (bias.shape, node.output_shape[1:2]),
            }
        case _:
            facts = {}
    return [
        f"{what} is {found}, expected {expected}"
        for what, (found, expected) in facts.items()
        if found != expected
    ]
