"""Coverage must count what it saw, add up over runs, and name what is missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from verif.uvm import coverage, stimulus
from verif.uvm.items import Gemm


def _gemm(m: int, k: int, n: int) -> Gemm:
    a = np.full((m, k), 1.5, np.float32)
    return Gemm(a, np.full((k, n), -128, np.int8), np.zeros((m, n), np.float32))


def test_saved_runs_add_up_and_the_other_bins_stay_holes(tmp_path: Path) -> None:
    for index, shape in enumerate(((1, 4, 5), (1, 4, 5), (3, 1, 9))):
        run = coverage.Coverage()
        coverage.sample_gemm(run, _gemm(*shape), size=4, rows=4)
        run.save(tmp_path / f"{index}.json")
    total = coverage.merged(tmp_path.glob("*.json"))
    assert total.counts["shape"] == {"m 1, k at, n above": 2, "m below, k 1, n many": 1}
    assert total.counts["weight"] == {"-128": 3}
    assert len(total.holes()["shape"]) == len(coverage.GOALS["shape"]) - 2
    assert "-128" not in total.holes()["weight"]


def test_special_values_hit_every_class_of_values() -> None:
    run = coverage.Coverage()
    values = stimulus.SPECIAL_VALUES.reshape(1, -1)
    gemm = Gemm(values, np.zeros((values.size, 1), np.int8), np.zeros((1, 1), np.float32))
    coverage.sample_gemm(run, gemm, size=4, rows=4)
    assert set(run.counts["activation"]) == set(coverage.GOALS["activation"])
