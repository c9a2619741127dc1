"""What a sweep file asks for: the product of projects, back-ends, quantizations and hardware."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, TypeGuard

from heepstor import config as configuration
from heepstor import project
from heepstor.config import Config, Value
from heepstor.errors import ConfigError
from heepstor.ir import Backend

PLANNER = "planner"
"""Back-end of a point whose layers get theirs by predicted cycles."""

BACKENDS = (PLANNER, *(backend.value for backend in Backend))
QUANTIZATIONS = ("per_channel", "per_tensor")

_SELECTIONS = {"simulate": ("all", "pareto", "none"), "area": ("all", "simulated", "none")}
_KEYS = ("projects", "backends", "quantizations", "hardware", *_SELECTIONS)


@dataclass(frozen=True)
class Point:
    """One network on one hardware; `hardware` has every key of a configuration, in its order."""

    project: str
    backend: str
    quantization: str
    hardware: tuple[tuple[str, Value], ...]

    def config(self) -> Config:
        """The hardware.

        Raises:
            ConfigError: there is no such hardware.
        """
        return configuration.from_values(dict(self.hardware), "hardware")

    def values(self) -> dict[str, Value]:
        """What makes the point, by name."""
        return {
            "project": self.project,
            "backend": self.backend,
            "quantization": self.quantization,
            **dict(self.hardware),
        }


@dataclass(frozen=True)
class Sweep:
    """A sweep file.

    `hardware` has the values of the keys that are varied, `base` those of all keys. `simulate` is
    a word of the file, or what the values of a point have to be.
    """

    name: str
    projects: tuple[str, ...]
    backends: tuple[str, ...]
    quantizations: tuple[str, ...]
    hardware: Mapping[str, tuple[Value, ...]]
    simulate: str | tuple[Mapping[str, Value], ...]
    area: str
    base: Mapping[str, Value]

    @property
    def varied(self) -> list[str]:
        """Names of the values that tell the points of a project apart."""
        several = {"backend": self.backends, "quantization": self.quantizations, **self.hardware}
        return [name for name, values in several.items() if len(values) > 1]

    def points(self) -> Iterator[Point]:
        """The product; whether there is such hardware is not known yet."""
        networks = product(self.projects, self.backends, self.quantizations)
        for network, values in product(networks, product(*self.hardware.values())):
            hardware = {**self.base, **dict(zip(self.hardware, values, strict=True))}
            yield Point(*network, tuple(hardware.items()))

    def names(self, point: Point) -> bool:
        """Whether a list `simulate` names the point."""
        values = point.values()
        return not isinstance(self.simulate, str) and any(
            _matches(values, wanted) for wanted in self.simulate
        )


def load(path: Path, base: Config) -> Sweep:
    """Read and check a sweep file; hardware keys that it does not vary are those of `base`.

    Raises:
        ConfigError: with every fault found, one sentence each.
    """
    tree = configuration.read_hjson(path)
    faults = [f"{key} is unknown; accepted keys: {', '.join(_KEYS)}" for key in tree.keys() - _KEYS]
    faults += [f"{key} is missing" for key in _KEYS if key not in tree]
    _refuse(path, faults)
    if not isinstance(tree["hardware"], dict):
        _refuse(path, [f"hardware is {tree['hardware']!r}; it must be an object of lists"])
    hardware = configuration.flatten(tree["hardware"], path.name)
    faults += _list_faults("projects", tree["projects"], project.names())
    faults += _list_faults("backends", tree["backends"], BACKENDS)
    faults += _list_faults("quantizations", tree["quantizations"], QUANTIZATIONS)
    faults += [fault for key, values in hardware.items() for fault in _hardware_faults(key, values)]
    faults += [fault for key in _SELECTIONS for fault in _selection_faults(key, tree[key])]
    _refuse(path, faults)
    sweep = Sweep(
        name=path.stem,
        projects=tuple(tree["projects"]),
        backends=tuple(tree["backends"]),
        quantizations=tuple(tree["quantizations"]),
        hardware={key: tuple(values) for key, values in hardware.items()},
        simulate=_simulate(tree["simulate"], path.name),
        area=tree["area"],
        base=configuration.flatten(base.as_dict(), path.name),
    )
    _refuse(path, _unmatched(sweep))
    return sweep


def _refuse(path: Path, faults: Sequence[str]) -> None:
    if faults:
        raise ConfigError(f"{path.name}: {'; '.join(faults)}")


def _list_faults(key: str, values: object, accepted: Sequence[str]) -> list[str]:
    if _is_list(values, str) and not set(values) - set(accepted):
        return []
    return [f"{key} is {values!r}; it must be a list, nothing twice, of: {', '.join(accepted)}"]


def _hardware_faults(key: str, values: object) -> list[str]:
    if key not in configuration.KINDS:
        return [f"hardware.{key} is unknown; accepted keys: {', '.join(configuration.KINDS)}"]
    kind = configuration.KINDS[key]
    if _is_list(values, kind):
        return []
    words = "integers" if kind is int else "words"
    return [f"hardware.{key} is {values!r}; it must be a list of {words}, none twice"]


def _selection_faults(key: str, selection: object) -> list[str]:
    words = _SELECTIONS[key]
    if selection in words or (key == "simulate" and _is_list(selection, dict) and all(selection)):
        return []
    or_list = ", or a list of objects, each with values of points" if key == "simulate" else ""
    return [f"{key} is {selection!r}; it must be one of: {', '.join(words)}{or_list}"]


def _is_list(values: object, kind: type) -> TypeGuard[list[Any]]:
    """Whether it is a list of that kind, not empty, nothing twice; True is no integer."""
    return (
        isinstance(values, list)
        and bool(values)
        and all(type(value) is kind for value in values)
        and all(value not in values[:index] for index, value in enumerate(values))
    )


def _simulate(selection: Any, origin: str) -> str | tuple[Mapping[str, Value], ...]:  # noqa: ANN401
    if isinstance(selection, str):
        return selection
    return tuple(configuration.flatten(wanted, origin) for wanted in selection)


def _unmatched(sweep: Sweep) -> list[str]:
    """What the list `simulate` names and is no point; a key that no point has is none."""
    if isinstance(sweep.simulate, str):
        return []
    points = [point.values() for point in sweep.points()]
    return [
        f"simulate names {dict(wanted)}, which is no point of this sweep; "
        f"a point has {', '.join(points[0])}"
        for wanted in sweep.simulate
        if not any(_matches(values, wanted) for values in points)
    ]


def _matches(values: Mapping[str, Value], wanted: Mapping[str, Value]) -> bool:
    return wanted.items() <= values.items()
