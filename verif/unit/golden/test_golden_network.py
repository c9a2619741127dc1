"""Whole networks: which modules have an output, and what it is."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from golden import layers, network, reference64
from golden.quantization import fold_batch_norm, quantize
from heepstor.quantize import quantize as fake_quantize
from verif.harness import seeds
from verif.unit.golden.values import assert_same_bits


@pytest.fixture(autouse=True)
def _seeded(request: pytest.FixtureRequest) -> None:
    torch.manual_seed(seeds.derive(request.node.name))


def settled(*modules: nn.Module) -> nn.Sequential:
    """The modules in inference, batch norms with statistics of their own."""
    model = nn.Sequential(*modules)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    return model.eval()


def test_every_module_has_an_output_and_the_appended_softmax_the_next_index() -> None:
    model = settled(nn.Linear(6, 5), nn.ReLU(), nn.Dropout(), nn.Linear(5, 4))
    outputs = network.run(model, torch.randn(3, 6), append_final_softmax=True)
    assert list(outputs) == [0, 1, 2, 3, 4]
    assert_same_bits(outputs[2], outputs[1])
    assert_same_bits(outputs[4], layers.softmax(outputs[3]))


def test_a_batch_norm_after_a_convolution_is_folded_into_it() -> None:
    conv, norm = nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3)
    model = settled(conv, nn.Dropout2d(), norm, nn.ReLU())
    x = torch.randn(1, 2, 6, 6)
    outputs = network.run(model, x)
    assert list(outputs) == [2, 3]
    weights = quantize(conv, per_channel=True)
    scale, bias = fold_batch_norm(weights.scale, weights.bias, norm)
    assert_same_bits(outputs[2], layers.conv2d(x, weights.codes, scale, bias))


@pytest.mark.parametrize(
    ("modules", "index"),
    [
        ((nn.BatchNorm2d(2),), 0),
        ((nn.ReLU(), nn.BatchNorm2d(2)), 1),
        ((nn.MaxPool2d(2), nn.BatchNorm2d(2)), 1),
        ((nn.Conv2d(2, 2, 1), nn.ReLU(), nn.BatchNorm2d(2)), 2),
        ((nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2), nn.BatchNorm2d(2)), 2),
    ],
)
def test_any_other_batch_norm_is_a_scale_and_a_bias(
    modules: tuple[nn.Module, ...], index: int
) -> None:
    model = settled(*modules)
    x = torch.randn(1, 2, 4, 4)
    outputs = network.run(model, x)
    scale, bias = fold_batch_norm(torch.ones(2), torch.zeros(2), model[index])
    before = outputs[index - 1] if index else x
    expected = before * scale.reshape(-1, 1, 1) + bias.reshape(-1, 1, 1)
    assert_same_bits(outputs[index], expected)


def test_nested_sequentials_are_counted_flat() -> None:
    nested = settled(nn.Sequential(nn.Linear(4, 4), nn.Sequential(nn.ReLU())), nn.Linear(4, 2))
    flat = nn.Sequential(nested[0][0], nested[0][1][0], nested[1])
    x = torch.randn(2, 4)
    got, expected = network.run(nested, x), network.run(flat, x)
    assert list(got) == [0, 1, 2]
    for index in expected:
        assert_same_bits(got[index], expected[index])


def test_a_batch_gives_the_bits_of_its_images_one_by_one() -> None:
    model = settled(
        nn.Conv2d(3, 5, 3, padding=1), nn.BatchNorm2d(5), nn.Flatten(), nn.Linear(180, 4)
    )
    x = torch.randn(4, 3, 6, 6)
    together = network.run(model, x)[3]
    for i in range(4):
        assert_same_bits(together[i : i + 1], network.run(model, x[i : i + 1])[3])


# PyTorch remarks that an even kernel with padding "same" costs it a copy.
@pytest.mark.filterwarnings("ignore:Using padding='same'")
@pytest.mark.parametrize("per_channel", [True, False])
@pytest.mark.parametrize(
    "make",
    [
        lambda: settled(
            nn.Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=2),
            nn.BatchNorm2d(6),
            nn.ReLU(),
            nn.MaxPool2d(3, 2, 1, ceil_mode=True),
            nn.Flatten(),
            nn.Linear(6 * 4 * 7, 7),
        ),
        lambda: settled(
            nn.BatchNorm2d(4, affine=False),
            nn.Conv2d(4, 8, 3, padding="same", bias=False),
            nn.MaxPool2d((2, 3), stride=2, dilation=2),
            nn.ReLU(),
            nn.Conv2d(8, 8, 2, padding="valid", groups=8),
            nn.Flatten(),
        ),
        lambda: settled(nn.Conv2d(4, 4, 4, padding="same"), nn.Flatten(), nn.Linear(572, 3)),
    ],
)
def test_a_network_is_close_to_the_fake_quantized_module(make: object, per_channel: bool) -> None:
    model = make()  # type: ignore[operator]
    x = torch.randn(3, 4, 13, 11)
    outputs = network.run(model, x, per_channel=per_channel)
    exact = fake_quantize(model, per_channel=per_channel).double()(x.double())
    torch.testing.assert_close(outputs[max(outputs)].double(), exact, rtol=1e-4, atol=1e-4)


def test_the_model_is_left_as_it_was() -> None:
    model = settled(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.ReLU(inplace=True))
    before = copy.deepcopy(model.state_dict())
    x = torch.randn(1, 2, 5, 5)
    kept = x.clone()
    network.run(model, x)
    assert torch.equal(x, kept)
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name]), name


def test_a_softmax_module_at_the_end_is_the_contracts() -> None:
    model = settled(nn.Linear(3, 4), nn.Softmax(dim=1))
    outputs = network.run(model, torch.randn(2, 3))
    assert_same_bits(outputs[1], layers.softmax(outputs[0]))


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (nn.Sigmoid(), "Sigmoid is not a layer of the contract"),
        (nn.Softmax(dim=0), "Softmax is not a layer of the contract"),
        (nn.Conv2d(2, 2, 3, padding=1, padding_mode="reflect"), "pads with 'reflect'"),
    ],
)
def test_what_is_not_in_the_contract_is_refused(module: nn.Module, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        network.run(nn.Sequential(module), torch.randn(1, 2, 4, 4))


def distances(
    model: nn.Sequential, x: torch.Tensor, *, per_channel: bool = True
) -> reference64.Distances:
    outputs = network.run(model, x, per_channel=per_channel)
    return reference64.distance(outputs[max(outputs)], model, x, per_channel=per_channel)


def test_distance_of_a_model_with_exact_weights_is_rounding_only() -> None:
    model = settled(nn.Linear(8, 4))
    with torch.no_grad():
        model[0].weight.copy_(torch.randint(-127, 128, (4, 8)).float())
        model[0].weight[:, 0] = 127
    got = distances(model, torch.randn(5, 8)).unquantized
    assert got.max_abs_error < 1e-3
    assert 0 < got.mean_abs_error <= got.max_abs_error
    assert got.top1_agreement == 1.0


def test_distance_measures_what_quantization_costs() -> None:
    model = settled(nn.Linear(8, 4))
    x = torch.randn(5, 8)
    got = distances(model, x).unquantized
    exact = copy.deepcopy(model).double()(x.double()).detach()
    error = (network.run(model, x)[0].double() - exact).abs()
    assert got.max_abs_error == pytest.approx(float(error.max()))
    assert got.mean_abs_error == pytest.approx(float(error.mean()))
    assert got.max_abs_error > 1e-5


def test_top1_agreement_is_the_share_of_rows_with_the_same_largest_value() -> None:
    model = settled(nn.Linear(1, 2, bias=False))
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([[1.0], [1.001]]))
    # Per tensor both codes are 127: the golden rows are ties, which argmax gives to the first.
    got = distances(model, torch.tensor([[1.0], [-1.0]]), per_channel=False).unquantized
    assert got.top1_agreement == 0.5


def test_distance_to_the_exact_model_is_what_rounding_costs() -> None:
    torch.manual_seed(3)
    model = nn.Sequential(nn.Linear(64, 8), nn.ReLU(), nn.Linear(8, 4))
    got = distances(model, torch.randn(5, 64))
    assert 0 < got.exact.max_abs_error < 1e-5 < got.unquantized.max_abs_error
    assert got.exact.mean_abs_error <= got.exact.max_abs_error


def test_the_exact_model_leaves_the_users_model_as_it_was() -> None:
    model = nn.Sequential(nn.Linear(3, 2))
    before = model[0].weight.clone()
    exact = reference64.dequantized(model, per_channel=True)
    assert torch.equal(model[0].weight, before)
    assert exact[0].weight.dtype == torch.float64
