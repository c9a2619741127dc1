"""Functional coverage: bins counted in JSON, one file a run, merged over all runs.

`python -m verif.uvm.coverage` prints the bins that nothing has hit; it exits with 1 if there are.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from verif.uvm.items import BusTransaction, Float32Array, Gemm

FOLDER = Path(__file__).resolve().parents[2] / "build" / "coverage" / "uvm"

_EDGES = ("1", "below", "at", "above", "many")
_VALUES = ("+0", "-0", "subnormal", "normal", "infinity", "nan")
_WAITS = ("0", "1", "2..7", "8+")

GOALS: Mapping[str, tuple[str, ...]] = {
    # Each of M (against the accumulator rows), N and K (against the size), crossed.
    "shape": tuple(f"m {m}, k {k}, n {n}" for m in _EDGES for k in _EDGES for n in _EDGES),
    "activation": _VALUES,
    # A sum that starts from +0 is never -0.
    "result": tuple(value for value in _VALUES if value != "-0"),
    "weight": ("-128", "-127", "negative", "0", "positive", "127"),
    "request gap": _WAITS,
    "grant wait": _WAITS,
    # The subordinate answers in the cycle after the grant.
    "answer wait": ("0",),
    "byte enable of weights": tuple(f"{be:04b}" for be in (1, 2, 4, 8, 3, 12, 15)),
    "access": tuple(
        f"{kind} {where}"
        for kind in ("read", "write")
        for where in ("registers", "weights", "staging", "accumulators", "beyond")
    ),
}
"""The bins that the tests are meant to hit, by group."""


class Coverage:
    """Counts of bins."""

    def __init__(self) -> None:
        self.counts: dict[str, Counter[str]] = {group: Counter() for group in GOALS}

    def hit(self, group: str, bin_: str) -> None:
        """Count one hit.

        Raises:
            KeyError: `group` is not in GOALS.
        """
        self.counts[group][bin_] += 1

    def add(self, other: Coverage) -> None:
        """Add the counts of another run."""
        for group, counts in other.counts.items():
            self.counts[group].update(counts)

    def holes(self) -> dict[str, list[str]]:
        """Bins of GOALS without a hit, by group; groups without holes are left out."""
        missing = {
            group: [bin_ for bin_ in bins if not self.counts[group][bin_]]
            for group, bins in GOALS.items()
        }
        return {group: bins for group, bins in missing.items() if bins}

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


def sample_transaction(
    coverage: Coverage, transaction: BusTransaction, gap: int, region: str
) -> None:
    """Count a bus transaction; `gap` is the number of idle cycles before it."""
    kind = "write" if transaction.write else "read"
    coverage.hit("access", f"{kind} {region}")
    coverage.hit("request gap", _wait(gap))
    coverage.hit("grant wait", _wait(transaction.granted - transaction.requested))
    coverage.hit("answer wait", _wait(transaction.answered - transaction.granted - 1))
    if transaction.write and region == "weights":
        coverage.hit("byte enable of weights", f"{transaction.byte_enable:04b}")


def sample_gemm(coverage: Coverage, gemm: Gemm, size: int, rows: int) -> None:
    """Count a GEMM's shape against the array's, and the classes of its values."""
    (m, k), n = gemm.a.shape, gemm.w.shape[1]
    coverage.hit("shape", f"m {_edge(m, rows)}, k {_edge(k, size)}, n {_edge(n, size)}")
    for group, values in (("activation", gemm.a), ("result", gemm.result)):
        for class_ in _value_classes(values):
            coverage.hit(group, class_)
    for class_ in {_weight_class(int(code)) for code in np.unique(gemm.w)}:
        coverage.hit("weight", class_)


def _edge(value: int, limit: int) -> str:
    if value == 1:
        return "1"
    return {limit - 1: "below", limit: "at", limit + 1: "above"}.get(
        value, "many" if value > limit else "below"
    )


def _wait(cycles: int) -> str:
    if cycles < 2:
        return str(cycles)
    return "2..7" if cycles < 8 else "8+"


def _value_classes(values: Float32Array) -> set[str]:
    bits = np.ascontiguousarray(values).view(np.uint32)
    exponent, fraction = bits >> 23 & 0xFF, bits & 0x7F_FFFF
    found = {
        "+0": bits == 0,
        "-0": bits == 0x8000_0000,
        "subnormal": (exponent == 0) & (fraction != 0),
        "normal": (exponent != 0) & (exponent != 0xFF),
        "infinity": (exponent == 0xFF) & (fraction == 0),
        "nan": (exponent == 0xFF) & (fraction != 0),
    }
    return {name for name, mask in found.items() if mask.any()}


def _weight_class(code: int) -> str:
    if code in (-128, -127, 0, 127):
        return str(code)
    return "negative" if code < 0 else "positive"


def main() -> int:
    """Print how much of the goals the runs so far have hit; returns the exit status."""
    holes = merged(sorted(FOLDER.glob("*.json"))).holes()
    for group, bins in GOALS.items():
        missing = holes.get(group, [])
        print(f"{group}: {len(bins) - len(missing)} of {len(bins)} bins")
        for bin_ in missing:
            print(f"  never: {bin_}")
    return 1 if holes else 0


if __name__ == "__main__":
    sys.exit(main())
