"""The commit of a run is that of its sources, and what differs from it is not hidden."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from heepstor import revision
from heepstor.revision import Revision

AUTHOR = ("-c", "user.name=a", "-c", "user.email=a@b.c")


def git(folder: Path, *arguments: str) -> str:
    command = ["git", *AUTHOR, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with a commit of a source and of a document."""
    folder = tmp_path / "project"
    (folder / "rtl").mkdir(parents=True)
    for name in ("rtl/a.sv", "README.md"):
        (folder / name).write_text("one\n", encoding="utf-8")
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "first")
    return folder


def test_sources_as_committed_are_of_that_commit(project: Path) -> None:
    commit = git(project, "rev-parse", "HEAD").strip()
    found = revision.current(project)
    assert found == Revision(commit, dirty=False)
    assert str(found) == commit[:9]


@pytest.mark.parametrize(
    ("path", "dirty"),
    [("rtl/a.sv", True), ("sw/new.cpp", True), ("README.md", False), ("docs/new.md", False)],
)
def test_a_change_counts_where_cycles_can_depend_on_it(
    project: Path, path: str, dirty: bool
) -> None:
    (project / path).parent.mkdir(exist_ok=True)
    (project / path).write_text("two\n", encoding="utf-8")
    found = revision.current(project)
    assert found.dirty == dirty
    assert str(found).endswith("+") == dirty


def test_a_repository_without_a_commit_has_none(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    assert revision.current(tmp_path) == Revision(None, dirty=False)


def test_the_commit_of_a_repository_around_the_project_is_not_its_own(project: Path) -> None:
    inner = project / "unpacked"
    inner.mkdir()
    found = revision.current(inner)
    assert found == Revision(None, dirty=False)
    assert str(found) == "-"


def test_a_machine_without_git_has_no_commit(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    assert revision.current(project) == Revision(None, dirty=False)
