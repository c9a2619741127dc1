"""Functional coverage: the bins, their counts in JSON, and the report over all runs of a session.

`python -m verif.uvm.coverage [session]` prints the groups and the bins that nothing has hit, of a
folder in `build/coverage/uvm`, else of the last one; it exits with 1 if there are holes.
sampling.py says when a bin is hit. This module loads little, for pytest loads it every time.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from heepstor.registers import SYSTOLIC_ARRAY

ROOT = Path(__file__).resolve().parents[2] / "build" / "coverage" / "uvm"
VARIABLE = "HEEPSTOR_COVERAGE_SESSION"
"""Environment variable: the name of the session's folder."""
_SESSIONS_KEPT = 8

EDGES = ("1", "below", "at", "above", "many")
TAILS = ("1", "part", "all but 1", "all")
VALUES = ("+0", "-0", "subnormal", "normal", "infinity", "nan")
WEIGHTS = ("-128", "-127", "negative", "0", "positive", "127")
GAPS = ("0", "1", "2..7", "8+")
STATES = ("idle", "busy", "step waits", "weight waits", "job runs")
TARGETS = (
    *(register.name for register in SYSTOLIC_ARRAY.registers),
    *(window.name for window in SYSTOLIC_ARRAY.windows),
    "nothing",
)
STALLS = (
    "STAGE behind a step",
    "LAUNCH behind a step",
    "weights behind a step",
    "LAUNCH behind a weight",
    "weights behind a weight",
    "read of sums in flight",
    "write of sums in flight",
    "JOB behind steps",
)
REFUSALS = ("no such address", "wrong direction", "part of a word", "no such row", "a job runs")
RESTARTS = ("never", "at bands", "at k tiles")
JOB_FEATURES = (
    *("padding before", "padding behind", "bands", "runs apart", "a group of channels"),
    *("pooled", "ReLU", "a map larger than the buffer", "several chunks", "several n groups"),
)
ZERO_FIELDS = (
    *("MAP_WORDS", "ROW_WORDS", "RUN", "BANDS", "RUNS", "WINDOWS", "WINDOW_COLUMNS", "CHUNK"),
    *("POOL_COLUMNS", "POOL_ROWS", "TILE_GROUP", "COLUMNS", "TILE_COLUMNS", "WEIGHT_WORDS"),
    "SEGMENT_WORDS",
)
EXTENTS = ("MAP_WORDS", "ROW_WORDS", "RUN", "WINDOWS", "WEIGHT_WORDS", "SEGMENT_WORDS")
LINS = ("ROW_START", "COLUMN_START", "ROW_STEP", "COLUMN_STEP", "BAND_STEP", "RUN_STEP")
POINTERS = ("NEXT", "INPUT", "WEIGHTS", "OUTPUT")
JOB_REFUSALS = (
    *("version", "RESTART is 3", "TILE_COLUMNS above Size", "too many n tiles", "too many rows"),
    *(f"{word} not aligned" for word in ("JOB", *POINTERS)),
    *(f"{field} is 0" for field in ZERO_FIELDS),
    *(f"{word} too large" for word in (*EXTENTS, *LINS, "OUTPUT_STEP")),
    *(f"{word} too small" for word in (*LINS, "OUTPUT_STEP")),
)
JOB_ERRORS = (
    *("descriptor", "weights", "scales and biases", "activations", "results", "last result"),
    *("window", "weights run out"),
)
JOB_PHASES = ("descriptor", "operands", "results")
MOST_PORTS = 4


@dataclass(frozen=True)
class Group:
    """Bins of one kind, and what a hole among them would mean."""

    purpose: str
    bins: tuple[str, ...]


def _crossed(*parts: Iterable[str]) -> tuple[str, ...]:
    return tuple(", ".join(names) for names in product(*parts))


GROUPS: Mapping[str, Group] = {
    "shape": Group(
        "M against the accumulator rows, K and N against the size: each edge with each other",
        tuple(f"m {m}, k {k}, n {n}" for m, k, n in product(EDGES, EDGES, EDGES)),
    ),
    "tail": Group(
        "lanes of the last K tile by columns of a tile by the number of K tiles",
        tuple(f"k {k}, n {n}, {count} of K" for k, n, count in product(TAILS, TAILS, "123")),
    ),
    "operands of products": Group(
        "each class of activations meets each class of weights in a multiplier",
        _crossed(VALUES, WEIGHTS),
    ),
    "operands of sums": Group(
        "each class of partial sums meets each class of products in an adder; from +0 none gets -0",
        _crossed((value for value in VALUES if value != "-0"), VALUES),
    ),
    "products": Group(
        "how products come out of the multiplier",
        ("exact", "rounded", "overflow", "infinity times 0"),
    ),
    "sums": Group(
        "how sums come out of the adder",
        ("exact", "rounded", "cancelled", "overflow", "infinity minus infinity"),
    ),
    "results": Group(
        "classes of values read back; a sum from +0 is never -0",
        tuple(value for value in VALUES if value != "-0"),
    ),
    "access by state": Group(
        "reads and writes of each register and window in each state of the array",
        _crossed(("read", "write"), TARGETS, STATES),
    ),
    "refusal by state": Group(
        "each reason to refuse an access in each state of the array",
        tuple(
            f"{refusal}, {state}"
            for refusal, state in product(REFUSALS, STATES)
            # While a job runs, it is that which refuses a launch; and nothing else does.
            if (refusal == "a job runs") <= (state == "job runs")
            and (refusal, state) != ("no such row", "job runs")
        ),
    ),
    "abort by state": Group("ABORT in each state of the array", STATES),
    "reset": Group(
        "reset in each state of the array and of its port",
        (*STATES, "request waits", "answer is due"),
    ),
    "stall by gap": Group(
        "each hazard makes the bus wait, met at once and after a pause", _crossed(STALLS, GAPS)
    ),
    "gap": Group("idle cycles before a request", GAPS),
    "burst": Group("requests granted in cycles next to each other", ("1", "2..7", "8..31", "32+")),
    "grant wait": Group("cycles that a request waits for its grant", GAPS),
    "answer wait": Group("an answer comes in the cycle after its grant", ("0",)),
    "job shape": Group(
        "M of a job against half of the accumulators, K and N against the size: each with each",
        tuple(f"m {m}, k {k}, n {n}" for m, k, n in product(EDGES, EDGES, EDGES)),
    ),
    "job tail": Group(
        "lanes of the last piece of a run by columns of the last n tile by the number of pieces",
        tuple(f"k {k}, n {n}, {count} of a run" for k, n, count in product(TAILS, TAILS, "123")),
    ),
    "job by restart": Group(
        "what a job may need, with each way to move the window of the buffer",
        _crossed(JOB_FEATURES, (f"restart {restart}" for restart in RESTARTS)),
    ),
    "chunk": Group(
        "how windows fill a half of the accumulators, and whether the last chunk is smaller",
        (
            *_crossed(("1 window", "a part", "all of it"), ("one chunk", "last one whole")),
            *("a part, last one smaller", "all of it, last one smaller"),
        ),
    ),
    "n group": Group(
        "how n tiles are grouped, and whether their weights stay in the buffer",
        _crossed(
            ("one tile", "one group", "last group whole", "last group smaller"),
            ("kept", "read for each chunk"),
        ),
    ),
    "pool": Group(
        "rows by columns of a pooling window", _crossed(("1", "2", "3"), ("1", "2", "3"))
    ),
    "job refusal": Group(
        "each reason to refuse a descriptor, of the first job of a chain and of a later one",
        tuple(
            f"{refusal}, {job}"
            for refusal, job in product(JOB_REFUSALS, ("first job", "later job"))
            # Where JOB is written there is no later one; what NEXT says is found misaligned there.
            if (refusal, job) != ("JOB not aligned", "later job")
        ),
    ),
    "job error": Group(
        "what ends a job when it runs: bus errors at each phase, a window that cannot serve it",
        _crossed(JOB_ERRORS, ("first job", "later job")),
    ),
    "job cut": Group(
        "ABORT and reset at each phase of a job", _crossed(("abort", "reset"), JOB_PHASES)
    ),
    "chain": Group(
        "lengths of chains, how the CPU learns of their end, jobs that read what others wrote",
        (
            *_crossed(("1 job", "2 jobs", "3 jobs"), ("interrupt", "polling")),
            "a job reads what the one before wrote",
        ),
    ),
    "memory wait": Group(
        "cycles that the memory makes each port wait for a grant, and for an answer",
        _crossed(
            (f"port {port}" for port in range(MOST_PORTS)),
            ("read", "write"),
            ("grant", "answer"),
            GAPS,
        ),
    ),
    "bytes of weights": Group(
        "each set of byte enables in each bank",
        tuple(f"bank {bank}, {enable:04b}" for bank, enable in product("01", range(16))),
    ),
}
"""What the tests must hit, by group."""


class Coverage:
    """Counts of bins."""

    def __init__(self) -> None:
        self.counts: dict[str, Counter[str]] = {group: Counter() for group in GROUPS}

    def hit(self, group: str, bin_: str) -> None:
        """Count one hit; a bin that is not in GROUPS is counted and shown as unexpected.

        Raises:
            KeyError: `group` is not in GROUPS.
        """
        self.counts[group][bin_] += 1

    def add(self, other: Coverage) -> None:
        """Add the counts of another run."""
        for group, counts in other.counts.items():
            self.counts[group].update(counts)

    def holes(self) -> dict[str, list[str]]:
        """Bins without a hit, by group; groups without holes are left out."""
        missing = {
            name: [bin_ for bin_ in group.bins if not self.counts[name][bin_]]
            for name, group in GROUPS.items()
        }
        return {name: bins for name, bins in missing.items() if bins}

    def unexpected(self) -> dict[str, list[str]]:
        """Bins that were hit and are not defined, by group: they should not happen."""
        found = {
            name: sorted(set(self.counts[name]) - set(group.bins)) for name, group in GROUPS.items()
        }
        return {name: bins for name, bins in found.items() if bins}

    def save(self, path: Path) -> None:
        """Write the counts as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.counts, indent=1, sort_keys=True) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Coverage:
        """Read what `save` wrote."""
        coverage = cls()
        for group, counts in json.loads(path.read_text(encoding="utf-8")).items():
            coverage.counts[group].update(counts)
        return coverage


def merged(paths: Iterable[Path]) -> Coverage:
    """The sum over several runs."""
    total = Coverage()
    for path in paths:
        total.add(Coverage.load(path))
    return total


def start_session() -> None:
    """Give this session of pytest, its workers and simulators a folder; forget those of long ago.

    A session inside a session, as the tests of the regression run them, shares its folder.
    """
    if VARIABLE not in os.environ:
        os.environ[VARIABLE] = f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
        for folder in _sessions()[:-_SESSIONS_KEPT]:
            shutil.rmtree(folder, ignore_errors=True)


def session_folder() -> Path:
    """Where the runs of this session put their counts, one file each."""
    return ROOT / os.environ.get(VARIABLE, "by-hand")


def _sessions() -> list[Path]:
    """The folders of all sessions, the last one last."""
    return sorted(ROOT.glob("*/"), key=lambda folder: folder.stat().st_mtime)


def report(coverage: Coverage) -> str:
    """A line a group, with its purpose, and one for each hole and each bin that is none."""
    holes, unexpected = coverage.holes(), coverage.unexpected()
    lines = []
    for name, group in GROUPS.items():
        hit = len(group.bins) - len(holes.get(name, []))
        lines.append(f"{hit:4} of {len(group.bins):4}  {name}: {group.purpose}")
        lines += [f"              never: {bin_}" for bin_ in holes.get(name, [])]
        lines += [f"              no such bin: {bin_}" for bin_ in unexpected.get(name, [])]
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Print the report of a session; returns the exit status."""
    folder = ROOT / arguments[0] if arguments else (_sessions() or [ROOT])[-1]
    runs = sorted(folder.glob("*.json"))
    coverage = merged(runs)
    print(f"{len(runs)} runs of session {folder.name}")
    print(report(coverage))
    return 1 if coverage.holes() or coverage.unexpected() else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
