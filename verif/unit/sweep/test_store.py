"""A result is there as a whole or not at all, and is made by one at a time."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from heepstor.sweep.store import Store


def test_a_result_is_found_again(tmp_path: Path) -> None:
    store = Store(tmp_path / "results")
    assert store.get("predict-1") is None
    store.put("predict-1", {"numbers": {"cycles": 3}})
    assert Store(tmp_path / "results").get("predict-1") == {"numbers": {"cycles": 3}}


@pytest.mark.parametrize("content", ["", '{"numbers": {"cy', "3"])
def test_a_file_that_is_no_result_is_as_good_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "predict-1.json").write_text(content, encoding="utf-8")
    assert Store(tmp_path).get("predict-1") is None


def test_a_result_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put("predict-1", {"numbers": {}})
    with pytest.raises(TypeError):
        store.put("predict-1", {"numbers": object()})
    assert store.get("predict-1") == {"numbers": {}}
    assert [path.name for path in tmp_path.iterdir()] == ["predict-1.json"]


def test_whoever_wants_a_result_that_is_being_computed_waits_and_finds_it(tmp_path: Path) -> None:
    found: list[object] = []

    def other() -> None:
        with Store(tmp_path).alone("predict-1"):
            found.append(Store(tmp_path).get("predict-1"))

    waiting = threading.Thread(target=other)
    with Store(tmp_path).alone("predict-1"):
        waiting.start()
        waiting.join(timeout=0.2)  # it would have ended long ago if it did not wait
        Store(tmp_path).put("predict-1", {"numbers": {}})
    waiting.join()
    assert found == [{"numbers": {}}]
    assert [path.name for path in tmp_path.iterdir()] == ["predict-1.json"]
