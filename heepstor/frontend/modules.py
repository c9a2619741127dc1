"""Where a module stands in a model, and what is read from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import nn

from heepstor.errors import ModelError
from heepstor.ir import Float32Array


@dataclass(frozen=True)
class Site:
    """A module of a flattened model, with what messages call it."""

    index: int
    name: str
    module: nn.Module

    def error(self, fault: str) -> ModelError:
        """A `ModelError` that begins with the module's index, name and class."""
        return ModelError(
            f"module {self.index} ({self.name}): {type(self.module).__name__} {fault}"
        )

    def finite_array(self, attribute: str) -> Float32Array:
        """A private, read-only float32 copy of a parameter or buffer of the module.

        Raises:
            ModelError: it is not float32, or holds NaN or infinity.
        """
        tensor = getattr(self.module, attribute)
        if tensor.dtype != torch.float32:
            raise self.error(f"has a {attribute} of {tensor.dtype}; it must be torch.float32")
        array = np.array(tensor.detach().cpu().numpy(), dtype=np.float32)
        bad = np.argwhere(~np.isfinite(array))
        if bad.size:
            where = tuple(int(i) for i in bad[0])
            raise self.error(
                f"has {attribute}[{', '.join(map(str, where))}] = {array[where]}; it must be finite"
            )
        array.setflags(write=False)
        return array


def same_forward(module: nn.Module, kind: type[nn.Module]) -> bool:
    """Whether `module` is a `kind` or a subclass that computes the same."""
    return isinstance(module, kind) and type(module).forward is kind.forward


def flatten_modules(model: nn.Module) -> tuple[Site, ...]:
    """The modules of a Sequential in order, nested Sequentials flattened, names dotted.

    Raises:
        ModelError: `model` is no `nn.Sequential`.
    """
    if not same_forward(model, nn.Sequential):
        raise ModelError(f"the model is a {type(model).__name__}; it must be an nn.Sequential")
    return tuple(Site(i, name, module) for i, (name, module) in enumerate(_leaves(model, "")))


def _leaves(sequential: nn.Module, prefix: str) -> Iterator[tuple[str, nn.Module]]:
    # `named_children` would skip the second use of a module that occurs twice.
    for name, child in sequential._modules.items():
        module = cast(nn.Module, child)
        if same_forward(module, nn.Sequential):
            yield from _leaves(module, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", module
