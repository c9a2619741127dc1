"""What the session decides reaches every test; the command of a test repeats what it did."""

from __future__ import annotations

import pytest

from verif.harness import seeds, session


@pytest.fixture(autouse=True)
def known_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(seeds.VARIABLE, "77")
    monkeypatch.delenv(session.EFFORT_VARIABLE, raising=False)
    monkeypatch.delenv(session.WAVES_VARIABLE, raising=False)


def test_effort_chooses_between_two_values(monkeypatch: pytest.MonkeyPatch) -> None:
    assert session.of(quick=1, full=100) == 1
    monkeypatch.setenv(session.EFFORT_VARIABLE, session.FULL)
    assert session.of(quick=1, full=100) == 100


@pytest.mark.parametrize(
    ("node_id", "command"),
    [
        ("a.py::test", "pytest --seed 77 a.py::test"),
        ("a.py::test[4-x]", "pytest --seed 77 'a.py::test[4-x]'"),
        ("a.py::test[4-x-seed5]", "pytest --seed 5 'a.py::test[4-x]'"),
        ("a.py::test[seed5]", "pytest --seed 5 a.py::test"),
    ],
)
def test_command_names_the_seed_of_the_repetition(node_id: str, command: str) -> None:
    assert session.command(node_id) == command


def test_command_repeats_the_effort_and_adds_waves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(session.EFFORT_VARIABLE, session.FULL)
    assert session.command("a.py::t", with_waves=True) == "pytest --full --waves --seed 77 a.py::t"


def test_current_test_is_this_one() -> None:
    here = "verif/unit/harness/test_session.py::test_current_test_is_this_one"
    assert session.current_test() == here
