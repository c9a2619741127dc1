"""Compares the last runs of the example networks with their baselines, or makes them the baseline.

Without --run it takes the reports that the last regression left in build/. Exit status 1: a layer
is slower than it may be.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args

from heepstor import flow, project
from heepstor.config import Core
from heepstor.errors import HeepstorError
from verif.baselines import runs
from verif.baselines.baseline import (
    Baseline,
    BaselineError,
    baseline_of,
    folder_of,
    load,
    save,
    update_of,
)
from verif.baselines.compare import compare


def main(
    arguments: Sequence[str] | None = None, *, root: Path = flow.ROOT, folder: Path | None = None
) -> int:
    """Do what the command line asks for; returns the exit status.

    Args:
        arguments: those of the command line.
        root: has the reports of the last runs in `build/`.
        folder: has the baselines; if None, that of the CPU.
    """
    options = _parser().parse_args(arguments)
    folder = folder or folder_of(options.core)
    try:
        names = [project.find(name).name for name in options.projects or project.names()]
        if options.run:
            for name in names:
                _run(name, options.core)
        if options.update:
            # All of them are there before the first one is replaced.
            found = {name: _last(name, root, options.core) for name in names}
            for name, results in found.items():
                _update(name, results, folder)
            return 0
        return max([_status(name, root, folder, options.core) for name in names])
    except (BaselineError, HeepstorError) as error:
        return _refused(error)


def _status(name: str, root: Path, folder: Path, core: Core) -> int:
    """Compare a project; one that cannot be compared does not keep the others from it."""
    try:
        return 0 if _compare(name, _last(name, root, core), folder) else 1
    except (BaselineError, HeepstorError) as error:
        return _refused(error)


def _refused(error: Exception) -> int:
    print(f"baselines: error: {error}", file=sys.stderr)
    return HeepstorError.exit_status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m verif.baselines",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("projects", nargs="*", help="folders of sw/apps (default: all of them)")
    parser.add_argument(
        "--core", choices=get_args(Core), default="cv32e40p", help="CPU (default: %(default)s)"
    )
    parser.add_argument("--run", action="store_true", help="simulate them first")
    parser.add_argument("--update", action="store_true", help="make the result the baseline")
    return parser


def _run(name: str, core: Core) -> None:
    for backend in runs.backends(name, core):
        print(f"running {name}, {backend.value}", file=sys.stderr, flush=True)
        runs.run(name, backend, core)


def _last(name: str, root: Path, core: Core) -> dict[str, Baseline]:
    return {
        backend.value: runs.last(name, backend, root, core) for backend in runs.backends(name, core)
    }


def _compare(name: str, results: Mapping[str, Baseline], folder: Path) -> bool:
    """Print the differences of a project; whether none of them is a failure."""
    comparisons = [
        compare(name, backend, baseline_of(name, backend, folder), now, update_of(folder))
        for backend, now in results.items()
    ]
    for comparison in comparisons:
        print(comparison.text or f"{name}, {comparison.backend}: as the baseline")
    return not any(comparison.failures for comparison in comparisons)


def _update(name: str, results: Mapping[str, Baseline], folder: Path) -> None:
    """Make results the baseline; one whose numbers have not changed stays as it is."""
    known = load(name, folder) if (folder / f"{name}.json").exists() else {}
    updated = {
        backend: _updated(known[backend], now) if backend in known else now
        for backend, now in results.items()
    }
    save(name, updated, folder)
    for backend, now in updated.items():
        print(f"{name}, {backend}: {'as before' if now == known.get(backend) else 'updated'}")


def _updated(known: Baseline, now: Baseline) -> Baseline:
    """`now` with the tolerances of `known`; or `known`, if it says the same."""
    if (known.config, list(known.cycles.items())) == (now.config, list(now.cycles.items())):
        return known
    kept = {layer: most for layer, most in known.tolerance.items() if layer in now.cycles}
    return replace(now, tolerance=kept)


if __name__ == "__main__":
    sys.exit(main())
