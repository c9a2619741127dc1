"""Reads the log that HEEPstor's own application prints: its "Performance Summary".

It has a line a module, in seconds with a decimal exponent (`conv1 (Conv2d): 35.3390e-3 s`), of a
timer that counts whole microseconds. It names project and array size, but neither configuration
nor RTL nor image. Batch norm, ReLU and pooling are lines of their own there; here they are part of
the layer before, so its lines are added up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import takewhile

from heepstor.board.log import BATCH, PRODUCTS, Log, MeasuredLayer
from heepstor.errors import LogError
from heepstor.report.document import Report

FORMAT = "HEEPstor's Performance Summary"

_PROJECT = "PROJECT: "
_TITLE = "Performance Summary:"
_NUMBER = r"(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
_TIME = re.compile(rf"^(?P<name>.+?): +{_NUMBER} *(?P<unit>[mun]?s)$")
_UNITS = {"s": Decimal(1), "ms": Decimal("1e-3"), "us": Decimal("1e-6"), "ns": Decimal("1e-9")}
_TIMER_TICK_S = Decimal("1e-6")
_TOTAL = "Total time"

_OTHER_NAMES = {"cifar10": "cifar10-conv2d"}
"""Projects that HEEPstor calls otherwise."""

_FREE = ("Flatten", "Dropout")
"""Modules that cost nothing here, so that no layer is named after them."""


@dataclass(frozen=True)
class Time:
    """A line of the summary: `name` as `conv1 (Conv2d)`."""

    name: str
    seconds: Decimal
    resolution_s: Decimal

    @property
    def module(self) -> str:
        """The module's name in the `nn.Sequential`."""
        return module_of(self.name)


def module_of(name: str) -> str:
    """`conv1 (Conv2d)` -> `conv1`; HEEPstor's `Final Softmax` is our `softmax`."""
    return "softmax" if name == "Final Softmax" else name.partition(" (")[0]


def is_free(name: str) -> bool:
    """Whether `flatten (Flatten)` and the like may lack a layer here."""
    return name.endswith(tuple(f"({kind})" for kind in _FREE))


def heepstor_name(project: str) -> str:
    """What HEEPstor calls a project of ours."""
    return _OTHER_NAMES.get(project, project)


def recognizes(lines: Sequence[str]) -> bool:
    """Whether it is such a log."""
    return any(line.strip() == _TITLE for line in lines)


def read(lines: Sequence[str], report: Report, name: str, clock_hz: int | None) -> Log:
    """The run of the log's last summary; `name` names the log in messages.

    Raises:
        LogError: it is of another project, or no clock is given.
    """
    if clock_hz is None:
        raise LogError(
            f"{name}: tells times, not cycles; give the clock that they were taken at, "
            "as in --clock-hz 100000000"
        )
    lines = _last_run(lines)
    _require_project(lines, report["project"], name)
    times, total = _times(lines)
    layers = {row["name"]: _layer(row["name"], times, clock_hz) for row in report["layers"]}
    faults = [_layer_fault(n, times) for n, layer in layers.items() if layer is None]
    faults += _fitting_faults(times, total, list(layers))
    return Log(
        format=FORMAT,
        identity=_identity(lines),
        layers=tuple(layers.values()),
        faults=tuple(faults),
        notes=tuple(_notes(times, list(layers), clock_hz)),
    )


def _last_run(lines: Sequence[str]) -> Sequence[str]:
    """The lines of the run that the last summary is of: from its header to the next one."""
    title = max(i for i, line in enumerate(lines) if line.strip() == _TITLE)
    headers = [i for i, line in enumerate(lines) if line.startswith(_PROJECT)]
    begin = max((i for i in headers if i < title), default=0)
    return lines[begin : min((i for i in headers if i > title), default=len(lines))]


def _require_project(lines: Sequence[str], project: str, name: str) -> None:
    found = _value(lines, _PROJECT)
    if found not in (project, heepstor_name(project)):
        said = f"of the project {found}" if found else "of a project that it does not name"
        raise LogError(f"{name}: is a log {said}; the report is of {project}")


def _value(lines: Sequence[str], key: str) -> str | None:
    """What follows `key` at the beginning of a line."""
    return next((line[len(key) :].strip() for line in lines if line.startswith(key)), None)


def _times(lines: Sequence[str]) -> tuple[list[Time], Time | None]:
    """The lines of the last summary, and its total."""
    titles = [i for i, line in enumerate(lines) if line.strip() == _TITLE]
    times: list[Time] = []
    for line in lines[titles[-1] + 1 :]:
        match = _TIME.match(line.strip())
        if match is None:
            continue
        time = _time(match)
        if time.name == _TOTAL:
            return times, time
        times.append(time)
    return times, None


def _time(match: re.Match[str]) -> Time:
    number = Decimal(match["number"])
    unit = _UNITS[match["unit"]]
    last_place = Decimal((0, (1,), int(number.as_tuple().exponent)))
    return Time(match["name"], number * unit, max(_TIMER_TICK_S, last_place * unit))


def _layer(name: str, times: Sequence[Time], clock_hz: int) -> MeasuredLayer | None:
    """The lines of the modules that a layer covers, added up; None if one is missing or double."""
    modules = name.split("+")
    own = [time for time in times if time.module in modules]
    if sorted(time.module for time in own) != sorted(modules):
        return None
    return MeasuredLayer(
        cycles=round(sum(time.seconds for time in own) * clock_hz),
        resolution=round(sum(time.resolution_s for time in own) * clock_hz),
    )


def _layer_fault(name: str, times: Sequence[Time]) -> str:
    """Why the log has no time for a layer."""
    logged = [time.module for time in times]
    double = [module for module in name.split("+") if logged.count(module) > 1]
    if double:
        return f"layer {name}: {' and '.join(double)} is in the log more than once"
    return f"layer {name} is missing in the log"


def _fitting_faults(times: Sequence[Time], total: Time | None, layers: Sequence[str]) -> list[str]:
    modules = {module for name in layers for module in name.split("+")}
    faults = [
        f"{time.name} is in the log, but in no layer of the report"
        for time in times
        if time.module not in modules and not is_free(time.name)
    ]
    if total is None:
        faults.append("the log ends before its total: it is truncated")
    elif total.seconds + total.resolution_s < sum(time.seconds for time in times):
        faults.append("the layers take longer than the total: lines of several runs are mixed")
    return faults


def _identity(lines: Sequence[str]) -> Mapping[str, str | None]:
    """What the log names; more it cannot be asked for."""
    size = _value(lines, "SYSTOLIC_ARRAY_SIZE=")
    software = any(line.startswith("USING SOFTWARE DNN OPERATORS") for line in lines)
    products = "software" if software else f"array {size}x{size}" if size else None
    images = _images(lines)
    facts = {PRODUCTS: products, BATCH: str(images) if images else None}
    return {fact: value for fact, value in facts.items() if value}


def _images(lines: Sequence[str]) -> int:
    """Rows of the result, which the log prints as `[[...]` and ` [...]`; 0 if it does not."""
    titles = [i for i, line in enumerate(lines) if line.startswith("Computed result:")]
    if not titles:
        return 0
    rows = takewhile(lambda line: line.lstrip().startswith("["), lines[titles[-1] + 1 :])
    return sum(1 for _ in rows)


def _notes(times: Sequence[Time], layers: Sequence[str], clock_hz: int) -> list[str]:
    modules = {module for name in layers for module in name.split("+")}
    free = [time for time in times if is_free(time.name) and time.module not in modules]
    return [
        "this format names neither configuration nor RTL nor image, so they are not compared",
        *(
            f"{time.name} takes {round(time.seconds * clock_hz):,} cycles in the log; "
            "here it is part of no layer and costs nothing"
            for time in free
        ),
    ]
