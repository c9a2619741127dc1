"""From a PyTorch model to per-layer cycles on a RISC-V SoC with an FP32xINT8 systolic array.

`heepstor.compile` is where Python users begin; the command `heepstor` does the same for the
projects in `sw/apps`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from heepstor.api import CodeGenerator, Compiled, compile

__all__ = ["CodeGenerator", "Compiled", "compile"]


def __getattr__(name: str) -> Any:  # noqa: ANN401
    # Importing torch takes seconds; who only wants a register table must not pay for it.
    if name in __all__:
        from heepstor import api

        return getattr(api, name)
    raise AttributeError(f"module 'heepstor' has no attribute {name!r}")
