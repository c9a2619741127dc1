"""Each model computes what it is named after, and its class follows from its output alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

import golden.network
from heepstor.accuracy import models
from heepstor.accuracy.models import MODELS, NO_CLASS, Arithmetic, scorer, top1
from heepstor.errors import ModelError
from heepstor.quantize import quantize
from verif.unit.accuracy import blocks

NAN, INF = float("nan"), float("inf")
CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([0.1, 0.7, 0.2], 1),
        ([0.5, 0.2, 0.5], 0),
        ([0.0, -0.0, 0.0], 0),
        ([-0.0, 0.0, -1.0], 0),
        ([-INF, -INF, -3.0], 2),
        ([1.0, INF, INF], 1),
        ([NAN, 0.1, 0.9], NO_CLASS),
        ([0.1, 0.9, NAN], NO_CLASS),
        ([INF, NAN, 0.0], NO_CLASS),
    ],
)
def test_the_lowest_of_equals_is_the_class_and_a_nan_has_none(
    scores: list[float], expected: int
) -> None:
    rows = torch.tensor([[0.0, 0.0, 1.0], scores])
    assert top1(rows).tolist() == [2, expected]


def test_an_output_that_is_no_row_of_scores_is_refused() -> None:
    with pytest.raises(ModelError, match=r"output is \[1, 2, 3, 4\]; .* must be \[batch, classes"):
        top1(torch.zeros(1, 2, 3, 4))


@pytest.mark.parametrize("softmax", [False, True])
@pytest.mark.parametrize("model", MODELS, ids=lambda model: str(model.name))
def test_each_model_computes_what_it_is_named_after(
    model: models.Model, softmax: bool, tmp_path: Path
) -> None:
    project = replace(blocks.write_project(tmp_path).load(), append_final_softmax=softmax)
    before = {name: values.clone() for name, values in project.model.state_dict().items()}
    x = torch.randn(5, 1, 6, 6, generator=torch.Generator().manual_seed(1))

    def expected() -> Tensor:
        if model.arithmetic is Arithmetic.GOLDEN:
            outputs = golden.network.run(
                project.model,
                x,
                per_channel=model.name.endswith("per_channel"),
                append_final_softmax=softmax,
            )
            return outputs[4 if softmax else 3]
        network = project.model
        if model.arithmetic is Arithmetic.QUANTIZED:
            network = quantize(network, per_channel=model.name.endswith("per_channel"))
        with torch.no_grad():
            y: Tensor = network(x)
        return torch.softmax(y, dim=1) if softmax else y

    assert torch.equal(scorer(model, project, CPU)(x), expected())
    after = project.model.state_dict()
    assert all(torch.equal(after[name], values) for name, values in before.items())


@pytest.mark.parametrize("model", MODELS, ids=lambda model: str(model.name))
def test_the_project_s_own_network_stays_where_it_is(model: models.Model, tmp_path: Path) -> None:
    project = blocks.write_project(tmp_path).load()
    scorer(model, project, torch.device("meta"))
    assert {values.device for values in project.model.state_dict().values()} == {CPU}


def test_all_arithmetics_and_quantizations_are_among_the_models() -> None:
    assert [model.name for model in MODELS] == [
        "float32",
        "quantized_per_tensor",
        "quantized_per_channel",
        "golden_per_tensor",
        "golden_per_channel",
    ]


def test_the_golden_model_has_one_thread_and_gives_the_others_back() -> None:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        for model in MODELS:
            with models.threads(model):
                wanted = 1 if model.arithmetic is Arithmetic.GOLDEN else 2
                assert torch.get_num_threads() == wanted
            assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
