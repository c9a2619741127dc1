"""What the command line makes of what goes wrong anywhere."""

from __future__ import annotations

import errno
from collections.abc import Callable

import pytest

from heepstor import cli, project


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[OSError], int]:
    """Runs a command in which something raises an error; returns its exit status."""

    def run(error: OSError) -> int:
        def names() -> list[str]:
            raise error

        monkeypatch.setattr(project, "names", names)
        return cli.main(["projects"])

    return run


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device"),
        (OSError(errno.EROFS, "Read-only file system", "x"), "x: Read-only file system"),
    ],
)
def test_what_the_file_system_refuses_is_one_line(
    failing: Callable[[OSError], int],
    capsys: pytest.CaptureFixture[str],
    error: OSError,
    message: str,
) -> None:
    assert failing(error) == 2
    assert capsys.readouterr().err == f"heepstor: error: {message}\n"


def test_other_errors_of_the_system_are_faults_of_the_program(
    failing: Callable[[OSError], int],
) -> None:
    with pytest.raises(OSError, match="Bad file descriptor"):
        failing(OSError(errno.EBADF, "Bad file descriptor"))
