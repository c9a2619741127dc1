"""What the plugin gathers and judges: the plan against the tests, coverage, waveforms, verdict."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from verif.regression.plan import Plan
from verif.regression.records import PASSED, BinGroup, Case
from verif.uvm import coverage as uvm_coverage

_RUNS = Path("build", "runs")


def is_whole(config: pytest.Config) -> bool:
    """Whether all tests of `verif` are collected, though maybe not all run."""
    folder = config.rootpath / "verif"
    places = [
        (config.invocation_params.dir / arg.partition("::")[0]).resolve() for arg in config.args
    ]
    narrowed = config.option.ignore or config.option.ignore_glob or config.getoption("lf", False)
    return not narrowed and any(folder.is_relative_to(place) for place in places)


def is_complete(config: pytest.Config) -> bool:
    """Whether all that was collected was to be run."""
    option = config.option
    return is_whole(config) and not (option.keyword or option.markexpr or option.deselect)


def plan_fault(config: pytest.Config, plan: Plan, node_ids: Sequence[str]) -> str | None:
    """A message about all that differs between the plan and the tests that there are, or None."""
    faults = plan.faults(node_ids) if is_whole(config) else []
    return "\n".join(["verif/plan.hjson and the tests differ:", *faults]) if faults else None


def coverage(plan: Plan) -> list[BinGroup]:
    """Functional coverage of the runs of this session, by the groups that the plan names."""
    runs = sorted(uvm_coverage.session_folder().glob("*.json"))
    counts = uvm_coverage.merged(runs).counts
    return [
        BinGroup(name, plan.bins[name], {bin_: counts[name][bin_] for bin_ in group.bins})
        for name, group in uvm_coverage.GROUPS.items()
        if name in plan.bins
    ]


def waveforms(root: Path, *, since: float) -> list[str]:
    """Waveforms that were written in this session."""
    files = sorted((root / _RUNS).glob("*/dump.fst"))
    return [str(path) for path in files if path.stat().st_mtime >= since]


def session_faults(
    cases: Sequence[Case], groups: Sequence[BinGroup], complete: bool, exitstatus: int
) -> list[str]:
    """What is wrong with a session besides tests that failed."""
    faults = []
    if not any(case.outcome == PASSED for case in cases):
        faults.append("no test passed" if cases else "no test ran")
    if exitstatus not in (0, 1, pytest.ExitCode.NO_TESTS_COLLECTED):
        faults.append(f"pytest ended early, with status {exitstatus}")
    if complete:
        faults += [
            f"{len(group.holes)} of {len(group.hits)} bins of {group.name!r} were never hit"
            for group in groups
            if group.holes
        ]
    return faults
