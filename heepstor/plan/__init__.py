"""`Graph` to `Plan`: one file a pass, each checked after it ran."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from heepstor.config import Config
from heepstor.errors import ModelError
from heepstor.ir import Backend, Graph, Plan
from heepstor.plan.assemble import assemble
from heepstor.plan.drop_identities import drop_identities
from heepstor.plan.fold_batch_norm import fold_batch_norm
from heepstor.plan.free_flatten import free_flatten
from heepstor.plan.fuse_relu import fuse_relu
from heepstor.plan.lower_products import lower_products
from heepstor.plan.verify import verify

__all__ = ["lower", "plan"]


def plan(
    graph: Graph, config: Config, *, backend: Backend | None = None, per_channel: bool = True
) -> Plan:
    """Decide everything the firmware does.

    Args:
        graph: what the front end read.
        config: the hardware.
        backend: compute every matrix product with this one; None lets the cost model choose.
        per_channel: quantize with one scale for each output channel, else one for each weight.

    Raises:
        ModelError: batch norm leads beyond float32, or nothing is left to compute.
        PlanError: the network does not fit the memory.
    """
    return assemble(lower(graph, per_channel=per_channel), config, backend)


def lower(graph: Graph, *, per_channel: bool) -> Graph:
    """The passes that do not depend on the hardware, in order."""
    passes: dict[str, Callable[[Graph], Graph]] = {
        "drop_identities": drop_identities,
        "lower_products": partial(lower_products, per_channel=per_channel),
        "fold_batch_norm": fold_batch_norm,
        "free_flatten": free_flatten,
        "fuse_relu": fuse_relu,
    }
    verify(graph, after="import")
    for name, run in passes.items():
        graph = verify(run(graph), after=name)
    if not graph.nodes:
        raise ModelError("the model computes nothing; it must hold a layer other than Dropout")
    return graph
