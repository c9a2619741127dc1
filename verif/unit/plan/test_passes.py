"""Each pass does what it says, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from heepstor import ir
from heepstor.errors import ModelError
from heepstor.frontend import import_sequential
from heepstor.plan import lower
from heepstor.plan.drop_identities import drop_identities
from heepstor.plan.fold_batch_norm import fold_batch_norm
from heepstor.plan.free_flatten import free_flatten
from heepstor.plan.fuse_relu import fuse_relu
from heepstor.plan.lower_products import lower_products
from heepstor.plan.verify import InvalidGraph, verify
from heepstor.quantize import quantize_tensor
from verif.unit.networks import sample, seeded


def graph_of(model: nn.Sequential, shape: tuple[int, ...]) -> ir.Graph:
    return import_sequential(seeded(model, repr(model)), shape)


def lowered(model: nn.Sequential, shape: tuple[int, ...]) -> ir.Graph:
    return lower(graph_of(model, shape), per_channel=True)


def names(graph: ir.Graph) -> list[tuple[str, str, tuple[int, ...], bool]]:
    """Name, operator, modules, ReLU of every node."""
    return [(n.name, type(n.op).__name__, n.modules, n.relu) for n in graph.nodes]


def product(node: ir.Node) -> ir.Gemm:
    assert isinstance(node.op, ir.MatrixProduct)
    return node.op.gemm


# drop_identities


def test_dropouts_and_flattened_vectors_vanish() -> None:
    model = nn.Sequential(nn.Dropout(), nn.Flatten(), nn.Linear(3, 2), nn.Dropout1d())
    graph = drop_identities(graph_of(model, (3,)))
    assert names(graph) == [("2", "Linear", (2,), False)]


# lower_products


def test_linear_weights_are_transposed_to_k_by_n() -> None:
    model = seeded(nn.Sequential(nn.Linear(5, 3)), "linear")
    gemm = product(
        lower_products(import_sequential(model, (5,), batch=4), per_channel=True).nodes[0]
    )
    codes, scales = quantize_tensor(model[0].weight.detach().numpy(), per_channel=True)
    assert (gemm.m, gemm.k, gemm.n, gemm.groups) == (4, 5, 3, 1)
    np.testing.assert_array_equal(gemm.weights[0], codes.T)
    np.testing.assert_array_equal(gemm.scale, scales)
    np.testing.assert_array_equal(gemm.bias, model[0].bias.detach().numpy())


def test_k_of_a_convolution_counts_row_column_channel_of_the_group() -> None:
    model = seeded(nn.Sequential(nn.Conv2d(6, 4, (3, 2), groups=2, bias=False)), "conv")
    gemm = product(lower_products(import_sequential(model, (6, 5, 5)), per_channel=True).nodes[0])
    codes, _ = quantize_tensor(model[0].weight.detach().numpy(), per_channel=True)
    assert (gemm.m, gemm.k, gemm.n, gemm.groups) == (3 * 4, 3 * 2 * 3, 2, 2)
    for group in range(2):
        for n in range(2):
            expected = [
                codes[group * 2 + n, channel, row, column]
                for row in range(3)
                for column in range(2)
                for channel in range(3)
            ]
            np.testing.assert_array_equal(gemm.weights[group, :, n], expected)
    np.testing.assert_array_equal(gemm.bias, np.zeros(4, np.float32))
    assert not np.signbit(gemm.bias).any()


def test_per_tensor_quantization_reaches_the_product() -> None:
    graph = graph_of(nn.Sequential(nn.Linear(5, 3)), (5,))
    assert len(set(product(lower(graph, per_channel=False).nodes[0]).scale)) == 1
    assert len(set(product(lower(graph, per_channel=True).nodes[0]).scale)) == 3


# fold_batch_norm


def folded_by_hand(
    scale: float, bias: float, norm: nn.BatchNorm2d, channel: int
) -> tuple[np.float32, np.float32]:
    """Step 4 of docs/numerics.md in Python's floats."""
    gamma, beta = norm.weight[channel].item(), norm.bias[channel].item()
    assert norm.running_mean is not None
    assert norm.running_var is not None
    mean, var = float(norm.running_mean[channel]), float(norm.running_var[channel])
    g = gamma / (var + norm.eps) ** 0.5
    return np.float32(scale * g), np.float32((bias - mean) * g + beta)


@pytest.mark.parametrize("bias", [True, False])
def test_batch_norm_behind_a_convolution_is_folded_by_the_formula(bias: bool) -> None:
    model = seeded(
        nn.Sequential(nn.Conv2d(2, 3, 2, bias=bias), nn.Dropout2d(), nn.BatchNorm2d(3)), "fold"
    )
    graph = lower(import_sequential(model, (2, 4, 4)), per_channel=True)
    assert names(graph) == [("0+2", "MatrixProduct", (0, 2), False)]
    gemm = product(graph.nodes[0])
    codes, scales = quantize_tensor(model[0].weight.detach().numpy(), per_channel=True)
    biases = model[0].bias.detach().numpy() if bias else np.zeros(3)
    for n in range(3):
        expected = folded_by_hand(float(scales[n]), float(biases[n]), model[2], n)
        assert (gemm.scale[n], gemm.bias[n]) == expected
    unfolded = codes.transpose(2, 3, 1, 0).reshape(1, 8, 3)
    np.testing.assert_array_equal(gemm.weights, unfolded)


def test_batch_norm_without_a_convolution_before_it_is_a_scale_and_bias() -> None:
    model = seeded(nn.Sequential(nn.MaxPool2d(2), nn.BatchNorm2d(3), nn.ReLU()), "alone")
    graph = lower(import_sequential(model, (3, 4, 4)), per_channel=True)
    assert names(graph)[1] == ("1+2", "ScaleBias", (1, 2), True)
    op = graph.nodes[1].op
    assert isinstance(op, ir.ScaleBias)
    for n in range(3):
        assert (op.scale[n], op.bias[n]) == folded_by_hand(1.0, 0.0, model[1], n)


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (nn.Sequential(nn.Conv2d(1, 2, 2), nn.ReLU(), nn.BatchNorm2d(2)), ["0+1", "2"]),
        (nn.Sequential(nn.Conv2d(1, 2, 2), nn.BatchNorm2d(2), nn.BatchNorm2d(2)), ["0+1", "2"]),
        (nn.Sequential(nn.Conv2d(1, 2, 2), nn.MaxPool2d(1), nn.BatchNorm2d(2)), ["0", "1", "2"]),
    ],
    ids=["behind a ReLU", "second", "behind a pool"],
)
def test_only_a_batch_norm_right_behind_a_convolution_is_folded(
    model: nn.Sequential, expected: list[str]
) -> None:
    assert [node.name for node in lowered(model, (1, 4, 4)).nodes] == expected


@pytest.mark.parametrize(
    ("attribute", "what"), [("weight", r"scale\[1\] = "), ("bias", r"bias\[1\] = ")]
)
def test_batch_norm_beyond_float32_is_refused(attribute: str, what: str) -> None:
    model = seeded(nn.Sequential(nn.Conv2d(1, 2, 2), nn.BatchNorm2d(2)), "beyond")
    with torch.no_grad():
        model[0].weight.fill_(1e4)
        model[0].bias.fill_(1e30 if attribute == "bias" else 0)
        model[1].weight[1] = 1e38 if attribute == "weight" else 1e20
        model[1].running_var.fill_(1e-4)
        model[1].running_mean.zero_()
    with pytest.raises(ModelError, match=rf"modules 0, 1 \(0\+1\): .*{what}.*within float32"):
        lower(import_sequential(model, (1, 3, 3)), per_channel=True)


# free_flatten


def test_the_linear_behind_a_flatten_reads_channels_last() -> None:
    model = seeded(nn.Sequential(nn.Flatten(), nn.Linear(3 * 4 * 5, 7)), "flatten").double()
    x = sample((3, 4, 5), "flatten").double()
    expected = model(x).detach().numpy()
    (node,) = lower(import_sequential(model.float(), (3, 4, 5)), per_channel=True).nodes
    gemm = product(node)
    in_memory = x.numpy().transpose(0, 2, 3, 1).reshape(1, -1)
    got = in_memory @ gemm.weights[0].astype(np.float64) * gemm.scale + gemm.bias
    assert node.input_shape == (1, 3, 4, 5)
    # Half a step of the quantizer on each weight, no more.
    bound = np.abs(in_memory).sum() * gemm.scale / 2 + 1e-6
    assert (np.abs(got - expected) <= bound).all()
    # The bound has teeth: the same weights in PyTorch's order break it.
    wrong = x.numpy().reshape(1, -1) @ gemm.weights[0].astype(np.float64) * gemm.scale + gemm.bias
    assert not np.allclose(wrong, expected, atol=float(bound.max()) / 4)


def test_permuting_the_rows_is_exactly_flattening_in_pytorch_s_order() -> None:
    model = seeded(nn.Sequential(nn.Flatten(), nn.Linear(24, 3)), "rows")
    gemm = product(lower(import_sequential(model, (2, 3, 4)), per_channel=True).nodes[0])
    codes, _ = quantize_tensor(model[1].weight.detach().numpy(), per_channel=True)
    index = torch.arange(24).reshape(2, 3, 4).permute(1, 2, 0).flatten().numpy()
    np.testing.assert_array_equal(gemm.weights[0], codes.T[index])


@pytest.mark.parametrize(
    ("tail", "shape", "expected"),
    [
        ([nn.ReLU(), nn.Linear(12, 2)], (3, 2, 2), ["Relu", "MatrixProduct"]),
        ([nn.ReLU(), nn.ReLU()], (3, 2, 2), ["Transpose", "Relu"]),
        ([nn.Softmax(dim=1)], (3, 2, 2), ["Transpose", "Softmax"]),
        ([nn.ReLU(), nn.Softmax(dim=1)], (1, 2, 2), ["Relu", "Softmax"]),
        ([nn.ReLU(), nn.Softmax(dim=1)], (4, 1, 1), ["Relu", "Softmax"]),
    ],
    ids=["linear", "last", "softmax", "one channel", "one position"],
)
def test_flatten_is_a_transpose_only_where_order_matters(
    tail: list[nn.Module], shape: tuple[int, ...], expected: list[str]
) -> None:
    graph = lowered(nn.Sequential(nn.Flatten(), *tail), shape)
    assert [type(node.op).__name__ for node in graph.nodes] == expected


def test_a_relu_between_flatten_and_linear_still_fuses_into_the_convolution() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 2), nn.Flatten(), nn.ReLU(), nn.Linear(18, 2))
    assert names(lowered(model, (1, 4, 4))) == [
        ("0+2", "MatrixProduct", (0, 2), True),
        ("3", "MatrixProduct", (3,), False),
    ]


# fuse_relu


@pytest.mark.parametrize(
    ("first", "shape"),
    [
        (nn.Linear(4, 4), (4,)),
        (nn.Conv2d(2, 2, 1), (2, 3, 3)),
        (nn.BatchNorm2d(2), (2, 3, 3)),
        (nn.MaxPool2d(2), (2, 4, 4)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_relu_fuses_into_the_operator_before_it(first: nn.Module, shape: tuple[int, ...]) -> None:
    graph = lowered(nn.Sequential(first, nn.ReLU(), nn.ReLU()), shape)
    assert [(n.name, n.modules, n.relu) for n in graph.nodes] == [("0+1+2", (0, 1, 2), True)]


def test_relus_alone_are_one_relu() -> None:
    graph = lowered(nn.Sequential(nn.ReLU(), nn.ReLU()), (4,))
    assert names(graph) == [("0+1", "Relu", (0, 1), False)]


def test_relu_does_not_fuse_into_a_transpose() -> None:
    graph = lowered(nn.Sequential(nn.Flatten(), nn.ReLU()), (2, 2, 2))
    assert names(graph) == [("0", "Transpose", (0,), False), ("1", "Relu", (1,), False)]


# verify and the whole


def test_a_model_that_computes_nothing_is_refused() -> None:
    with pytest.raises(ModelError, match="computes nothing; it must hold a layer"):
        lowered(nn.Sequential(nn.Dropout()), (4,))


BROKEN = {
    "reads 9 values, 3 were written": lambda n, _: [
        ir.Node("x", (9,), ir.Relu(), (1, 9), (1, 9), False)
    ],
    "modules out of order": lambda n, _: [n, n],
    "ends with": lambda n, _: [],
}


@pytest.mark.parametrize("fault", BROKEN)
def test_verify_names_the_pass_and_the_fault(fault: str) -> None:
    graph = lowered(nn.Sequential(nn.Linear(3, 3)), (3,))
    nodes = [*graph.nodes, *BROKEN[fault](graph.nodes[0], graph)]
    output_shape = (1, 5) if fault == "ends with" else graph.output_shape
    with pytest.raises(InvalidGraph, match=f"after test.*{fault}"):
        verify(ir.Graph(graph.input_shape, tuple(nodes), output_shape), after="test")


@pytest.mark.parametrize("field", ["weights", "scale", "bias"])
def test_verify_checks_the_arrays_of_a_product(field: str) -> None:
    graph = lowered(nn.Sequential(nn.Linear(3, 3)), (3,))
    node = graph.nodes[0]
    assert isinstance(node.op, ir.MatrixProduct)
    gemm = replace(node.op.gemm, **{field: getattr(node.op.gemm, field)[..., :-1]})
    broken = replace(graph, nodes=(replace(node, op=replace(node.op, gemm=gemm)),))
    with pytest.raises(InvalidGraph, match=f"after test, 0: {field} is"):
        verify(broken, after="test")


def test_verify_checks_the_arrays_of_a_scale_and_bias() -> None:
    op = ir.ScaleBias(np.ones(2, np.float32), np.ones(3, np.float32))
    node = ir.Node("bn", (0,), op, (1, 2, 3, 3), (1, 2, 3, 3))
    with pytest.raises(InvalidGraph, match=r"after test, bn: bias is \(3,\), expected \(2,\)"):
        verify(ir.Graph((1, 2, 3, 3), (node,), (1, 2, 3, 3)), after="test")


def test_passes_leave_other_nodes_as_they_are() -> None:
    graph = graph_of(nn.Sequential(nn.MaxPool2d(2)), (1, 4, 4))
    for run in (drop_identities, fold_batch_norm, free_flatten, fuse_relu):
        assert run(graph).nodes == graph.nodes
