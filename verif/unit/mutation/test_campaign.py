"""What becomes of mutants: real runs, of a delay line."""

from __future__ import annotations

from pathlib import Path

import pytest

from verif.mutation import benches, campaign
from verif.mutation.campaign import RTL, Outcome, Status, Subject
from verif.mutation.mutants import Mutant

_FILE = "common/delay_line.sv"
_BENCH = benches.KILLERS[_FILE][0]
_TEXT = (RTL / _FILE).read_text(encoding="utf-8")
_BEFORE = "words_q[Depth-1]"


def _mutant(after: str, *, selectable: bool = True) -> Mutant:
    start = _TEXT.index(_BEFORE)
    line = f"assign data_o = {_BEFORE};"
    end = start + len(_BEFORE)
    return Mutant(_FILE, 1, 1, start, end, "constant", _BEFORE, after, line, selectable=selectable)


_EQUIVALENT = _mutant(f"{_BEFORE} | '0")
_WRONG = _mutant(f"~{_BEFORE}")
_TOO_WIDE = _mutant(f"{{1'b0, {_BEFORE}}}")
_NONSENSE = _mutant("there_is_no_such_name", selectable=False)
_SUBJECT = Subject(
    _FILE, _TEXT, (_EQUIVALENT, _WRONG, _TOO_WIDE, _NONSENSE), benches.KILLERS[_FILE]
)


@pytest.mark.parametrize(
    ("mutant", "status"),
    [
        (_EQUIVALENT, Status.SURVIVED),
        (_WRONG, Status.KILLED),
        pytest.param(_NONSENSE, Status.INVALID, marks=pytest.mark.full),
    ],
)
def test_mutant_becomes_what_the_tests_make_of_it(
    tmp_path: Path, mutant: Mutant, status: Status
) -> None:
    assert campaign.evaluate(_SUBJECT, mutant, tmp_path).status is status


@pytest.mark.full
def test_wrong_width_that_no_simulation_notices_is_killed_by_the_lint(tmp_path: Path) -> None:
    outcome = campaign.evaluate(_SUBJECT, _TOO_WIDE, tmp_path)
    assert outcome.bench == "lint"
    assert "WIDTHTRUNC" in outcome.cause


def test_mutant_that_runs_longer_than_its_share_is_ended(tmp_path: Path) -> None:
    program = tmp_path / "delay_line.sv"
    program.write_text(_SUBJECT.program(), encoding="utf-8")
    nominal = benches.nominal_time_ns(_BENCH, [program])
    assert nominal > 0
    assert benches.run(_BENCH, [program], selected=1, limit_ns=3 * nominal) is None
    cause = benches.run(_BENCH, [program], selected=1, limit_ns=nominal // 2)
    assert cause is not None
    assert benches.TIMED_OUT in cause


@pytest.mark.full
def test_lint_that_fails_without_a_mutant_gives_no_score(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benches, "lint", lambda *_: "always something")
    with pytest.raises(AssertionError, match="lint fails on what is not mutated"):
        campaign.evaluate(_SUBJECT, _EQUIVALENT, tmp_path)


def test_tests_that_fail_without_a_mutant_give_no_score(tmp_path: Path) -> None:
    broken = tmp_path / "delay_line.sv"
    broken.write_text(_WRONG.applied(_TEXT), encoding="utf-8")
    with pytest.raises(AssertionError, match="fails on what is not mutated"):
        benches.nominal_time_ns(_BENCH, [broken])


def test_outcome_is_remembered_until_it_is_asked_for_afresh(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes = [Outcome(Status.KILLED, "first"), Outcome(Status.KILLED, "second")]
    monkeypatch.setattr(campaign, "_outcome", lambda *_: outcomes.pop(0))
    seen = [
        campaign.evaluate(_SUBJECT, _WRONG, tmp_path, fresh=fresh).bench
        for fresh in (False, False, True, False)
    ]
    assert seen == ["first", "first", "second", "second"]


def test_outcome_is_forgotten_when_the_sources_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes = [Outcome(Status.KILLED, "first"), Outcome(Status.KILLED, "second")]
    monkeypatch.setattr(campaign, "_outcome", lambda *_: outcomes.pop(0))
    edited = Subject(_FILE, _TEXT + "// edited\n", _SUBJECT.mutants, _SUBJECT.killers)
    seen = [campaign.evaluate(s, _WRONG, tmp_path).bench for s in (_SUBJECT, edited)]
    assert seen == ["first", "second"]


def test_sample_is_the_same_each_time_and_has_every_file_and_kind() -> None:
    everything = [mutant for subject in campaign.subjects() for mutant in subject.mutants]
    strata = {(mutant.file, mutant.kind) for mutant in everything}
    chosen = campaign.sample(everything, len(strata))
    assert {(mutant.file, mutant.kind) for mutant in chosen} == strata
    assert campaign.sample(everything[::-1], len(strata)) == chosen


def test_files_with_mutants_are_those_of_the_array() -> None:
    array = {f"systolic_array/{path.name}" for path in (RTL / "systolic_array").glob("*.sv")}
    shared = {f"common/{name}.sv" for name in ("clk_gate", "delay_line", "fifo")}
    assert set(benches.KILLERS) == array | shared
