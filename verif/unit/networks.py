"""Seeded networks for the compiler's tests."""

from __future__ import annotations

import torch
from torch import nn

from verif.harness.seeds import derive

Network = tuple[nn.Sequential, tuple[int, ...]]
"""A model and its input shape, without the batch."""


def seeded(model: nn.Sequential, name: str) -> nn.Sequential:
    """`model` in eval mode, with weights and batch norm statistics that follow from `name`."""
    generator = torch.Generator().manual_seed(derive(name))
    with torch.no_grad():
        for module in model.modules():
            for parameter in module.parameters(recurse=False):
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.3)
            if isinstance(module, nn.BatchNorm2d):
                shape = module.num_features
                assert module.running_mean is not None
                assert module.running_var is not None
                module.running_mean.copy_(torch.randn(shape, generator=generator))
                module.running_var.copy_(torch.rand(shape, generator=generator) + 0.1)
    return model.eval()


def sample(shape: tuple[int, ...], name: str, batch: int = 1) -> torch.Tensor:
    """Seeded normal input, [batch, *shape]."""
    generator = torch.Generator().manual_seed(derive(f"{name} sample"))
    return torch.randn(batch, *shape, generator=generator)


NETWORKS: dict[str, Network] = {
    "linear": (nn.Sequential(nn.Linear(19, 11), nn.ReLU(), nn.Linear(11, 3, bias=False)), (19,)),
    "convolution, batch norm, pool, flatten, linear": (
        nn.Sequential(
            nn.Conv2d(3, 9, 3),
            nn.BatchNorm2d(9),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Dropout(0.5),
            nn.Linear(9 * 4 * 3, 5),
            nn.Softmax(dim=1),
        ),
        (3, 10, 9),
    ),
    "stride, padding, dilation, rectangular kernels": (
        nn.Sequential(
            nn.Conv2d(3, 5, (3, 2), stride=(2, 1), padding=(1, 2), dilation=(1, 2)),
            nn.ReLU(),
            nn.Conv2d(5, 9, (1, 4), padding="same", bias=False),
            nn.Conv2d(9, 2, (2, 3), padding="valid"),
        ),
        (3, 9, 7),
    ),
    "groups, depthwise, pointwise": (
        nn.Sequential(
            nn.Conv2d(6, 12, 3, groups=3, padding=1),
            nn.BatchNorm2d(12),
            nn.Conv2d(12, 12, 3, groups=12),
            nn.Conv2d(12, 8, 1, groups=2),
            nn.Conv2d(8, 4, 1),
        ),
        (6, 6, 5),
    ),
    "pools with stride, padding, dilation, ceil mode": (
        nn.Sequential(
            nn.Conv2d(1, 3, 3),
            nn.MaxPool2d(3, stride=2, padding=1, ceil_mode=True),
            nn.ReLU(),
            nn.MaxPool2d((2, 1), stride=(1, 2), dilation=(2, 1)),
        ),
        (1, 13, 12),
    ),
    "batch norm and ReLU in every place": (
        nn.Sequential(
            nn.ReLU(),
            nn.BatchNorm2d(2, affine=False),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.BatchNorm2d(2),
            nn.Conv2d(2, 3, 2),
            nn.ReLU(),
            nn.ReLU(),
            nn.BatchNorm2d(3),
            nn.Conv2d(3, 3, 2, padding=1),
            nn.BatchNorm2d(3),
            nn.BatchNorm2d(3),
        ),
        (2, 8, 8),
    ),
    "flatten, ReLU, linear": (
        nn.Sequential(
            nn.Conv2d(2, 5, 2), nn.Flatten(), nn.ReLU(), nn.Dropout(0.5), nn.Linear(60, 7)
        ),
        (2, 5, 4),
    ),
    "flatten of the input": (nn.Sequential(nn.Flatten(), nn.Linear(2 * 3 * 4, 5)), (2, 3, 4)),
    "flatten last": (nn.Sequential(nn.Conv2d(1, 3, 2), nn.Flatten()), (1, 4, 5)),
    "flatten, ReLU, softmax": (
        nn.Sequential(nn.Conv2d(1, 3, 2), nn.Flatten(), nn.ReLU(), nn.Softmax(dim=-1)),
        (1, 3, 5),
    ),
    "flatten of one position": (
        nn.Sequential(nn.Conv2d(1, 6, 3), nn.Flatten(), nn.ReLU(), nn.Softmax(dim=1)),
        (1, 3, 3),
    ),
    "nested": (
        nn.Sequential(
            nn.Sequential(nn.Linear(6, 9), nn.Sequential(nn.ReLU(), nn.Linear(9, 9))),
            nn.ReLU(),
            nn.Linear(9, 4),
        ),
        (6,),
    ),
}
