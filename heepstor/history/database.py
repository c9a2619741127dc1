"""The runs in an SQLite file that many processes may write at once.

A run is one transaction: it is there with all its layers, or not at all. SQLite's own journal does
it, not WAL: a run is written in milliseconds, so nobody waits long for it, and WAL would need to
write beside the file to read it, and a file system that is on this machine.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from heepstor.errors import HistoryError
from heepstor.revision import ROOT, Revision

VARIABLE = "HEEPSTOR_HISTORY"
"""Names another file than `build/history.sqlite`, or, when it is empty, none at all."""

_PATIENCE_S = 5.0
"""How long to wait for other processes, which hold the file for milliseconds."""

_APPLICATION_ID = 0x48505354  # "HPST": tells our file from that of another program
_VERSION = 1
_SCHEMA = f"""
CREATE TABLE run (
    id INTEGER PRIMARY KEY,
    time TEXT NOT NULL,
    git_commit TEXT,
    dirty INTEGER NOT NULL,
    project TEXT NOT NULL,
    backend TEXT NOT NULL,
    config TEXT NOT NULL,
    quantization TEXT NOT NULL,
    batch INTEGER NOT NULL,
    assertions INTEGER NOT NULL,
    passed INTEGER NOT NULL
);
CREATE TABLE layer (
    run INTEGER NOT NULL REFERENCES run,
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    backend TEXT NOT NULL,
    cycles INTEGER,
    predicted INTEGER NOT NULL,
    PRIMARY KEY (run, position)
);
PRAGMA application_id = {_APPLICATION_ID};
PRAGMA user_version = {_VERSION};
"""


@dataclass(frozen=True)
class LayerCycles:
    """What one layer of a run took."""

    name: str
    backend: str
    cycles: int | None
    """None: the firmware did not reach it."""
    predicted: int


@dataclass(frozen=True)
class Run:
    """A run that reached a verdict."""

    time: str
    """When it was recorded: UTC, ISO 8601, seconds."""
    revision: Revision
    project: str
    backend: str
    """What was asked for: `planner`, or the back-end of all matrix products."""
    config: str
    """Hash of the hardware's configuration: 0x and 8 digits."""
    quantization: str
    batch: int
    """Samples of the inference."""
    assertions: bool
    passed: bool
    layers: tuple[LayerCycles, ...]

    @property
    def total(self) -> int | None:
        """Cycles of the inference; None: not all layers were reached."""
        cycles = [layer.cycles for layer in self.layers if layer.cycles is not None]
        return sum(cycles) if len(cycles) == len(self.layers) else None

    def cycles(self, layer: str) -> int | None:
        """Cycles of a layer; None: it was not reached, or the network had none of that name."""
        return next((found.cycles for found in self.layers if found.name == layer), None)


def default_path() -> Path | None:
    """Where runs are recorded; None: nowhere, because `HEEPSTOR_HISTORY` is empty."""
    named = os.environ.get(VARIABLE)
    if named is None:
        return ROOT / "build" / "history.sqlite"
    return Path(named) if named else None


def record(report: dict[str, Any], path: Path) -> None:
    """Add the run of a `report.json` to the file, which is made if there is none.

    Raises:
        HistoryError: the file cannot be written, is not ours, or is damaged; nothing is added.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _error(path, error.strerror) from error
    with _opened(path, str(path)) as connection, connection:
        connection.execute("BEGIN IMMEDIATE")
        if _is_empty(connection, path):
            for statement in _SCHEMA.split(";"):  # `executescript` would end the transaction
                connection.execute(statement)
        _insert(connection, report)


def _insert(connection: sqlite3.Connection, report: dict[str, Any]) -> None:
    cursor = connection.execute(
        "INSERT INTO run (time, git_commit, dirty, project, backend, config, quantization,"
        " batch, assertions, passed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            report["revision"]["commit"],
            report["revision"]["dirty"],
            report["project"],
            report["backend"],
            report["config"]["hash"],
            report["quantization"],
            report["layers"][0]["input_shape"][0],
            report["assertions"],
            report["passed"],
        ),
    )
    connection.executemany(
        "INSERT INTO layer VALUES (?, ?, ?, ?, ?, ?)",
        (
            (
                cursor.lastrowid,
                position,
                layer["name"],
                layer["backend"],
                layer["cycles"],
                layer["predicted_cycles"],
            )
            for position, layer in enumerate(report["layers"])
        ),
    )


def read(path: Path, *, must_exist: bool = False) -> list[Run]:
    """All runs, in the order in which they were recorded; none if there is no file.

    Raises:
        HistoryError: the file cannot be read, is not ours, is damaged, or is missing though it
            `must_exist`.
    """
    if not path.exists():
        if must_exist:
            raise HistoryError(f"{path}: there is no such file")
        return []
    # Not `ro`: what a process left that was ended while it wrote has to be rolled back first.
    with _opened(path, f"{path.resolve().as_uri()}?mode=rw") as connection, connection:
        connection.execute("BEGIN")  # runs and layers of the same moment
        if _is_empty(connection, path):
            return []
        connection.row_factory = sqlite3.Row
        layers: dict[int, list[LayerCycles]] = {}
        for row in connection.execute("SELECT * FROM layer ORDER BY run, position"):
            layer = LayerCycles(row["name"], row["backend"], row["cycles"], row["predicted"])
            layers.setdefault(row["run"], []).append(layer)
        rows = connection.execute("SELECT * FROM run ORDER BY id")
        return [_run(row, layers.get(row["id"], [])) for row in rows]


def _run(row: sqlite3.Row, layers: list[LayerCycles]) -> Run:
    return Run(
        time=row["time"],
        revision=Revision(row["git_commit"], bool(row["dirty"])),
        project=row["project"],
        backend=row["backend"],
        config=row["config"],
        quantization=row["quantization"],
        batch=row["batch"],
        assertions=bool(row["assertions"]),
        passed=bool(row["passed"]),
        layers=tuple(layers),
    )


@contextmanager
def _opened(path: Path, address: str) -> Iterator[sqlite3.Connection]:
    """A connection on which only `BEGIN` begins a transaction; SQLite's errors become ours."""
    try:
        with closing(
            sqlite3.connect(
                address,
                uri=address.startswith("file:"),
                timeout=_PATIENCE_S,
                isolation_level=None,
            )
        ) as connection:
            # Most of the time that a run takes to be recorded is waiting for the disk.
            connection.execute("PRAGMA synchronous = NORMAL")
            yield connection
    except sqlite3.Error as error:
        raise _error(path, str(error)) from error


def _is_empty(connection: sqlite3.Connection, path: Path) -> bool:
    """Whether a file has no content yet.

    Raises:
        HistoryError: it has that of another program or of another version.
    """
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if not tables:
        return True
    if application != _APPLICATION_ID:
        raise _error(path, "is the database of another program")
    if version != _VERSION:
        raise _error(path, f"is of version {version}, and this HEEPstor reads version {_VERSION}")
    return False


def _error(path: Path, what: str | None) -> HistoryError:
    return HistoryError(f"history of runs, {path}: {what}; {VARIABLE} can name another file")
