"""Results on disk: a file each, there only when it is whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from heepstor.emit.hardware import write_if_changed


@dataclass(frozen=True)
class Store:
    """A folder of results by key."""

    folder: Path

    def get(self, key: str) -> dict[str, Any] | None:
        """The result, None if there is none that can be read."""
        try:
            result = json.loads(self._file(key).read_text(encoding="utf-8"))
            return dict(result)
        except (OSError, ValueError, TypeError):
            return None

    def put(self, key: str, result: dict[str, Any]) -> None:
        """Keep a result: whoever reads sees all of it or nothing, whatever interrupts this."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_if_changed(self._file(key), json.dumps(result, indent=1) + "\n")

    @contextmanager
    def alone(self, key: str) -> Iterator[None]:
        """Whoever computes the result does so alone; others wait, and then look again."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = self.folder / f"{key}.lock"
        with FileLock(lock):
            try:
                yield
            finally:
                # Whoever waits for this file holds it next, and finds the result; so does whoever
                # makes a new one.
                lock.unlink(missing_ok=True)

    def run_folder(self, key: str) -> Path:
        """The folder of a result's run."""
        return self.folder / key

    def _file(self, key: str) -> Path:
        return self.folder / f"{key}.json"
