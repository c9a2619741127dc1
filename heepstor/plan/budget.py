"""Whether a network fits the memory, and what to say if it does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from heepstor.config import Config
from heepstor.errors import PlanError
from heepstor.ir import Choice, MatrixProduct, Node, ScaleBias
from heepstor.plan.arena import Arena
from heepstor.plan.packing import packed_bytes

CODE_BYTES = 32 * 1024
"""Allowance for code and the runtime's own data; the linker has the last word."""

FLOAT_BYTES = 4


@dataclass(frozen=True)
class Budget:
    """Bytes of every part of an image."""

    weights: int
    input: int
    arena: int
    stack: int

    @property
    def total(self) -> int:
        """With the allowance for code."""
        return self.weights + self.input + self.arena + self.stack + CODE_BYTES


def weight_bytes(node: Node, config: Config) -> int:
    """Constants of a layer: packed weights, scale, bias."""
    match node.op:
        case MatrixProduct(choice=Choice(jobs=[_, *_] as jobs)):
            return sum(placed.constant_words for placed in jobs) * FLOAT_BYTES
        case MatrixProduct(gemm=gemm):
            packed = packed_bytes(gemm, config.systolic_array_size)
            return packed + (gemm.scale.size + gemm.bias.size) * FLOAT_BYTES
        case ScaleBias(scale=scale, bias=bias):
            return (scale.size + bias.size) * FLOAT_BYTES
    return 0


def measure(nodes: Sequence[Node], input_bytes: int, arena: Arena, config: Config) -> Budget:
    """What the network takes of the memory."""
    return Budget(
        weights=sum(weight_bytes(node, config) for node in nodes),
        input=input_bytes,
        arena=arena.size,
        stack=config.stack_bytes,
    )


def require_fit(budget: Budget, nodes: Sequence[Node], arena: Arena, config: Config) -> None:
    """Refuse a network that is too large.

    Raises:
        PlanError: with the excess, the parts, and the largest single item.
    """
    excess = budget.total - config.memory_bytes
    if excess <= 0:
        return
    name, size = _largest(budget, nodes, arena, config)
    raise PlanError(
        f"the network needs {budget.total:,} bytes, {excess:,} more than the memory of "
        f"{config.memory_bytes:,} (memory.banks * memory.bank_kib): weights {budget.weights:,}, "
        f"input {budget.input:,}, arena {budget.arena:,}, stack {budget.stack:,}, "
        f"code {CODE_BYTES:,} (allowance); the largest is {name} with {size:,}"
    )


def _largest(
    budget: Budget, nodes: Sequence[Node], arena: Arena, config: Config
) -> tuple[str, int]:
    items = [("the input", budget.input), ("the stack", budget.stack)]
    items += [(f"the weights of {node.name}", weight_bytes(node, config)) for node in nodes]
    items += [(f"the output of {buffer.name}", buffer.size) for buffer in arena.outputs]
    # Not the scratch buffers: shrunk to one row, each is smaller than its layer's weights.
    return max(items, key=lambda item: item[1])
