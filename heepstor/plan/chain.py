"""What the passes share: joining neighbours of the chain."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from heepstor.ir import Graph, LoweredOp, Node


def merge(first: Node, second: Node, op: LoweredOp, *, relu: bool = False) -> Node:
    """One node that does what `first` and then `second` did, under both their names."""
    return Node(
        name=f"{first.name}+{second.name}",
        modules=first.modules + second.modules,
        op=op,
        input_shape=first.input_shape,
        output_shape=second.output_shape,
        relu=relu,
    )


def fuse_neighbours(graph: Graph, fuse: Callable[[Node, Node], Node | None]) -> Graph:
    """Replace two neighbours by what `fuse` makes of them, from the front, until it gives None."""
    nodes: list[Node] = []
    for node in graph.nodes:
        fused = fuse(nodes[-1], node) if nodes else None
        if fused:
            nodes[-1] = fused
        else:
            nodes.append(node)
    return with_nodes(graph, nodes)


def with_nodes(graph: Graph, nodes: Iterable[Node]) -> Graph:
    """The same input and output, other nodes."""
    return Graph(graph.input_shape, tuple(nodes), graph.output_shape)
