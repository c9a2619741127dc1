"""The folder of a project's runs, for one test at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from heepstor import flow


@contextmanager
def alone_in_folder_of(project: str) -> Iterator[Path]:
    """`build/<project>`, as long as no other test has it, in whichever worker.

    For tests of commands that run a project as a person would: two at once refuse each other.
    """
    folder = flow.ROOT / "build" / project
    folder.parent.mkdir(exist_ok=True)
    with FileLock(folder.with_name(f"{project}.test.lock")):
        yield folder
