"""Jobs as the units of the `stream` front end get them: the packed struct of sa_job_pkg."""

from __future__ import annotations

import re
from dataclasses import asdict
from functools import cache

from heepstor.build import rtl
from heepstor.job import Job

_FIELD = re.compile(r"^    (\S+)(?: +(?:signed )?\[(\d+):0\])? +(\w+);$", re.MULTILINE)
_WIDTHS = {"logic": 1, "lin_t": 24, "restart_e": 2}


@cache
def fields() -> tuple[tuple[str, int], ...]:
    """Name and width of each field of job_t, the first one at the top."""
    source = next(path for path in rtl.own_files("systolic_array") if path.stem == "sa_job_pkg")
    struct = source.read_text(encoding="utf-8").split("typedef struct packed {")[1]
    return tuple(
        (name, int(high) + 1 if high else _WIDTHS[kind])
        for kind, high, name in _FIELD.findall(struct)
    )


def pack(job: Job, **addresses: int) -> int:
    """`job` as job_t; an address (`input_address=...`) that is not given is 0."""
    values = {name: int(value) for name, value in asdict(job).items()}
    packed = 0
    for name, width in fields():
        value = values[name] if name in values else addresses.get(name, 0)
        packed = packed << width | value % (1 << width)
    return packed
