"""The counts of the cost model are those of the loops in `sw/ops`."""

from __future__ import annotations

import numpy as np
import pytest

from heepstor import config, ir
from heepstor.ir import Backend, Gemm, LoweredOp, Node, Window2d
from heepstor.plan.activations import Activations, activations
from heepstor.plan.cost import CYCLES, operator_counts, product_counts
from heepstor.plan.verify import InvalidGraph


def gemm(m: int, k: int, n: int, groups: int = 1) -> Gemm:
    weights = np.zeros((groups, k, n), np.int8)
    ones = np.ones(groups * n, np.float32)
    return Gemm(m=m, k=k, n=n, groups=groups, weights=weights, scale=ones, bias=ones)


def direct_loops(product: Gemm, reads: Activations, size: int, rows: int) -> dict[str, int]:
    """The loops of `DirectBackend`, run and counted, for one group."""
    found = dict.fromkeys(("column tile", "weight word", "stretch", "step", "lane"), 0)
    runs = reads.runs if reads.in_place else 1
    line = reads.line if reads.in_place else rows
    for row in range(0, product.m, rows):
        chunk = min(rows, product.m - row)
        for _ in range(0, product.n, size):
            found["column tile"] += 1
            for _ in range(runs):
                for k in range(0, product.k // runs, size):
                    lanes = min(size, product.k // runs - k)
                    found["weight word"] += lanes * size // 4
                    left, in_line = chunk, row % line
                    while left:
                        steps = min(left, line - in_line)
                        found["stretch"] += 1
                        found["step"] += steps
                        found["lane"] += steps * lanes
                        left, in_line = left - steps, 0
    return found


@pytest.mark.parametrize("product", [gemm(1, 9, 10), gemm(70, 12, 8), gemm(200, 36, 17, 2)])
@pytest.mark.parametrize(
    "reads", [Activations(1, True, 1), Activations(3, True, 14), Activations(3, False, 14)]
)
def test_direct_counts_are_those_of_its_loops(product: Gemm, reads: Activations) -> None:
    cfg = config.load()
    rows, size = cfg.systolic_array_accumulator_rows, cfg.systolic_array_size
    found = product_counts(product, reads, cfg, Backend.DIRECT)
    for part, expected in direct_loops(product, reads, size, rows).items():
        assert found[part] == product.groups * expected, part
    assert found["result"] == product.groups * product.m * product.n
    assert found.get("gather float", 0) == (
        0 if reads.in_place else product.groups * product.m * product.k
    )


def test_software_counts_every_element_of_its_blocks_once() -> None:
    product = gemm(10, 6, 7)
    found = product_counts(product, Activations(2, True, 5), config.load(), Backend.SOFTWARE)
    blocks = {"step 4x4": 16, "step 4x1": 4, "step 1x4": 4, "step 1x1": 1}
    assert sum(found[step] * macs for step, macs in blocks.items()) == product.macs
    # Two blocks of four rows and two single rows, each with one block and three single columns.
    assert found["block run"] == 2 * (2 + 2) * (1 + 3)


def operator(op: LoweredOp, before: ir.Shape, after: ir.Shape, relu: bool = False) -> Node:
    return Node("it", (0,), op, before, after, relu)


MAP = (1, 3, 8, 6)
SCALE_BIAS = ir.ScaleBias(np.ones(3, np.float32), np.ones(3, np.float32))
OPERATORS = [
    (
        operator(ir.MaxPool2d(Window2d((3, 2), (2, 2), (1, 0), (1, 1))), MAP, (1, 3, 4, 3)),
        {"pool tap": 3 * 4 * 3 * 6},
    ),
    (operator(ir.Relu(), (2, 7), (2, 7)), {"relu": 14}),
    (operator(SCALE_BIAS, MAP, MAP), {"scale": 144, "scale and relu": 0}),
    (operator(SCALE_BIAS, MAP, MAP, relu=True), {"scale": 144, "scale and relu": 144}),
    (operator(ir.Softmax(), (2, 7), (2, 7)), {"softmax row": 2, "softmax class": 14}),
    (operator(ir.Transpose(), MAP, (1, 144)), {"transpose": 144}),
]


@pytest.mark.parametrize(("node", "expected"), OPERATORS)
def test_operators_are_counted_by_their_values_or_taps(
    node: Node, expected: dict[str, int]
) -> None:
    assert operator_counts(node) == expected


def test_an_operator_that_was_not_lowered_has_no_counts() -> None:
    with pytest.raises(InvalidGraph, match="Flatten was not lowered"):
        operator_counts(Node("it", (0,), ir.Flatten(), MAP, (1, 144)))


@pytest.mark.parametrize("backend", [Backend.SOFTWARE, Backend.DIRECT])
def test_every_part_that_is_counted_has_its_cycles(backend: Backend) -> None:
    gathered = product_counts(gemm(5, 6, 7), Activations(2, False, 5), config.load(), backend)
    parts = set(gathered)
    if backend is Backend.SOFTWARE:
        parts.update(part for node, _ in OPERATORS for part in operator_counts(node))
    assert parts == CYCLES[backend].keys()


@pytest.mark.parametrize(
    ("groups", "dilation", "runs"),
    [(1, 1, 3), (2, 1, 6), (1, 2, 6)],
    ids=["joined", "groups", "dilated"],
)
def test_taps_of_all_channels_that_are_neighbours_are_one_run(
    groups: int, dilation: int, runs: int
) -> None:
    window = Window2d((3, 2), (1, 1), (0, 0), (1, dilation))
    reads = activations(gemm(1, 12, 1, groups), window, (1, 2, 8, 8), (1, 1, 6, 6))
    assert reads == Activations(runs=runs, in_place=True, line=6)


def test_a_linear_reads_one_run_in_place() -> None:
    reads = activations(gemm(4, 9, 2), None, (4, 9), (4, 2))
    assert reads == Activations(runs=1, in_place=True, line=4)
