"""Every form of assertion in use is one that this Verilator can see violated."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from verif.assertions import scan
from verif.harness import cocotb_runner
from verif.harness.cocotb_runner import run_module

FORMS = Path(__file__).with_name("forms.sv")
DEAF = {
    "##[": "a delay by a range is never reported in an antecedent",
    "[->": "a goto repetition followed by a sequence is never reported",
    "first_match": "never reported",
    "or": "a choice of sequences is never reported; `||` is",
}
"""Forms that compile and then see nothing, and why they are refused."""


def planted() -> dict[str, scan.Assertion]:
    return {assertion.name: assertion for assertion in scan.assertions(FORMS)}


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The assertions of forms.sv that a run reports."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cocotb_runner, "RUNS", tmp_path_factory.mktemp("runs"))
        with pytest.raises(cocotb_runner.RunError) as caught:
            run_module(
                "forms",
                [FORMS],
                "verif.assertions.cocotb_forms",
                plusargs=["+verilator+error+limit+1000"],
            )
    log = caught.value.log.read_text(encoding="utf-8")
    return set(re.findall(r"Assertion failed in forms\.(\w+)", log))


@pytest.mark.early
def test_each_planted_violation_is_reported_and_nothing_else(reported: set[str]) -> None:
    assert reported == {name for name in planted() if name.endswith("Planted")}
    assert len(reported) > 5


def test_every_form_in_use_has_a_planted_violation() -> None:
    seen = set().union(*(planted()[name].forms for name in planted() if name.endswith("Planted")))
    # `default disable iff` is how modules write it once for all of their assertions.
    unseen = {
        f"{assertion.file.name}: {assertion.name}": sorted(assertion.forms - seen)
        for assertion in scan.of_ours()
        if assertion.forms - seen
    }
    assert unseen == {}


def deaf(assertions: list[scan.Assertion]) -> list[str]:
    return [
        f"{assertion.file.name}: {assertion.name}: {form}: {DEAF[form]}"
        for assertion in assertions
        for form in sorted(assertion.forms & set(DEAF))
    ]


def test_no_assertion_has_a_form_that_sees_nothing() -> None:
    assert deaf(list(scan.of_ours())) == []


def test_each_form_that_sees_nothing_is_found() -> None:
    """Were one heard by a newer Verilator, the first test here would say so."""
    assertions = [assertion for name, assertion in planted().items() if name.endswith("Deaf")]
    assert all(deaf([assertion]) for assertion in assertions)
    assert set(DEAF) <= set().union(*(assertion.forms for assertion in assertions))


@pytest.mark.parametrize(
    ("source", "name", "forms"),
    [
        ("A : assert property (a |-> b) else $error();", "A", {"|->"}),
        ("B:\nassert property\n(@(posedge c) disable  iff (!r) a);", "B", {"disable iff"}),
        ("C : assert property ((a && (b)) |=> $stable({c, d}));", "C", {"|=>", "$stable"}),
        ("D : assert property (order != 0);  // or not", "D", {"invariant"}),
        ("assert property (a ##[1:2] b |-> c);", "", {"##[", "|->"}),
    ],
)
def test_name_and_forms_are_found(tmp_path: Path, source: str, name: str, forms: set[str]) -> None:
    file = tmp_path / "a.sv"
    file.write_text(source)
    (assertion,) = scan.assertions(file)
    assert (assertion.name, set(assertion.forms)) == (name, forms)


def test_comment_is_no_assertion(tmp_path: Path) -> None:
    file = tmp_path / "a.sv"
    file.write_text("// X : assert property (a or b);\n")
    assert scan.assertions(file) == []


def test_every_assertion_of_ours_has_a_name_of_its_own_in_its_file() -> None:
    names = [(assertion.file, assertion.name) for assertion in scan.of_ours()]
    assert all(name for _, name in names)
    assert len(set(names)) == len(names)
