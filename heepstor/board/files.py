"""From file names to a comparison."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from heepstor import project as projects
from heepstor.board import firmware_log, performance_summary
from heepstor.board.compare import Comparison, compare
from heepstor.board.lines import clean
from heepstor.board.log import Log
from heepstor.board.tolerance import for_layers
from heepstor.errors import LogError, ReportError
from heepstor.report import document
from heepstor.report.document import Report

BUILD = Path(__file__).resolve().parents[2] / "build"


def compare_files(
    project: str,
    log_file: Path,
    *,
    report_file: Path | None = None,
    clock_hz: int | None = None,
    tolerances: Sequence[str] = (),
    allow_mismatch: bool = False,
) -> Comparison:
    """Put a log beside the report of a project's simulated run.

    Args:
        project: a folder of `sw/apps`, or the name that a network was compiled under.
        log_file: what a board printed, of our firmware or of HEEPstor's.
        report_file: the last run's by default.
        clock_hz: clock of the run, for a log that tells times instead of cycles.
        tolerances: limits that overrule the project's (`heepstor.board.tolerance`).
        allow_mismatch: compare although another configuration, RTL or image ran.

    Raises:
        HeepstorError: a file is missing or damaged, or of another project, or of another run.
    """
    path = report_file or BUILD / project / "report.json"
    of_project = _project_tolerances(project, path)
    report = _report(project, path)
    layers = [row["name"] for row in report["layers"]]
    return compare(
        report,
        _log(log_file, report, clock_hz),
        for_layers([*of_project, *tolerances], layers),
        report_name=_shown(path),
        log_name=str(log_file),
        allow_mismatch=allow_mismatch,
    )


def _shown(path: Path) -> str:
    """A path as seen from the current folder, if it lies in it."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _project_tolerances(project: str, report: Path) -> Sequence[str]:
    """Those of `model.py`; a network that was compiled from Python has none, only its report."""
    if project not in projects.names() and report.exists():
        return ()
    return projects.find(project).define().cycle_tolerance


def _report(project: str, path: Path) -> Report:
    report = document.load(path)
    if report["project"] != project:
        raise ReportError(f"{path}: is of the project {report['project']}, not of {project}")
    if not report["passed"]:
        raise ReportError(f"{path}: the simulated run failed; compare with one that passed")
    return report


def _log(path: Path, report: Report, clock_hz: int | None) -> Log:
    try:
        lines = [clean(line) for line in path.read_bytes().split(b"\n")]
    except OSError as error:
        raise LogError(f"{path}: cannot be read ({error.strerror})") from error
    if not any(lines):
        raise LogError(f"{path}: is empty; nothing was captured")
    if firmware_log.recognizes(lines):
        if clock_hz is not None:
            raise LogError(f"{path}: counts cycles by itself; leave --clock-hz out")
        return firmware_log.read(lines, report, str(path))
    if performance_summary.recognizes(lines):
        return performance_summary.read(lines, report, str(path), clock_hz)
    raise LogError(
        f"{path}: is no log of a run; it has neither {firmware_log.FORMAT} nor "
        f"{performance_summary.FORMAT}"
    )
