"""`nn.Sequential` to `Graph`: what each module computes in inference, with every shape.

The model is only read. Whatever cannot be deployed exactly is refused, by module.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np
from torch import nn

from heepstor import ir
from heepstor.errors import ModelError
from heepstor.frontend import shapes
from heepstor.frontend.modules import Site, flatten_modules, same_forward
from heepstor.ir import Shape

Read = tuple[ir.ModelOp, Shape]
"""What a module computes, and the shape that comes out."""


def import_sequential(
    model: nn.Module,
    input_shape: Sequence[int],
    *,
    batch: int = 1,
    append_final_softmax: bool = False,
) -> ir.Graph:
    """Read a network.

    Args:
        model: an `nn.Sequential`, nested ones allowed; its training flag does not matter.
        input_shape: `(C, H, W)` or `(F,)`, without the batch.
        batch: how many vectors are inferred at once; feature maps come one at a time.
        append_final_softmax: add a Softmax, with the index after the last module.

    Raises:
        ModelError: naming the module, what was found and what is accepted.
    """
    sites = flatten_modules(model)
    if append_final_softmax:
        sites += (Site(len(sites), "softmax", nn.Softmax(dim=1)),)
    if not sites:
        raise ModelError("the model holds no module; it must hold at least one")
    shape = first = _batched(input_shape, batch)
    nodes = []
    for site in sites:
        op, output_shape = _read(site, shape)
        if isinstance(op, ir.Softmax) and site is not sites[-1]:
            raise site.error("is not the last module; a Softmax is accepted only at the end")
        nodes.append(ir.Node(site.name, (site.index,), op, shape, output_shape))
        shape = output_shape
    return ir.Graph(first, tuple(nodes), shape)


def _batched(input_shape: Sequence[int], batch: int) -> Shape:
    shape = tuple(input_shape)
    if len(shape) not in (1, 3) or not all(isinstance(n, int) and n >= 1 for n in shape):
        raise ModelError(
            f"input_shape is {shape}; it must be (C, H, W) or (F,), positive, without the batch"
        )
    if batch < 1 or (batch > 1 and len(shape) == 3):
        raise ModelError(
            f"batch is {batch} for input_shape {shape}; it must be 1, or more for an input of (F,)"
        )
    return (batch, *shape)


def _read(site: Site, shape: Shape) -> Read:
    if any(map(nn.parameter.is_lazy, site.module.parameters())):
        raise site.error("is not initialised; it must have run once")
    for kind, reader in _READERS.items():
        if same_forward(site.module, kind):
            return reader(site, site.module, shape)
    accepted = ", ".join(sorted(kind.__name__ for kind in _READERS))
    raise site.error(f"is not supported; accepted are {accepted}")


def _linear(site: Site, module: nn.Linear, shape: Shape) -> Read:
    if len(shape) != 2 or shape[1] != module.in_features:
        raise site.error(f"gets an input of {shape}; it must be (M, {module.in_features})")
    op = ir.Linear(site.finite_array("weight"), _optional(site, "bias"))
    return op, (shape[0], module.out_features)


def _conv2d(site: Site, module: nn.Conv2d, shape: Shape) -> Read:
    if module.padding_mode != "zeros":
        raise site.error(f"has padding_mode {module.padding_mode!r}; it must be 'zeros'")
    _require_channels(site, module.in_channels, shape)
    kernel, stride, dilation = (
        _pair(v) for v in (module.kernel_size, module.stride, module.dilation)
    )
    padding = _conv_padding(module.padding, kernel, dilation)
    before = (padding[0][0], padding[1][0])
    window = _window(site, kernel, stride, before, dilation)
    rows, columns = (
        shapes.conv_size(shape[2 + i], kernel[i], stride[i], sum(padding[i]), dilation[i])
        for i in (0, 1)
    )
    _require_positions(site, shape, rows, columns)
    op = ir.Conv2d(
        site.finite_array("weight"), _optional(site, "bias"), window, groups=module.groups
    )
    return op, (1, module.out_channels, rows, columns)


def _batch_norm(site: Site, module: nn.BatchNorm2d, shape: Shape) -> Read:
    if module.running_mean is None or module.running_var is None:
        raise site.error("has no running statistics; it must track them (track_running_stats=True)")
    _require_channels(site, module.num_features, shape)
    var = site.finite_array("running_var")
    smallest = int(np.argmin(var))
    if not float(var[smallest]) + module.eps > 0:
        raise site.error(
            f"has running_var[{smallest}] = {var[smallest]} and eps = {module.eps}; "
            "their sum must be positive"
        )
    ones, zeros = np.ones_like(var), np.zeros_like(var)
    op = ir.BatchNorm2d(
        gamma=ones if module.weight is None else site.finite_array("weight"),
        beta=zeros if module.bias is None else site.finite_array("bias"),
        mean=site.finite_array("running_mean"),
        var=var,
        eps=module.eps,
    )
    return op, shape


def _max_pool(site: Site, module: nn.MaxPool2d, shape: Shape) -> Read:
    if module.return_indices:
        raise site.error("has return_indices=True; it must be False")
    _require_channels(site, None, shape)
    kernel, stride, padding, dilation = (
        _pair(v) for v in (module.kernel_size, module.stride, module.padding, module.dilation)
    )
    window = _window(site, kernel, stride, padding, dilation)
    for p, k, d in zip(padding, kernel, dilation, strict=True):
        if p > shapes.extent(k, d) // 2:
            raise site.error(f"has padding {p} for a kernel of {k}; at most half of it is accepted")
    rows, columns = (
        shapes.pool_size(
            shape[2 + i],
            kernel[i],
            stride[i],
            padding[i],
            dilation[i],
            ceil_mode=module.ceil_mode,
        )
        for i in (0, 1)
    )
    _require_positions(site, shape, rows, columns)
    return ir.MaxPool2d(window), (*shape[:2], rows, columns)


def _relu(site: Site, module: nn.ReLU, shape: Shape) -> Read:
    return ir.Relu(), shape


def _identity(site: Site, module: nn.Module, shape: Shape) -> Read:
    return ir.Identity(), shape


def _flatten(site: Site, module: nn.Flatten, shape: Shape) -> Read:
    dims = len(shape)
    if module.start_dim not in (1, 1 - dims) or module.end_dim not in (-1, dims - 1):
        raise site.error(
            f"has start_dim={module.start_dim}, end_dim={module.end_dim} for an input of {shape}; "
            "it must keep the batch and join all the rest"
        )
    op = ir.Flatten() if dims == 4 else ir.Identity()
    return op, (shape[0], prod(shape[1:]))


def _softmax(site: Site, module: nn.Softmax, shape: Shape) -> Read:
    if len(shape) != 2:
        raise site.error(f"gets an input of {shape}; it must be (M, F)")
    if module.dim not in (1, -1):
        raise site.error(f"has dim={module.dim}; it must be 1")
    return ir.Softmax(), shape


_READERS: dict[type[nn.Module], Callable[[Site, Any, Shape], Read]] = {
    nn.Linear: _linear,
    nn.Conv2d: _conv2d,
    nn.BatchNorm2d: _batch_norm,
    nn.ReLU: _relu,
    nn.MaxPool2d: _max_pool,
    nn.Flatten: _flatten,
    nn.Softmax: _softmax,
    nn.Dropout: _identity,
    nn.Dropout1d: _identity,
    nn.Dropout2d: _identity,
    nn.Dropout3d: _identity,
    nn.AlphaDropout: _identity,
    nn.FeatureAlphaDropout: _identity,
}


def _optional(site: Site, attribute: str) -> ir.Float32Array | None:
    return None if getattr(site.module, attribute) is None else site.finite_array(attribute)


def _pair(value: int | Sequence[int]) -> tuple[int, int]:
    if isinstance(value, int):
        return value, value
    # PyTorch takes a sequence of one for both axes, too.
    return (value[0], value[0]) if len(value) == 1 else (value[0], value[1])


def _conv_padding(
    padding: str | Sequence[int], kernel: tuple[int, int], dilation: tuple[int, int]
) -> tuple[tuple[int, int], tuple[int, int]]:
    """(before, after) of the rows, then of the columns."""
    if padding == "valid":
        return (0, 0), (0, 0)
    if padding == "same":
        rows, columns = map(shapes.same_padding, kernel, dilation)
        return rows, columns
    p = _pair([int(v) for v in padding])
    return (p[0], p[0]), (p[1], p[1])


def _window(
    site: Site,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
    dilation: tuple[int, int],
) -> ir.Window2d:
    named = {"kernel_size": (kernel, 1), "stride": (stride, 1), "dilation": (dilation, 1)}
    for name, (pair, least) in (named | {"padding": (padding, 0)}).items():
        if min(pair) < least:
            raise site.error(f"has {name} {pair}; both must be {least} or more")
    return ir.Window2d(kernel, stride, padding, dilation)


def _require_channels(site: Site, channels: int | None, shape: Shape) -> None:
    if len(shape) != 4 or channels not in (None, shape[1]):
        expected = f"(1, {channels or 'C'}, H, W)"
        raise site.error(f"gets an input of {shape}; it must be {expected}")


def _require_positions(site: Site, shape: Shape, rows: int, columns: int) -> None:
    if rows < 1 or columns < 1:
        raise site.error(f"has a window that does not fit into the input of {shape}; it must fit")
