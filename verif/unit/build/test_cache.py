"""The content-addressed cache: built once, never half, never corrupted."""

from __future__ import annotations

import multiprocessing
import multiprocessing.synchronize
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from heepstor.build.cache import cached, digest_of, exclusive, file_digests


def test_same_key_is_built_once_and_another_key_anew(tmp_path: Path) -> None:
    calls: list[str] = []

    def build(folder: Path) -> None:
        calls.append(folder.name)
        (folder / "file").write_text(str(len(calls)))

    first = cached("kind", {"a": 1, "b": [2, 3]}, build, root=tmp_path)
    assert cached("kind", {"b": [2, 3], "a": 1}, build, root=tmp_path) == first
    assert (first / "file").read_text() == "1"
    other = cached("kind", {"a": 1, "b": [3, 2]}, build, root=tmp_path)
    assert (other / "file").read_text() == "2"
    assert cached("another kind", {"a": 1, "b": [2, 3]}, build, root=tmp_path) != first
    assert len(calls) == 3


def test_failed_build_leaves_its_log_and_nothing_that_is_reused(tmp_path: Path) -> None:
    logs: list[Path] = []

    def fail(folder: Path) -> None:
        logs.append(folder / "log")
        logs[0].write_text("what went wrong")
        raise KeyboardInterrupt

    def build(folder: Path) -> None:
        assert not list(folder.iterdir()), "what the failed build left is swept away"
        (folder / "file").write_text("whole")

    with pytest.raises(KeyboardInterrupt):
        cached("kind", "key", fail, root=tmp_path)
    assert logs[0].read_text() == "what went wrong"
    entry = cached("kind", "key", build, root=tmp_path)
    assert (entry / "file").read_text() == "whole"
    assert not logs[0].exists()


@pytest.mark.parametrize("damage", ["changed", "removed", "added", "manifest"])
def test_corrupted_entry_is_rebuilt(tmp_path: Path, damage: str) -> None:
    def build(folder: Path) -> None:
        (folder / "sub").mkdir()
        (folder / "sub" / "file").write_text("right")

    entry = cached("kind", "key", build, root=tmp_path)
    victim = entry / "sub" / "file"
    if damage == "changed":
        victim.write_text("wrong")
    elif damage == "removed":
        victim.unlink()
    elif damage == "added":
        (entry / "intruder").touch()
    else:
        (entry / "manifest.json").write_text("{")
    assert cached("kind", "key", build, root=tmp_path) == entry
    assert victim.read_text() == "right"
    assert not (entry / "intruder").exists()


def _build_in_process(root: Path, barrier: multiprocessing.synchronize.Barrier) -> None:
    def build(folder: Path) -> None:
        with (root / "builds").open("a") as log:
            log.write("x")
        (folder / "file").write_text("built")

    barrier.wait()
    entry = cached("kind", "key", build, root=root)
    assert (entry / "file").read_text() == "built"


def test_processes_that_want_the_same_at_once_build_it_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(4)
    processes = [
        context.Process(target=_build_in_process, args=(tmp_path, barrier)) for _ in range(4)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0] * 4
    assert (tmp_path / "builds").read_text() == "x"


def test_digest_of_files_sees_content_and_order_but_not_the_folder(tmp_path: Path) -> None:
    paths = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        for name in ("x", "y"):
            path = tmp_path / folder / name
            path.write_text(name)
            paths.append(path)
    in_a, in_b = paths[:2], paths[2:]
    assert file_digests(in_a) == file_digests(in_b)
    assert file_digests(in_a) != file_digests(in_a[::-1])
    in_b[0].write_text("other")
    assert file_digests(in_a) != file_digests(in_b)
    assert digest_of({"files": file_digests(in_a)}) != digest_of({"files": file_digests(in_b)})


@pytest.mark.parametrize("places", [1, 2])
def test_a_name_is_held_at_once_by_as_many_as_it_has_places(tmp_path: Path, places: int) -> None:
    is_in, is_over = threading.Event(), threading.Event()

    def one_more() -> None:
        with exclusive("name", places=places, root=tmp_path):
            is_in.set()
            is_over.wait(10)

    waiting = threading.Thread(target=one_more)
    with ExitStack() as others:
        for _ in range(places - 1):
            others.enter_context(exclusive("name", places=places, root=tmp_path))
        with exclusive("name", places=places, root=tmp_path):
            waiting.start()
            assert not is_in.wait(0.3)
        assert is_in.wait(10)
    is_over.set()
    waiting.join()
