"""What a Python user calls: `compile()` for a network, `CodeGenerator` for its C++ alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from heepstor import config as configuration
from heepstor import flow, report
from heepstor.errors import ModelError
from heepstor.ir import Backend, Shape
from heepstor.project import LoadedProject


@dataclass(frozen=True)
class Compiled:
    """A network ready to be built and run; what is generated lies in `build/<name>/`."""

    project: LoadedProject
    options: flow.Options

    def generate(self) -> list[Path]:
        """Write the C++ application; returns its sources."""
        return flow.generate(self.project, self.options)

    def build(self) -> Path:
        """Generate and build the firmware; returns the ELF file."""
        return flow.make_application(self.project, self.options).image.elf

    def simulate(self) -> dict[str, Any]:
        """Build everything, run it on the simulated SoC, judge it; returns the report.

        `report["passed"]` is the verdict; docs/report.md explains the rest.
        """
        return flow.simulate(self.project, self.options)

    @staticmethod
    def render(result: dict[str, Any]) -> str:
        """A report as a table for people."""
        return report.render(result)


def compile(  # named as users of PyTorch expect
    model: nn.Sequential,
    *,
    input_shape: Shape,
    name: str = "model",
    sample: Tensor | None = None,
    labels: Sequence[int] | None = None,
    batch: int = 1,
    class_names: Sequence[str] = (),
    append_final_softmax: bool = False,
    backend: str | None = None,
    per_channel: bool = True,
    assertions: bool = True,
    cfg: Path | str = configuration.DEFAULT_PATH,
    overrides: Sequence[str] = (),
) -> Compiled:
    """Prepare an `nn.Sequential` for the SoC; the model is not modified.

    Args:
        model: the trained network.
        input_shape: `(C, H, W)` or `(F,)`, without the batch.
        name: names the folder in `build/`; letters, digits, `-`, `_` and `.`.
        sample: the input of the inference, `[batch, *input_shape]`; pseudo-random by default.
        labels: the sample's classes, if known.
        batch: rows of the pseudo-random sample; only networks of Linear layers take more than 1.
        class_names: names of the classes in the report.
        append_final_softmax: end the network with a Softmax that the model does not have.
        backend: "software", "direct" or "stream" for every matrix product; by default the planner
            chooses.
        per_channel: one scale per output channel; False: one a tensor.
        assertions: compile the firmware's debug assertions in.
        cfg: the hardware description.
        overrides: `key=value` strings over it.

    Raises:
        HeepstorError: an argument is not acceptable; says which, and what is.
    """
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", name):
        raise ModelError(f"name is {name!r}; it must be letters, digits, '-', '_' and '.'")
    project = LoadedProject(
        name=name,
        gen_dir=flow.ROOT / "build" / name / "gen",
        model=model,
        input_shape=input_shape,
        append_final_softmax=append_final_softmax,
        class_names=tuple(class_names),
        weights_source="the model's",
        sample=_sample(sample, batch, input_shape).numpy(),
        sample_labels=tuple(labels) if labels is not None else None,
    )
    options = flow.Options(
        config=configuration.load(cfg, overrides),
        backend=_backend(backend),
        per_channel=per_channel,
        assertions=assertions,
    )
    return Compiled(project, options)


def _sample(sample: Tensor | None, batch: int, input_shape: Shape) -> Tensor:
    if sample is None:
        generator = torch.Generator().manual_seed(0)
        return torch.randn(batch, *input_shape, generator=generator)
    if sample.shape[1:] != torch.Size(input_shape):
        raise ModelError(
            f"sample is {list(sample.shape)}; it must be [batch, "
            f"{', '.join(map(str, input_shape))}] as input_shape says"
        )
    return sample.detach().to("cpu", torch.float32).contiguous()


def _backend(name: str | None) -> Backend | None:
    accepted = [backend.value for backend in Backend]
    if name is None or name in accepted:
        return Backend(name) if name else None
    raise ModelError(f"backend is {name!r}; it must be one of {', '.join(accepted)}, or None")


class CodeGenerator:
    """Generates the C++ of a network, as HEEPstor's class of that name does.

    Example:
        >>> CodeGenerator("mine", model, input_shape=(1, 12, 12)).generate_code()  # doctest: +SKIP
    """

    def __init__(self, project_name: str, model: nn.Sequential, *, input_shape: Shape) -> None:
        self._name = project_name
        self._model = model
        self._input_shape = input_shape

    def generate_code(
        self,
        append_final_softmax: bool = False,
        **arguments: Any,  # noqa: ANN401
    ) -> list[Path]:
        """Write the C++ application into `build/<project_name>/gen/`; returns its sources.

        `arguments` are further ones of `compile`.
        """
        return compile(
            self._model,
            input_shape=self._input_shape,
            name=self._name,
            append_final_softmax=append_final_softmax,
            **arguments,
        ).generate()
