"""`Graph` to `Plan`: one file a pass, each checked after it ran."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from heepstor.config import Config
from heepstor.errors import ModelError
from heepstor.ir import Backend, Graph, Plan
from heepstor.plan.assemble import assemble
from heepstor.plan.choose_backends import choose_backends
from heepstor.plan.drop_identities import drop_identities
from heepstor.plan.fold_batch_norm import fold_batch_norm
from heepstor.plan.free_flatten import free_flatten
from heepstor.plan.fuse_relu import fuse_relu
from heepstor.plan.lower_products import lower_products
from heepstor.plan.verify import verify

__all__ = ["assemble", "choose", "lower", "plan"]

Pass = Callable[[Graph], Graph]


def plan(
    graph: Graph, config: Config, *, backend: Backend | None = None, per_channel: bool = True
) -> Plan:
    """Decide everything the firmware does.

    Args:
        graph: what the front end read.
        config: the hardware.
        backend: compute every matrix product with this one; None lets the cost model choose. What
            `stream` cannot do is done by another one, and the plan says why.
        per_channel: quantize with one scale for each output channel, else one for each weight.

    Raises:
        ModelError: batch norm leads beyond float32, or nothing is left to compute.
        PlanError: the network does not fit the memory.
    """
    return assemble(choose(lower(graph, per_channel=per_channel), config, backend), config)


def lower(graph: Graph, *, per_channel: bool) -> Graph:
    """The passes that do not depend on the hardware, in order."""
    passes: dict[str, Pass] = {
        "drop_identities": drop_identities,
        "lower_products": partial(lower_products, per_channel=per_channel),
        "fold_batch_norm": fold_batch_norm,
        "free_flatten": free_flatten,
        "fuse_relu": fuse_relu,
    }
    graph = _through(passes, verify(graph, after="import"))
    if not graph.nodes:
        raise ModelError("the model computes nothing; it must hold a layer other than Dropout")
    return graph


def choose(graph: Graph, config: Config, backend: Backend | None = None) -> Graph:
    """The pass that needs the hardware but not its memory, on a graph that was lowered."""
    return _through(
        {"choose_backends": partial(choose_backends, config=config, forced=backend)}, graph
    )


def _through(passes: Mapping[str, Pass], graph: Graph) -> Graph:
    for name, run in passes.items():
        graph = verify(run(graph), after=name)
    return graph
