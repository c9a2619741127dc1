"""Pass: who computes each matrix product, by predicted cycles."""

from __future__ import annotations

from dataclasses import replace
from itertools import zip_longest
from typing import NamedTuple

from heepstor.config import Config
from heepstor.ir import Backend, Choice, Graph, MatrixProduct, Node
from heepstor.plan import cost, job_cycles
from heepstor.plan.chain import with_nodes
from heepstor.plan.fuse_pool import pooled
from heepstor.plan.jobs import plan_jobs

_CALL = 80
"""Cycles of the firmware around a chain of jobs: it starts them, sleeps, and wakes."""

_IN_WORDS = {
    Backend.STREAM: "in stream mode",
    Backend.DIRECT: "in direct mode",
    Backend.SOFTWARE: "in software",
}


class _Streamed(NamedTuple):
    """A product in stream mode, perhaps with the pool behind it."""

    node: Node
    op: MatrixProduct
    choice: Choice | str
    """Or why it cannot be streamed."""
    pool_cycles: int
    """Of the pool that it takes along, if the CPU did it; 0 if there is none."""


def choose_backends(graph: Graph, config: Config, forced: Backend | None) -> Graph:
    """Give every product the back-end with the fewest predicted cycles, or the `forced` one.

    A product that `stream` mode cannot do gets another one, forced or not. One that is streamed
    takes the pool behind it along, and is predicted with it, unless both are quicker apart.
    """
    nodes: list[Node] = []
    for node, behind in zip_longest(graph.nodes, graph.nodes[1:]):
        is_taken_along = bool(nodes) and node.modules[-1] in nodes[-1].modules
        if not is_taken_along:
            nodes.append(_with_choice(node, behind, config, forced))
    return with_nodes(graph, nodes)


def _with_choice(node: Node, behind: Node | None, config: Config, forced: Backend | None) -> Node:
    """The node with its choice, if it is a product; with the pool `behind` it, if streamed."""
    if not isinstance(node.op, MatrixProduct):
        return node
    if forced in (Backend.DIRECT, Backend.SOFTWARE):
        choice = replace(_computed(node, config, forced), reason=_asked_for(forced))
        return replace(node, op=replace(node.op, choice=choice))
    streamed = _streamed_with(node, node.op, behind, config)
    if forced and isinstance(streamed.choice, Choice):
        choice = replace(streamed.choice, reason=_asked_for(forced))
    else:
        choice = _fastest(node, streamed, config)
    if choice.backend is Backend.STREAM:
        return replace(streamed.node, op=replace(streamed.op, choice=choice))
    return replace(node, op=replace(node.op, choice=choice))


def _asked_for(backend: Backend) -> str:
    return f"{backend.value}: asked for"


def _fastest(node: Node, streamed: _Streamed, config: Config) -> Choice:
    """The choice with the fewest cycles; a pool that stream mode takes along counts for all."""
    stream, pool_cycles = streamed.choice, streamed.pool_cycles
    found = [_computed(node, config, each) for each in (Backend.DIRECT, Backend.SOFTWARE)]
    totals = {choice.backend: choice.cycles + pool_cycles for choice in found}
    impossible = ""
    if isinstance(stream, Choice):
        found.insert(0, stream)
        totals[Backend.STREAM] = stream.cycles
    else:
        impossible = f"; stream mode cannot: {stream}"
    best = min(found, key=lambda choice: totals[choice.backend])
    others = " and ".join(
        f"{totals[other.backend]:,} {_IN_WORDS[other.backend]}"
        for other in found
        if other is not best
    )
    both = "with the pool, " if pool_cycles else ""
    reason = (
        f"{best.backend.value}: {both}{totals[best.backend]:,} predicted cycles against {others}"
        f"{impossible}"
    )
    return replace(best, reason=reason)


def _computed(node: Node, config: Config, backend: Backend) -> Choice:
    """The choice of a back-end in which the CPU computes, or moves everything."""
    return Choice(backend, "", cost.predict(node, config, backend))


def _streamed_with(node: Node, op: MatrixProduct, behind: Node | None, config: Config) -> _Streamed:
    """What would be streamed: with the pool behind it, unless both are quicker apart."""
    together = pooled(node, behind) if behind else None
    if behind and isinstance(together, tuple):
        choice = _streamed(*together, config)
        pool_cycles = cost.predict(behind, config, Backend.SOFTWARE)
        if isinstance(choice, Choice) and _is_no_slower(choice, node, op, pool_cycles, config):
            return _Streamed(*together, choice, pool_cycles)
    return _Streamed(node, op, _streamed(node, op, config), 0)


def _is_no_slower(
    together: Choice, node: Node, op: MatrixProduct, pool_cycles: int, config: Config
) -> bool:
    """Whether a product with its pool takes no more cycles than both apart."""
    if together.cycles <= pool_cycles:
        return True  # and what the product takes alone is not asked for, which would take longer
    alone = _streamed(node, op, config)
    return isinstance(alone, str) or together.cycles <= alone.cycles + pool_cycles


def _streamed(node: Node, op: MatrixProduct, config: Config) -> Choice | str:
    """The choice of `stream` mode, or why it cannot be chosen."""
    jobs = plan_jobs(node, op, config)
    if isinstance(jobs, str):
        return jobs
    cycles = _CALL + sum(job_cycles.predict(placed.job, config).cycles for placed in jobs)
    return Choice(Backend.STREAM, "", cycles, jobs)
