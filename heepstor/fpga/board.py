"""Descriptions of boards: `boards/<name>.hjson`, checked as the hardware's description is."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from heepstor import config as configuration
from heepstor.build.area import Area
from heepstor.errors import ConfigError, FpgaError

FOLDER = Path(__file__).resolve().parents[2] / "boards"

_KEYS = ("part", "clock_hz", "reset_active", "pins", "resources")
_RESOURCES = ("lut", "ff", "bram36", "dsp")
_LEVELS = {"high": 1, "low": 0}
# Zynq, Kintex, Virtex and Artix UltraScale+, each with its speed grade.
_PART = re.compile(r"xc(?:zu|k(?=u\d+p)|v(?=u\d+p)|a(?=u\d+p))[a-z0-9]+-[a-z0-9]+-(?P<grade>[123])")


@dataclass(frozen=True)
class Pin:
    """What a port of `fpga_top` is connected to."""

    package_pin: str
    io_standard: str


@dataclass(frozen=True)
class Board:
    """A board with an UltraScale+ FPGA."""

    name: str
    part: str
    speed_grade: int
    """1 (slowest) to 3."""
    clock_hz: int
    reset_pressed: int
    """Level of the reset button's pin while it is pressed."""
    pins: Mapping[str, Pin]
    """By port, a bit of one as `led_o[0]`."""
    resources: Area
    """What the part has."""


def names() -> list[str]:
    """The boards that there are descriptions of."""
    return sorted(path.stem for path in FOLDER.glob("*.hjson"))


def find(name: str) -> Board:
    """The board of this name, or of the file that `name` is the path of.

    Raises:
        FpgaError: there is none, or its description is not acceptable.
    """
    path = Path(name) if name.endswith(".hjson") else FOLDER / f"{name}.hjson"
    if path.parent == FOLDER and not path.exists():
        raise FpgaError(
            f"board {name!r} is not there; there are: {', '.join(names())}, or a file FILE.hjson"
        )
    return load(path)


def load(path: Path) -> Board:
    """Read a description.

    Raises:
        FpgaError: it cannot be read or is not acceptable; all that is wrong in one message.
    """
    try:
        tree = configuration.read_hjson(path)
    except ConfigError as error:
        raise FpgaError(str(error)) from error
    faults = _faults(tree)
    if not re.fullmatch(r"[\w-]+", path.stem):
        faults.append("the name must be of letters, digits, _ and -")
    if faults:
        raise FpgaError(f"{path.name}: " + "; ".join(faults))
    part = _PART.match(tree["part"])
    if part is None:
        raise AssertionError("the part was checked")
    return Board(
        name=path.stem,
        part=tree["part"],
        speed_grade=int(part["grade"]),
        clock_hz=tree["clock_hz"],
        reset_pressed=_LEVELS[tree["reset_active"]],
        pins={port: Pin(*pin) for port, pin in tree["pins"].items()},
        resources=Area(**tree["resources"]),
    )


def _faults(tree: Mapping[str, Any]) -> list[str]:
    """What is wrong with a description, in sentences."""
    wrong_keys = _wrong_keys("", tree, _KEYS)
    if wrong_keys:
        return wrong_keys
    faults = []
    if not isinstance(tree["part"], str) or not _PART.match(tree["part"]):
        faults.append(
            f"part is {tree['part']!r}; it must be an UltraScale+ part with its speed grade, as "
            "xczu7ev-ffvc1156-2-e"
        )
    if not _is_count(tree["clock_hz"]):
        faults.append(f"clock_hz is {tree['clock_hz']!r}; it must be a number of Hz")
    if tree["reset_active"] not in _LEVELS:
        faults.append(f"reset_active is {tree['reset_active']!r}; it must be high or low")
    return [*faults, *_pin_faults(tree["pins"]), *_resource_faults(tree["resources"])]


def _wrong_keys(prefix: str, tree: Mapping[str, Any], accepted: tuple[str, ...]) -> list[str]:
    keys = ", ".join(accepted)
    return [
        *(f"{prefix}{key} is unknown; accepted: {keys}" for key in tree if key not in accepted),
        *(f"{prefix}{key} is missing" for key in accepted if key not in tree),
    ]


def _pin_faults(pins: object) -> list[str]:
    if not isinstance(pins, dict):
        return ["pins must be an object: port to [package pin, I/O standard]"]
    wrong = [port for port, pin in pins.items() if not _is_pin(pin)]
    if wrong:
        return [f"pins.{port} must be [package pin, I/O standard]" for port in wrong]
    uses = Counter(pin for pin, _ in pins.values())
    return [f"pins: {pin} is given {count} times" for pin, count in uses.items() if count > 1]


def _is_pin(value: object) -> bool:
    """Whether it is two words: they go into a script."""
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(isinstance(word, str) and re.fullmatch(r"\w+", word) for word in value)
    )


def _resource_faults(resources: object) -> list[str]:
    if not isinstance(resources, dict):
        return [f"resources must be an object with {', '.join(_RESOURCES)}"]
    return _wrong_keys("resources.", resources, _RESOURCES) or [
        f"resources.{key} is {value!r}; it must be a whole number"
        for key, value in resources.items()
        if not _is_count(value)
    ]


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
