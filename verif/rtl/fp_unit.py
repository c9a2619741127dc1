"""Runs an arithmetic unit of the array against the floating-point hardware of this machine.

How many random vectors: `HEEPSTOR_VECTORS`, else 1e8 with pytest's `--full`, else 1e6. Vectors and
mismatches by class of operands and of result are kept in `build/arithmetic/<unit>.json`.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from heepstor.build import rtl
from verif.harness import seeds
from verif.rtl import native

VECTORS_VARIABLE = "HEEPSTOR_VECTORS"
QUICK_VECTORS = 1_000_000
FULL_VECTORS = 100_000_000
REPORTS = rtl.ROOT / "build" / "arithmetic"

_HERE = Path(__file__).resolve().parent
_TIMEOUT_S = 800


@dataclass(frozen=True)
class ClassCount:
    """What happened to the operations of one class."""

    operands: str
    result: str
    vectors: int
    mismatches: int
    first_mismatch: str = ""


@dataclass(frozen=True)
class Outcome:
    """What a run has checked."""

    vectors: int
    directed: int
    unrequested_changes: int
    """Cycles without an operation in which the result changed."""
    classes: tuple[ClassCount, ...]
    seed: int
    seconds: float

    @property
    def mismatches(self) -> int:
        """Results that are not those of IEEE 754."""
        return sum(count.mismatches for count in self.classes)

    def faults(self) -> str:
        """Table of the classes with mismatches; empty if there is none."""
        wrong = [count for count in self.classes if count.mismatches]
        lines = [
            f"{count.operands:40} {count.result:10} {count.mismatches:>10} of {count.vectors:>10}"
            f"  first: {count.first_mismatch}"
            for count in wrong
        ]
        if self.unrequested_changes:
            lines.append(f"changed without an operation: {self.unrequested_changes} cycles")
        return "\n".join(lines)


def vectors(config: pytest.Config) -> int:
    """How many random vectors a unit gets in this session."""
    if VECTORS_VARIABLE in os.environ:
        return int(float(os.environ[VECTORS_VARIABLE]))
    return FULL_VECTORS if config.getoption("--full", default=False) else QUICK_VECTORS


def sources(unit: str) -> list[Path]:
    """The files of the module `unit`."""
    return [path for path in rtl.own_files("systolic_array") if path.stem in ("sa_pkg", unit)]


def mutated(unit: str, right: str, wrong: str, folder: Path) -> list[Path]:
    """The files of `unit` with `right`, which occurs once, replaced by `wrong` in a copy."""
    package, module = sources(unit)
    text = module.read_text(encoding="utf-8")
    assert text.count(right) == 1, f"{module}: {right!r} occurs {text.count(right)} times"
    copy = folder / module.name
    copy.write_text(text.replace(right, wrong), encoding="utf-8")
    return [package, copy]


def check(unit: str, config: pytest.Config, *, directed: int, pairs: int) -> None:
    """Check the module `unit` with its directed vectors and random ones; writes its report.

    Args:
        unit: module, and name of the folder here with its `main.cpp`.
        config: decides on the number of random vectors.
        directed: how many directed vectors there must be at least.
        pairs: how many pairs of classes of operands there are, each of which must occur.

    Raises:
        AssertionError: results differ (by class, with operands, got, expected), or too little was
            checked.
    """
    count = vectors(config)
    outcome = run(unit, sources(unit), count)
    REPORTS.mkdir(parents=True, exist_ok=True)
    report = json.dumps(asdict(outcome), indent=1)
    (REPORTS / f"{unit}.json").write_text(report + "\n", encoding="utf-8")
    assert not outcome.faults(), f"{unit}, seed {outcome.seed}:\n{outcome.faults()}"
    assert outcome.directed >= directed
    assert outcome.vectors == count + outcome.directed
    assert sum(c.vectors for c in outcome.classes) == outcome.vectors
    assert len({c.operands for c in outcome.classes}) == pairs


def run(unit: str, files: Sequence[Path], count: int, *, directed: bool = True) -> Outcome:
    """Check the module `unit` made of `files`: directed vectors, then `count` random ones."""
    seed = seeds.derive(unit)
    start = time.perf_counter()
    found = json.loads(_output(unit, files, "check" if directed else "random", count, seed))
    classes = tuple(ClassCount(**entry) for entry in found.pop("classes"))
    return Outcome(classes=classes, seed=seed, seconds=time.perf_counter() - start, **found)


def sample(unit: str, count: int) -> list[tuple[int, int, int]]:
    """Random operands, as the unit's `write` gives them, and the result expected of them."""
    text = _output(unit, sources(unit), "sample", count, seeds.derive(f"{unit} sample"))
    return [(int(a, 0), int(b, 0), int(y, 0)) for a, b, y in map(str.split, text.splitlines())]


def _output(unit: str, files: Sequence[Path], command: str, count: int, seed: int) -> str:
    program = native.build(unit, files, _HERE / unit / "main.cpp", [_HERE / "fp_check.h"])
    result = subprocess.run(
        [str(program), command, str(count), str(seed)],
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
    )
    assert result.returncode == 0, f"{program} {command} {count} {seed}\n{result.stderr}"
    return result.stdout
