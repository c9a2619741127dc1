"""Seeds must differ by name and be the same again for the same base seed."""

from __future__ import annotations

import pytest

from verif.harness import seeds


def test_derived_seed_depends_on_the_base_seed_and_the_name_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(seeds.VARIABLE, "1")
    first = {name: seeds.derive(name) for name in ("a", "b")}
    monkeypatch.setenv(seeds.VARIABLE, "2")
    second = {name: seeds.derive(name) for name in ("a", "b")}
    assert len({*first.values(), *second.values()}) == 4
    monkeypatch.setenv(seeds.VARIABLE, "0x1")
    assert {name: seeds.derive(name) for name in ("a", "b")} == first


def test_base_seed_of_the_environment_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(seeds.VARIABLE, "1234")
    assert seeds.choose() == 1234


def test_missing_base_seed_is_chosen_and_handed_to_child_processes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(seeds.VARIABLE)
    assert seeds.choose() == seeds.base()
