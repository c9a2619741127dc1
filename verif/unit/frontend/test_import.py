"""What the front end reads: names, indices, windows, values."""

from __future__ import annotations

import copy
from collections import OrderedDict

import numpy as np
import pytest
import torch
from torch import nn

from heepstor import ir
from heepstor.frontend import flatten_modules, import_sequential


def test_nested_sequentials_give_flat_indices_and_dotted_names() -> None:
    inner = nn.Sequential(OrderedDict(fc=nn.Linear(4, 4), act=nn.ReLU()))
    model = nn.Sequential(OrderedDict(head=inner, tail=nn.Linear(4, 2)))
    graph = import_sequential(model, (4,), append_final_softmax=True)
    assert [(n.name, n.modules) for n in graph.nodes] == [
        ("head.fc", (0,)),
        ("head.act", (1,)),
        ("tail", (2,)),
        ("softmax", (3,)),
    ]


def test_a_module_that_occurs_twice_is_read_twice() -> None:
    shared = nn.ReLU()
    sites = flatten_modules(nn.Sequential(shared, nn.Linear(2, 2), shared))
    assert [site.name for site in sites] == ["0", "1", "2"]


def test_a_subclass_that_only_constructs_is_accepted() -> None:
    class Net(nn.Sequential):
        def __init__(self) -> None:
            super().__init__(nn.Linear(3, 2))

    assert import_sequential(Net(), (3,)).output_shape == (1, 2)


def test_same_padding_of_an_even_kernel_has_the_smaller_half_before() -> None:
    model = nn.Sequential(nn.Conv2d(1, 1, (4, 2), padding="same", dilation=(1, 3)))
    op = import_sequential(model, (1, 8, 8)).nodes[0].op
    assert isinstance(op, ir.Conv2d)
    assert op.window.padding == (1, 1)


def test_a_window_has_one_pair_for_each_argument() -> None:
    model = nn.Sequential(nn.Conv2d(2, 4, (3, 2), (2, 1), (0, 3), (1, 2), groups=2))
    op = import_sequential(model, (2, 9, 9)).nodes[0].op
    assert isinstance(op, ir.Conv2d)
    assert op.window == ir.Window2d((3, 2), (2, 1), (0, 3), (1, 2))
    assert op.groups == 2


def test_the_pool_s_stride_is_its_kernel_unless_given() -> None:
    op = import_sequential(nn.Sequential(nn.MaxPool2d((2, 3))), (1, 9, 9)).nodes[0].op
    assert op == ir.MaxPool2d(ir.Window2d((2, 3), (2, 3), (0, 0), (1, 1)))


def test_a_batch_norm_that_is_not_affine_has_gamma_one_and_beta_zero() -> None:
    op = import_sequential(nn.Sequential(nn.BatchNorm2d(3, affine=False)), (3, 2, 2)).nodes[0].op
    assert isinstance(op, ir.BatchNorm2d)
    np.testing.assert_array_equal(op.gamma, np.ones(3))
    np.testing.assert_array_equal(op.beta, np.zeros(3))


@pytest.mark.parametrize(
    "module",
    [nn.Dropout(), nn.Dropout1d(), nn.Dropout2d(), nn.Dropout3d(), nn.AlphaDropout(),
     nn.FeatureAlphaDropout()],
    ids=lambda module: type(module).__name__,
)  # fmt: skip
def test_every_dropout_is_an_identity_even_in_training_mode(module: nn.Module) -> None:
    graph = import_sequential(nn.Sequential(module.train()), (3, 2, 2))
    assert isinstance(graph.nodes[0].op, ir.Identity)


@pytest.mark.parametrize("flatten", [nn.Flatten(), nn.Flatten(1, 3), nn.Flatten(-3, -1)], ids=str)
def test_equivalent_flattens_are_accepted(flatten: nn.Flatten) -> None:
    assert import_sequential(nn.Sequential(flatten), (2, 3, 4)).output_shape == (1, 24)


def test_a_batch_is_accepted_for_vectors() -> None:
    graph = import_sequential(nn.Sequential(nn.Linear(3, 2)), (3,), batch=5)
    assert (graph.input_shape, graph.output_shape) == ((5, 3), (5, 2))


def test_the_model_is_not_modified_and_not_aliased() -> None:
    model = nn.Sequential(nn.Linear(3, 2), nn.Dropout()).train()
    before = copy.deepcopy(model.state_dict())
    op = import_sequential(model, (3,)).nodes[0].op
    assert isinstance(op, ir.Linear)
    assert model.training
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())
    was = op.weight.copy()
    with torch.no_grad():
        model[0].weight.zero_()
    np.testing.assert_array_equal(op.weight, was)
    assert not op.weight.flags.writeable
