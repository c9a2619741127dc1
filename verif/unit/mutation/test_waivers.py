"""Waivers: found by what they are about, and refused when they are about nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from verif.mutation import campaign, waivers
from verif.mutation.mutants import mutants_of
from verif.mutation.waivers import Waiver, WaiverError

_TEXT = "module m (output logic y_o);\n  assign y_o = p + q;\nendmodule\n"
_WAIVER = Waiver("m.sv", "arithmetic", "assign y_o = p + q;", "p + q", "p - q", "q is always 0")


def test_waiver_is_found_wherever_its_line_has_moved() -> None:
    mutants = mutants_of("m.sv", "// A line more.\n" + _TEXT)
    assert waivers.waived([_WAIVER], mutants) == {mutants[0]: _WAIVER}


def test_waiver_of_a_line_that_has_changed_is_stale() -> None:
    mutants = mutants_of("m.sv", _TEXT.replace("q", "r"))
    with pytest.raises(WaiverError, match=r"stale waiver: m\.sv has no arithmetic mutant"):
        waivers.waived([_WAIVER], mutants)


@pytest.mark.parametrize("reason", ['reason: ""', 'why: "none"'])
def test_waiver_without_a_reason_is_refused(tmp_path: Path, reason: str) -> None:
    file = tmp_path / "waivers.hjson"
    file.write_text(f'[{{file: "", kind: "", line: "", before: "", after: "", {reason}}}]')
    with pytest.raises(WaiverError, match=r"waivers\.hjson: waiver 0"):
        waivers.load(file)


def test_no_waiver_of_the_project_is_stale() -> None:
    mutants = [mutant for subject in campaign.subjects() for mutant in subject.mutants]
    loaded = waivers.load()
    assert {waiver for waiver in waivers.waived(loaded, mutants).values()} == set(loaded)
