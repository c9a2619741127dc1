"""The plan and the tests must not drift apart."""

from __future__ import annotations

from typing import Any

import pytest

from verif.regression.plan import Feature, PlanError, load
from verif.unit.regression.conftest import IN_ONE_PROCESS_OR_TWO, PASSING, ROOT, Project
from verif.uvm import coverage


def feature(*tests: str, **more: Any) -> dict[str, Any]:
    return {"feature": "f", "why": "w", "tests": list(tests), **more}


@IN_ONE_PROCESS_OR_TWO
def test_entry_without_its_test_fails_the_session_before_any_test(
    project: Project, workers: tuple[str, ...]
) -> None:
    project.write("test_a.py", PASSING)
    project.plan(features=[feature("verif/test_a.py::*", "verif/test_a.py::test_lost")])
    done = project.run("verif", *workers)
    assert done.status != 0
    assert "feature 'f': there is no test verif/test_a.py::test_lost" in done.output
    assert [entry["test"] for entry in done.report["tests"]] == ["verif/plan.hjson"]


@IN_ONE_PROCESS_OR_TWO
def test_test_of_a_complete_folder_that_no_entry_claims_fails_the_session(
    project: Project, workers: tuple[str, ...]
) -> None:
    project.write("rtl/test_a.py", PASSING)
    project.write("unit/test_b.py", PASSING)
    project.plan(complete_folders=["verif/rtl"])
    done = project.run("verif", *workers)
    assert done.status != 0
    assert "verif/rtl/test_a.py::test_passes belongs to no feature" in done.output
    assert "test_b.py" not in done.output.partition("differ:")[2]


def test_test_elsewhere_that_no_entry_claims_is_shown(project: Project) -> None:
    project.write("unit/test_b.py", PASSING)
    done = project.run()
    assert done.status == 0
    assert "in no entry of the plan" in done.output
    assert done.report["features"][0]["feature"] is None


@pytest.mark.parametrize("arguments", [["verif/test_a.py"], ["verif", "--ignore=verif/test_b.py"]])
def test_part_of_the_tests_is_not_held_against_the_plan(
    project: Project, arguments: list[str]
) -> None:
    project.write("test_a.py", PASSING)
    project.plan(features=[feature("verif/test_b.py::*")])
    assert project.run(*arguments).status == 0


def test_all_tests_are_held_against_the_plan_also_where_few_are_run(project: Project) -> None:
    project.write("test_a.py", PASSING)
    project.plan(features=[feature("verif/test_b.py::*")])
    assert project.run("verif", "-k", "passes").status != 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"features": [{"feature": "f", "why": "", "tests": ["a"]}]}, "why is missing or empty"),
        ({"features": [{"feature": "f", "why": "w", "tests": []}]}, "tests is missing or empty"),
        ({"features": [feature("a", test="b")]}, "accepted keys: feature, why, tests, bins"),
        ({"features": [feature("a"), feature("b")]}, "occurs more than once"),
        ({"features": [feature("a", bins=["x"])]}, "bins 'x' have no purpose"),
        ({"bins": {"x": "purpose"}}, r"bins\[x\]: no feature names them"),
        ({"features": {}}, "missing or of a wrong type: features"),
    ],
)
def test_plan_with_a_fault_is_refused(
    project: Project, content: dict[str, Any], message: str
) -> None:
    project.plan(**content)
    with pytest.raises(PlanError, match=message):
        load(project.root / "verif" / "plan.hjson")


@pytest.mark.parametrize("text", [None, "{ features: [", "[]"])
def test_plan_that_cannot_be_read_ends_pytest_with_its_name(
    project: Project, text: str | None
) -> None:
    path = project.root / "verif" / "plan.hjson"
    path.unlink() if text is None else path.write_text(text, encoding="utf-8")
    done = project.run()
    assert done.status == pytest.ExitCode.USAGE_ERROR
    assert str(path) in done.output


@pytest.mark.parametrize(
    ("pattern", "node_id", "claimed"),
    [
        ("a.py::test", "a.py::test", True),
        ("a.py::test", "a.py::test[4-x]", True),
        ("a.py::test", "a.py::test[4-x-seed7]", True),
        ("a.py::test", "a.py::test_more", False),
        ("a.py::test[*-X]", "a.py::test[4-4-X]", True),
        ("a.py::test[*-X]", "a.py::test[4-4-X-seed7]", True),
        ("a.py::test[*-X]", "a.py::test[4-4-XY]", False),
        ("rtl/*", "rtl/a/b.py::test[1]", True),
        ("rtl/*", "rtl2/a.py::test", False),
    ],
)
def test_pattern_claims_what_it_says(pattern: str, node_id: str, claimed: bool) -> None:
    assert Feature("f", "w", (pattern,)).claims(node_id) is claimed


def test_plan_of_the_project_says_of_all_bins_what_their_code_says() -> None:
    purposes = {name: group.purpose for name, group in coverage.GROUPS.items()}
    assert load(ROOT / "verif" / "plan.hjson").bins == purposes
