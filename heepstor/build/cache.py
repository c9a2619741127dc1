"""Content-addressed folders of built things: the same inputs are never built twice.

An entry is `<root>/<kind>/<digest>/`. It appears by one rename after its build has succeeded, so a
build that fails or is interrupted leaves nothing that could be taken for a result; what it leaves
(`<digest>.partial/`, with the logs in it) is swept away by the next build of the same entry.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import cycle
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

ROOT = Path(__file__).resolve().parents[2] / "build" / "cache"

_MANIFEST = "manifest.json"
_DIGEST_DIGITS = 20
_PATIENCE_S = 0.1
"""Before the next place is tried."""


def cached(
    kind: str,
    key: Mapping[str, Any] | str,
    build: Callable[[Path], None],
    *,
    root: Path = ROOT,
) -> Path:
    """Folder of what `build` makes for `key`, built now unless it is there already and whole.

    Processes that want the same entry at once wait for the first one to build it.

    Args:
        kind: family of the entry, a folder name (`simulator`, `firmware`).
        key: everything that the result depends on; a mapping must be serializable as JSON.
        build: fills the folder that it is given. What it raises passes through and nothing is kept.
        root: the cache.
    """
    digest = digest_of(key)
    entry = root / kind / digest
    if _is_whole(entry):
        return entry
    entry.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(entry.with_name(f"{digest}.lock")):
        if not _is_whole(entry):  # nobody else built it while this process waited
            _build_entry(entry, key, build)
    return entry


def digest_of(key: Mapping[str, Any] | str) -> str:
    """Name of the entry of `key`: hexadecimal digits of the SHA-256 of its canonical form."""
    return hashlib.sha256(_canonical(key).encode()).hexdigest()[:_DIGEST_DIGITS]


def file_digest(path: Path) -> str:
    """SHA-256 of a file's content, for use in keys."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def file_digests(paths: Iterable[Path]) -> list[tuple[str, str]]:
    """(name, content digest) of files in their order; their folders do not count."""
    return [(path.name, file_digest(path)) for path in paths]


@contextmanager
def exclusive(name: str, *, places: int = 1, root: Path = ROOT) -> Iterator[None]:
    """Hold one of the places of `name`, for work of which more at once would only hinder itself."""
    root.mkdir(parents=True, exist_ok=True)
    for place in cycle(range(places)):
        lock = FileLock(root / f"{name}-{place}.lock")
        with suppress(Timeout):
            lock.acquire(timeout=_PATIENCE_S)
            break
    try:
        yield
    finally:
        lock.release()


def _canonical(key: Mapping[str, Any] | str) -> str:
    return key if isinstance(key, str) else json.dumps(key, sort_keys=True, separators=(",", ":"))


def _build_entry(entry: Path, key: Mapping[str, Any] | str, build: Callable[[Path], None]) -> None:
    partial = entry.with_name(f"{entry.name}.partial")
    for leftover in (partial, entry):
        if leftover.exists():
            shutil.rmtree(leftover)
    partial.mkdir()
    build(partial)
    manifest = {"key": _canonical(key), "files": _contents(partial)}
    (partial / _MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    partial.rename(entry)


def _contents(folder: Path) -> dict[str, str]:
    """Relative path to content digest of every file in `folder` but the manifest."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    names = {path.relative_to(folder).as_posix(): path for path in files}
    return {name: file_digest(path) for name, path in names.items() if name != _MANIFEST}


def _is_whole(entry: Path) -> bool:
    """Whether every file is there as it was built."""
    try:
        manifest = json.loads((entry / _MANIFEST).read_text(encoding="utf-8"))
        return bool(manifest["files"] == _contents(entry))
    except (OSError, ValueError, KeyError, TypeError):
        return False
