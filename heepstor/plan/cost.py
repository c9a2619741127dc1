"""Predicted cycles of what the CPU computes, or moves to the array and back.

The model counts how often each part of the loops in `sw/ops` runs; a count times the cycles of that
part, summed up, is the prediction.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import lcm, prod

from heepstor.config import Config
from heepstor.ir import (
    Backend,
    Gemm,
    MatrixProduct,
    MaxPool2d,
    Node,
    Relu,
    ScaleBias,
    Softmax,
    Transpose,
)
from heepstor.plan.activations import Activations, activations
from heepstor.plan.packing import tiles
from heepstor.plan.verify import InvalidGraph

Counts = Mapping[str, int]
"""How often each part of a loop runs, by the part's name in `CYCLES`."""

BLOCK = 4
"""Rows and columns of a block of the software back-end."""

_GATHER = {
    "gather row": (215.0, 215.0, 215.0, 184.5),
    "gather run": (19.6, 19.6, 19.6, 26.3),
    "gather float": (3.5, 3.5, 3.5, 6.4),
}

_OPERATORS = {
    "pool tap": (11.8, 11.8, 14.0, 50.7),
    "relu": (11.1, 12.1, 13.7, 44.6),
    "scale": (16.7, 17.7, 19.7, 220.0),
    "scale and relu": (2.3, 3.8, 5.3, 36.6),
    "softmax row": (17.1, 18.6, 17.2, 0.0),
    "softmax class": (65.0, 84.3, 114.0, 3308.0),
    "transpose": (9.0, 9.0, 9.0, 10.0),
}

CYCLES: Mapping[Backend, Mapping[str, tuple[float, float, float, float]]] = {
    Backend.DIRECT: {
        "group": (150.0, 150.0, 150.0, 209.7),
        "column tile": (275.0, 275.0, 275.0, 405.3),
        "weight word": (7.3, 7.3, 7.3, 9.0),
        "stretch": (18.0, 18.0, 18.0, 35.1),
        "step": (8.7, 8.7, 8.7, 9.2),
        "lane": (2.2, 2.2, 2.2, 2.8),
        "result": (6.3, 6.3, 9.1, 258.7),
        **_GATHER,
    },
    Backend.SOFTWARE: {
        "group": (207.0, 207.0, 207.0, 456.0),
        "block run": (56.0, 56.0, 56.0, 0.0),
        "step 4x4": (62.4, 62.5, 125.9, 3846.0),
        "step 4x1": (34.2, 34.2, 48.5, 1032.0),
        "step 1x4": (26.0, 26.0, 46.3, 1171.0),
        "step 1x1": (12.7, 13.8, 15.5, 302.0),
        "result": (27.0, 27.0, 30.5, 317.0),
        **_GATHER,
        **_OPERATORS,
    },
}
"""Cycles of each part on CV32E40P at FPU latency 0, 1 and 2, and on Ibex, which has no FPU.

Fitted by `python -m verif.benchmarks.cost_model` to 29 layers on each back-end of an 8 x 8 array:
nine predictions in ten are within 10 % of the simulation, all within 26 %. On Ibex software got 14
of them, all within 10 %; how long it takes to multiply or to add depends on the numbers.

Operators without a matrix product were fitted to 19 layers. Pools are within 33 %, as the compiler
unrolls what it knows of their windows, and taps in the padding are counted though they cost
nothing; all others are within 11 %. It is the same on Ibex, but for one pool with much padding.
"""


def predict(node: Node, config: Config, backend: Backend) -> int:
    """Cycles of a layer; everything but matrix products is computed in `SOFTWARE`."""
    cycles = CYCLES[backend]
    column = config.cpu_fpu_latency if config.has_fpu else 3
    return round(
        sum(count * cycles[part][column] for part, count in counts(node, config, backend).items())
    )


def counts(node: Node, config: Config, backend: Backend) -> Counts:
    """How often each part of a layer's loops runs."""
    if not isinstance(node.op, MatrixProduct):
        return operator_counts(node)
    gemm = node.op.gemm
    reads = activations(gemm, node.op.window, node.input_shape, node.output_shape)
    return product_counts(gemm, reads, config, backend)


def operator_counts(node: Node) -> Counts:
    """Of a layer without a matrix product.

    Raises:
        InvalidGraph: it was not lowered, or nobody has said what it costs.
    """
    elements, results = prod(node.input_shape), prod(node.output_shape)
    match node.op:
        case MaxPool2d(window=window):
            return {"pool tap": results * prod(window.kernel)}
        case Relu():
            return {"relu": elements}
        case ScaleBias():
            return {"scale": elements, "scale and relu": elements * node.relu}
        case Softmax():
            return {"softmax row": elements // node.input_shape[1], "softmax class": elements}
        case Transpose():
            return {"transpose": elements}
    raise InvalidGraph(f"{type(node.op).__name__} was not lowered, or has no cost")


def product_counts(gemm: Gemm, reads: Activations, config: Config, backend: Backend) -> Counts:
    """Of a matrix product: gathering the activations, the product, the epilogue."""
    product = _direct(gemm, reads, config) if backend is Backend.DIRECT else _software(gemm, reads)
    of_group = product | _gather(gemm, reads) | {"group": 1, "result": gemm.m * gemm.n}
    return {part: gemm.groups * count for part, count in of_group.items()}


def _gather(gemm: Gemm, reads: Activations) -> dict[str, int]:
    if reads.in_place:
        return {}
    return {
        "gather row": gemm.m,
        "gather run": gemm.m * reads.runs,
        "gather float": gemm.m * gemm.k,
    }


def _direct(gemm: Gemm, reads: Activations, config: Config) -> dict[str, int]:
    """Rows come in chunks that fit the accumulators; each chunk loads every weight tile again."""
    size, rows = config.systolic_array_size, config.systolic_array_accumulator_rows
    n_tiles, chunks = tiles(gemm.n, size), tiles(gemm.m, rows)
    # What was gathered is one run, and one line in each chunk.
    runs, line = (reads.runs, reads.line) if reads.in_place else (1, rows)
    k_tiles = runs * tiles(gemm.k // runs, size)
    # A stretch of rows ends where a line or a chunk ends.
    stretches = chunks + tiles(gemm.m, line) - tiles(gemm.m, lcm(line, rows))
    return {
        "column tile": n_tiles * chunks,
        "weight word": n_tiles * chunks * gemm.k * size // 4,
        "stretch": n_tiles * k_tiles * stretches,
        "step": n_tiles * k_tiles * gemm.m,
        "lane": n_tiles * gemm.k * gemm.m,
    }


def _software(gemm: Gemm, reads: Activations) -> dict[str, int]:
    """Blocks of rows and columns share their loads; what is left over goes one by one."""
    runs = reads.runs if reads.in_place else 1
    row_blocks, rows = divmod(gemm.m, BLOCK)
    column_blocks, columns = divmod(gemm.n, BLOCK)
    blocks = {
        "4x4": row_blocks * column_blocks,
        "4x1": row_blocks * columns,
        "1x4": rows * column_blocks,
        "1x1": rows * columns,
    }
    steps = {f"step {shape}": gemm.k * count for shape, count in blocks.items()}
    return steps | {"block run": runs * sum(blocks.values())}
