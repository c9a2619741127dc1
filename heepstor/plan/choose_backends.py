"""Pass: who computes each matrix product, by predicted cycles."""

from __future__ import annotations

from dataclasses import replace

from heepstor.config import Config
from heepstor.ir import Backend, Choice, Graph, MatrixProduct, Node
from heepstor.plan import cost, job_cycles
from heepstor.plan.activations import activations
from heepstor.plan.chain import with_nodes
from heepstor.plan.jobs import plan_jobs

_CALL = 80
"""Cycles of the firmware around a chain of jobs: it starts them, sleeps, and wakes."""

_IN_WORDS = {
    Backend.STREAM: "in stream mode",
    Backend.DIRECT: "in direct mode",
    Backend.SOFTWARE: "in software",
}


def choose_backends(graph: Graph, config: Config, forced: Backend | None) -> Graph:
    """Give every product the back-end with the fewest predicted cycles, or the `forced` one.

    A product that `stream` mode cannot do gets another one, forced or not.
    """

    def chosen(node: Node) -> Node:
        if not isinstance(node.op, MatrixProduct):
            return node
        return replace(node, op=replace(node.op, choice=_choose(node, node.op, config, forced)))

    return with_nodes(graph, map(chosen, graph.nodes))


def streamed(node: Node, op: MatrixProduct, config: Config) -> Choice | str:
    """The choice of `stream` mode, or why it cannot be chosen."""
    jobs = plan_jobs(node, op, config)
    if isinstance(jobs, str):
        return jobs
    cycles = _CALL + sum(job_cycles.predict(placed.job, config).cycles for placed in jobs)
    return Choice(Backend.STREAM, "", cycles, jobs)


def _choose(node: Node, op: MatrixProduct, config: Config, forced: Backend | None) -> Choice:
    reads = activations(op.gemm, op.window, node.input_shape, node.output_shape)

    def computed(backend: Backend, reason: str = "") -> Choice:
        return Choice(backend, reason, cost.predict(op.gemm, reads, config, backend))

    asked_for = f"{forced.value}: asked for" if forced else ""
    if forced in (Backend.DIRECT, Backend.SOFTWARE):
        return computed(forced, asked_for)
    stream = streamed(node, op, config)
    if forced and isinstance(stream, Choice):
        return replace(stream, reason=asked_for)
    found = [computed(Backend.DIRECT), computed(Backend.SOFTWARE)]
    impossible = ""
    if isinstance(stream, Choice):
        found.insert(0, stream)
    else:
        impossible = f"; stream mode cannot: {stream}"
    best = min(found, key=lambda choice: choice.cycles)
    others = " and ".join(
        f"{other.cycles:,} {_IN_WORDS[other.backend]}" for other in found if other is not best
    )
    reason = f"{best.backend.value}: {best.cycles:,} predicted cycles against {others}{impossible}"
    return replace(best, reason=reason)
