"""Whole networks: an `nn.Sequential` through the contract, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from golden import layers
from golden.quantization import fold_batch_norm, quantize

Pair = tuple[int, int]

_DROPOUTS = (
    nn.Dropout,
    nn.Dropout1d,
    nn.Dropout2d,
    nn.Dropout3d,
    nn.AlphaDropout,
    nn.FeatureAlphaDropout,
)


def run(
    model: nn.Sequential,
    x: Tensor,
    *,
    per_channel: bool = True,
    append_final_softmax: bool = False,
) -> dict[int, Tensor]:
    """Outputs of every module for the input `x` float32 [B, C, H, W] or [M, F].

    Returns:
        Output by module index, nested Sequentials counted flat; an appended softmax has the index
        after the last. A convolution whose batch norm is folded into it has no output of its own.

    Raises:
        ValueError: if a module is not one of the contract's layers, or holds what the contract
            refuses.
    """
    modules = flat_modules(model)
    outputs: dict[int, Tensor] = {}
    folded_until = -1  # index of the batch norm that the latest convolution holds
    map_shape: torch.Size | None = None  # of the feature map that x is, or was before its Flatten
    with torch.no_grad():
        for index, module in enumerate(modules):
            if x.dim() == 4:
                map_shape = x.shape[1:]
            if isinstance(module, nn.Conv2d):
                norm_index = _folded_norm(modules, index)
                folded_until = index if norm_index is None else norm_index
                x = _conv2d(module, x, modules[folded_until], per_channel)
            elif isinstance(module, nn.Linear):
                x = _linear(module, x, map_shape, per_channel)
                map_shape = None
            elif index > folded_until:
                x = _apply(module, x)
            if index >= folded_until:
                outputs[index] = x
        if append_final_softmax:
            outputs[len(modules)] = layers.softmax(x)
    return outputs


def flat_modules(model: nn.Sequential) -> list[nn.Module]:
    """The modules in order, nested Sequentials flattened."""
    modules: list[nn.Module] = []
    for module in model:
        modules += flat_modules(module) if isinstance(module, nn.Sequential) else [module]
    return modules


def _folded_norm(modules: Sequence[nn.Module], index: int) -> int | None:
    """Index of the batch norm that follows the convolution at `index`, dropouts apart."""
    for later in range(index + 1, len(modules)):
        if isinstance(modules[later], nn.BatchNorm2d):
            return later
        if not isinstance(modules[later], _DROPOUTS):
            return None
    return None


def _linear(
    module: nn.Linear, x: Tensor, map_shape: torch.Size | None, per_channel: bool
) -> Tensor:
    """The product; k of a flattened feature map [C, H, W] counts row, column, channel."""
    weights = quantize(module, per_channel=per_channel)
    codes = weights.codes
    if map_shape is not None:
        order = torch.arange(map_shape.numel()).reshape(map_shape).permute(1, 2, 0).flatten()
        x, codes = x[:, order], codes[:, order]
    return layers.linear(x, codes, weights.scale, weights.bias)


def _apply(module: nn.Module, x: Tensor) -> Tensor:
    match module:
        case nn.BatchNorm2d():
            ones, zeros = torch.ones(module.num_features), torch.zeros(module.num_features)
            return layers.scale_bias_channels(x, *fold_batch_norm(ones, zeros, module))
        case nn.ReLU():
            return layers.relu(x)
        case nn.MaxPool2d():
            return layers.max_pool2d(
                x,
                _pair(module.kernel_size),
                _pair(module.stride),
                padding=_pair(module.padding),
                dilation=_pair(module.dilation),
                ceil_mode=module.ceil_mode,
            )
        case nn.Flatten():
            return x.flatten(module.start_dim, module.end_dim)
        case nn.Softmax(dim=1 | -1):
            return layers.softmax(x)
    if isinstance(module, _DROPOUTS):
        return x
    raise ValueError(f"{type(module).__name__} is not a layer of the contract")


def _conv2d(module: nn.Conv2d, x: Tensor, last: nn.Module, per_channel: bool) -> Tensor:
    """The convolution, with the batch norm `last` folded into it if it is one."""
    if module.padding_mode != "zeros":
        raise ValueError(f"Conv2d pads with {module.padding_mode!r}; the contract pads with zeros")
    weights = quantize(module, per_channel=per_channel)
    scale, bias = weights.scale, weights.bias
    if isinstance(last, nn.BatchNorm2d):
        scale, bias = fold_batch_norm(scale, bias, last)
    return layers.conv2d(
        x,
        weights.codes,
        scale,
        bias,
        stride=_pair(module.stride),
        padding=_edges(module),
        dilation=_pair(module.dilation),
        groups=module.groups,
    )


def _edges(module: nn.Conv2d) -> layers.Edges:
    """Padding above, below, left, right; 'same' puts an odd remainder below and to the right."""
    if module.padding == "same":
        rows, columns = (
            d * (k - 1) for d, k in zip(module.dilation, module.kernel_size, strict=True)
        )
        return rows // 2, rows - rows // 2, columns // 2, columns - columns // 2
    rows, columns = (0, 0) if module.padding == "valid" else _pair(module.padding)
    return rows, rows, columns, columns


def _pair(value: int | str | tuple[int, ...] | None) -> Pair:
    """(rows, columns): PyTorch takes one number for both."""
    match value:
        case int():
            return value, value
        case (rows,):
            return rows, rows
        case (rows, columns):
            return rows, columns
    raise ValueError(f"{value!r} is no window argument; it must be one or two integers")
