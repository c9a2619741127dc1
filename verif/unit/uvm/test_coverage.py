"""Coverage must count what it saw, add up over runs, name what is missing, and forget old runs."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from verif.uvm import coverage, sampling, stimulus
from verif.uvm.items import ArrayState, BusTransaction, Float32Array, Gemm, Int8Array, TileItem
from verif.uvm.model import Access

SIZE = ROWS = 4


def _gemm(m: int, k: int, n: int) -> Gemm:
    a = np.full((m, k), 1.5, np.float32)
    return Gemm(a, np.full((k, n), -128, np.int8), np.zeros((m, n), np.float32))


def _of_tile(a: Float32Array, w: Int8Array) -> coverage.Coverage:
    run = coverage.Coverage()
    tile = TileItem(a, w)
    tile.result = np.zeros((len(a), w.shape[1]), np.float32)
    sampling.sample_tile(run, tile, SIZE)
    return run


def _bits(*words: int) -> Float32Array:
    return np.array([words], np.uint32).view(np.float32)


def test_saved_runs_add_up_and_the_other_bins_stay_holes(tmp_path: Path) -> None:
    for index, shape in enumerate(((1, 4, 5), (1, 4, 5), (3, 1, 9))):
        run = coverage.Coverage()
        sampling.sample_gemm(run, _gemm(*shape), SIZE, ROWS)
        run.save(tmp_path / f"{index}.json")
    total = coverage.merged(tmp_path.glob("*.json"))
    assert total.counts["shape"] == {"m 1, k at, n above": 2, "m below, k 1, n many": 1}
    assert len(total.holes()["shape"]) == len(coverage.GROUPS["shape"].bins) - 2


def test_tile_is_counted_by_its_tails_and_the_number_of_k_tiles() -> None:
    run = _of_tile(np.ones((1, 2 * SIZE + 3), np.float32), np.ones((2 * SIZE + 3, 2), np.int8))
    assert run.counts["tail"] == {"k all but 1, n part, 3 of K": 1}


def test_special_values_meet_every_class_as_partial_sum_and_product() -> None:
    run = _of_tile(*stimulus.every_pair())
    assert "operands of sums" not in run.holes()


@pytest.mark.parametrize(
    ("activations", "code", "group", "bin_"),
    [
        ([0x3F80_0001], 3, "products", "rounded"),
        ([0x3F80_0000], 3, "products", "exact"),
        ([0x7F7F_FFFF], -2, "products", "overflow"),
        ([0x7F80_0000], 0, "products", "infinity times 0"),
        ([0x3F80_0000, 0xBF80_0000], 1, "sums", "cancelled"),
        ([0x4B80_0000, 0x3F80_0000], 1, "sums", "rounded"),
        ([0x7F7F_FFFF, 0x7F7F_FFFF], 1, "sums", "overflow"),
        ([0x7F80_0000, 0xFF80_0000], 1, "sums", "infinity minus infinity"),
    ],
)
def test_outcome_of_an_operation_is_counted_where_it_happens(
    activations: list[int], code: int, group: str, bin_: str
) -> None:
    a = _bits(*activations)
    run = _of_tile(a, np.full((a.size, 1), code, np.int8))
    ones = _of_tile(np.ones((1, 1), np.float32), np.ones((1, 1), np.int8))
    assert run.counts[group][bin_] == 1
    assert bin_ == "exact" or not ones.counts[group][bin_]


def test_stall_is_counted_by_what_the_request_met_and_the_gap_before_it() -> None:
    run = coverage.Coverage()
    sampler = sampling.BusSampler(run)
    met = ArrayState.BUSY | ArrayState.STEP_WAITS
    seen = BusTransaction(True, 0x2000, 0xF, 0, 5, 9, 10, state_at_request=met)
    sampler.transaction(seen, Access("STAGE", ""))
    assert run.counts["stall by gap"] == {"STAGE behind a step, 2..7": 1}
    assert run.counts["access by state"] == {"write, STAGE, step waits": 1}


def test_bin_that_is_not_defined_is_shown_and_not_silently_dropped() -> None:
    run = coverage.Coverage()
    run.hit("gap", "a fortnight")
    assert run.unexpected() == {"gap": ["a fortnight"]}
    assert "no such bin: a fortnight" in coverage.report(run)


def test_every_group_says_what_it_is_for_and_names_each_bin_once() -> None:
    for name, group in coverage.GROUPS.items():
        assert group.purpose, name
        assert len(set(group.bins)) == len(group.bins), name


def test_each_session_counts_into_a_folder_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coverage, "ROOT", tmp_path)
    monkeypatch.setenv(coverage.VARIABLE, "earlier")
    coverage.Coverage().save(coverage.session_folder() / "run.json")
    monkeypatch.delenv(coverage.VARIABLE)
    coverage.start_session()
    ours = coverage.session_folder()
    assert ours.name != "earlier"
    coverage.start_session()
    assert coverage.session_folder() == ours, "a session inside ours has another folder"


def test_sessions_of_long_ago_are_removed_and_the_last_ones_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coverage, "ROOT", tmp_path)
    for age in range(20):
        (tmp_path / str(age)).mkdir()
        os.utime(tmp_path / str(age), (1000 - age, 1000 - age))
    monkeypatch.delenv(coverage.VARIABLE, raising=False)
    coverage.start_session()
    kept = sorted(int(folder.name) for folder in tmp_path.iterdir())
    assert kept == list(range(len(kept)))
    assert 0 < len(kept) < 20


def test_report_of_a_session_exits_with_an_error_on_holes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(coverage, "ROOT", tmp_path)
    run = coverage.Coverage()
    for name, group in coverage.GROUPS.items():
        run.counts[name].update(group.bins)
    run.save(tmp_path / "7" / "full.json")
    assert coverage.main(["7"]) == 0
    del run.counts["gap"]["8+"]
    run.save(tmp_path / "7" / "full.json")
    assert coverage.main(["7"]) == 1
    assert "never: 8+" in capsys.readouterr().out
