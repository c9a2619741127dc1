"""Pass: remove what does nothing in inference."""

from __future__ import annotations

from heepstor.ir import Graph, Identity
from heepstor.plan.chain import with_nodes


def drop_identities(graph: Graph) -> Graph:
    """Remove dropouts and flattened vectors; no layer covers their modules."""
    return with_nodes(graph, (n for n in graph.nodes if not isinstance(n.op, Identity)))
