"""Last step: buffers, and the `Plan`."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import prod

from heepstor.config import Config
from heepstor.ir import (
    Backend,
    Buffer,
    Choice,
    Graph,
    Layer,
    LoweredOp,
    MatrixProduct,
    MaxPool2d,
    ModelOp,
    Node,
    OpKind,
    Plan,
    Relu,
    ScaleBias,
    Shape,
    Softmax,
    Tensor,
    Transpose,
)
from heepstor.plan import arena, budget, cost
from heepstor.plan.activations import activations
from heepstor.plan.budget import FLOAT_BYTES
from heepstor.plan.fuse_pool import why_apart
from heepstor.plan.verify import InvalidGraph

_KINDS: dict[type[ModelOp | LoweredOp], OpKind] = {
    ScaleBias: OpKind.SCALE_BIAS,
    Relu: OpKind.RELU,
    MaxPool2d: OpKind.MAX_POOL2D,
    Transpose: OpKind.TRANSPOSE,
    Softmax: OpKind.SOFTMAX,
}


def assemble(graph: Graph, config: Config) -> Plan:
    """Give every node its memory; every matrix product has its back-end already.

    Raises:
        PlanError: the network does not fit the memory.
    """
    placed = _place(graph, config)
    layers: list[Layer] = []
    tensor = network_input = Tensor("input", graph.input_shape, None)
    for index, node in enumerate(graph.nodes):
        output = Tensor(node.name, node.output_shape, placed.outputs[index])
        layers.append(_layer(index, node, config, tensor, output, placed.scratches[index]))
        tensor = output
    for index, (before, node) in enumerate(pairwise(graph.nodes), 1):
        if reason := why_apart(before, node, config):
            layers[index] = replace(layers[index], backend_reason=f"software: {reason}")
    return Plan(
        layers=tuple(layers),
        input=network_input,
        output=replace(tensor, shape=graph.output_shape),
        arena_bytes=placed.size,
        weight_bytes=sum(budget.weight_bytes(node, config) for node in graph.nodes),
    )


def _place(graph: Graph, config: Config) -> arena.Arena:
    """The arena with the largest chunks of gathered rows that fit; none above the accumulators."""
    rows = config.systolic_array_accumulator_rows
    while True:
        placed = arena.allocate([_need(node, rows) for node in graph.nodes])
        used = budget.measure(graph.nodes, _bytes(graph.input_shape), placed, config)
        if used.total <= config.memory_bytes or rows == 1:
            budget.require_fit(used, graph.nodes, placed, config)
            return placed
        rows //= 2


def _need(node: Node, rows: int) -> arena.Need:
    match node.op:
        case MatrixProduct(gemm=gemm) as op if _gathers(node, op):
            scratch = min(rows, gemm.m) * gemm.k * FLOAT_BYTES
        case _:
            scratch = 0
    in_place = isinstance(node.op, ScaleBias | Relu | Softmax)
    return arena.Need(node.name, _bytes(node.output_shape), scratch, in_place)


def _layer(
    index: int,
    node: Node,
    config: Config,
    source: Tensor,
    output: Tensor,
    scratch: Buffer | None,
) -> Layer:
    layer = Layer(
        index=index,
        name=node.name,
        kind=_kind(node.op),
        modules=node.modules,
        backend=Backend.SOFTWARE,
        backend_reason="software: no matrix product",
        input=source,
        output=output,
        predicted_cycles=_predicted_cycles(node, config),
        relu=node.relu,
    )
    match node.op:
        case MatrixProduct(gemm=gemm, window=window, choice=Choice() as choice):
            return replace(
                layer,
                backend=choice.backend,
                backend_reason=choice.reason,
                gemm=gemm,
                window=window,
                scratch=scratch,
                chunk_rows=scratch.size // (gemm.k * FLOAT_BYTES) if scratch else 0,
                jobs=choice.jobs,
            )
        case MaxPool2d(window=window):
            return replace(layer, window=window)
        case ScaleBias(scale=scale, bias=bias):
            return replace(layer, scale=scale, bias=bias)
    return layer


def _predicted_cycles(node: Node, config: Config) -> int:
    match node.op:
        case MatrixProduct(choice=Choice(cycles=cycles)):
            return cycles
    return cost.predict(node, config, Backend.SOFTWARE)


def _gathers(node: Node, op: MatrixProduct) -> bool:
    """Whether the CPU writes the matrix of activations to scratch memory first."""
    if op.choice and op.choice.jobs:
        return False
    return not activations(op.gemm, op.window, node.input_shape, node.output_shape).in_place


def _kind(op: ModelOp | LoweredOp) -> OpKind:
    if isinstance(op, MatrixProduct):
        return OpKind.CONV2D if op.window else OpKind.LINEAR
    if type(op) not in _KINDS:
        raise InvalidGraph(f"{type(op).__name__} was not lowered")
    return _KINDS[type(op)]


def _bytes(shape: Shape) -> int:
    return prod(shape) * FLOAT_BYTES
