"""Scores, and what a reader of a report needs for each survivor."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from verif.mutation import __main__ as cli
from verif.mutation import campaign, waivers
from verif.mutation.campaign import Outcome, Status
from verif.mutation.mutants import mutants_of
from verif.mutation.report import Report

_TEXT = "module m (output logic y_o);\n  assign y_o = p + q;\n  assign z_o = p && q;\nendmodule\n"
_ADD, _AND = mutants_of("m.sv", _TEXT)


@pytest.mark.parametrize(
    ("statuses", "score", "is_good_enough"),
    [
        ((Status.KILLED, Status.TIMEOUT), 1.0, True),
        ((Status.KILLED, Status.SURVIVED), 0.5, False),
        ((Status.KILLED, Status.WAIVED), 1.0, True),
        ((Status.KILLED, Status.INVALID), 1.0, True),
        ((Status.INVALID, Status.WAIVED), 0.0, False),
    ],
)
def test_score_counts_the_dead_among_those_that_could_live(
    statuses: tuple[Status, Status], score: float, is_good_enough: bool
) -> None:
    report = Report(2, dict(zip((_ADD, _AND), map(Outcome, statuses), strict=True)))
    assert (report.score, report.is_good_enough) == (score, is_good_enough)


def test_survivor_is_shown_as_a_diff_with_the_command_that_repeats_it(tmp_path: Path) -> None:
    outcomes = {_ADD: Outcome(Status.SURVIVED), _AND: Outcome(Status.KILLED, "bench", "cause")}
    report = Report(9, outcomes)
    text = report.text({"m.sv": _TEXT})
    assert "-  assign y_o = p + q;\n+  assign y_o = (p - q);\n" in text
    assert "python -m verif.mutation --fresh --only m.sv:2:16" in text
    assert "2 of 9 mutants ran. Score 50.0%" in text

    report.write(tmp_path, {"m.sv": _TEXT})
    document = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert [entry["status"] for entry in document["mutants"]] == ["survived", "killed"]
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "p &amp;&amp; q" not in page
    assert "assign y_o = (p - q);" in page


@pytest.mark.parametrize(("status", "code"), [(Status.KILLED, 0), (Status.SURVIVED, 1)])
def test_exit_status_says_whether_the_score_is_reached(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, status: Status, code: int
) -> None:
    def run(work: list[tuple[object, object]], **_: object) -> list[tuple[object, Outcome]]:
        return [(mutant, Outcome(status)) for _, mutant in work]

    monkeypatch.setattr(campaign, "run", run)
    monkeypatch.setattr(cli, "FOLDER", tmp_path)
    monkeypatch.setattr(waivers, "load", list)
    assert cli.main(["--only", "clk_gate.sv"]) == code


def test_place_without_a_mutant_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--only", "clk_gate.sv:1"]) == 2
    assert capsys.readouterr().err == "no such mutant\n"
