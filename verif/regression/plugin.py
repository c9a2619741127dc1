"""pytest plugin of the regression: its options, the plan's rules at collection, and the report.

Loaded by verif/conftest.py. The plan is `verif/plan.hjson` under pytest's root folder, the report
goes to `build/regression`.

Without xdist everything happens in one process. With it, workers collect, check the plan and attach
to each report what only they know; the controller records the reports and writes the summary.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from xdist.scheduler import WorkStealingScheduling

from verif.harness import seeds, session
from verif.harness.cocotb_runner import RunError
from verif.regression import collect, order, report
from verif.regression.plan import Plan, PlanError, load
from verif.regression.records import FAILED, PASSED, SKIPPED, Case, Failure, Session, failure
from verif.uvm import coverage as functional_coverage

PLAN = Path("verif", "plan.hjson")
_FULL_MARK = "full"
_EARLY_MARK = "early"
_FULL_TIMEOUT_S = 3600
"""Limit of a test in a long session, unless it has its own; that of quick ones: pyproject.toml."""
_PLAN_KEY = pytest.StashKey[Plan]()
_CASE = "regression case"
_RUN = "failed run"
_NOTE = "note"
"""`record_property("note", text)` in a test shows the text in the summary, passed or not."""
_SIMULATIONS = ("verif/rtl/", "verif/uvm/")
_TEST_PARAMETER = "test"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the regression."""
    group = parser.getgroup("regression")
    group.addoption("--quick", action="store_true", help="what CI runs; this is the default")
    group.addoption("--full", action="store_true", help="the long regression")
    group.addoption("--seed", type=_seed, help=f"base seed; as {seeds.VARIABLE} does")
    group.addoption(
        "--seeds", type=int, default=1, metavar="N", help="run random tests with N base seeds each"
    )
    group.addoption(
        "--waves",
        action="store_true",
        help="simulations of RTL modules leave build/runs/*/dump.fst",
    )


def _seed(text: str) -> int:
    return int(text, 0)


def pytest_configure(config: pytest.Config) -> None:
    """Decide what all tests share before xdist starts its workers, which inherit it."""
    config.addinivalue_line("markers", f"{_FULL_MARK}: runs with --full alone")
    config.addinivalue_line("markers", f"{_EARLY_MARK}: builds for long, and so is begun first")
    if config.option.seeds < 1:
        raise pytest.UsageError(f"--seeds is {config.option.seeds}; it must be at least 1")
    if config.option.seed is not None:
        os.environ[seeds.VARIABLE] = str(config.option.seed)
    if config.option.quick and config.option.full:
        raise pytest.UsageError("--quick and --full contradict each other")
    if config.option.quick or config.option.full:
        effort = session.FULL if config.option.full else session.QUICK
        os.environ[session.EFFORT_VARIABLE] = effort
    if config.option.waves:
        os.environ[session.WAVES_VARIABLE] = "1"
    seeds.choose()
    functional_coverage.start_session()
    try:
        config.stash[_PLAN_KEY] = load(config.rootpath / PLAN)
    except PlanError as error:
        raise pytest.UsageError(str(error)) from error
    is_worker = hasattr(config, "workerinput")
    if not is_worker and not config.option.collectonly:
        config.pluginmanager.register(Recorder(config, config.stash[_PLAN_KEY]))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> WorkStealingScheduling | None:
    """A worker that has no test left takes over half of what another one still has to do.

    By xdist's default each keeps what it was given, and the last ones leave the other cores idle.
    """
    return WorkStealingScheduling(config, log) if config.getoption("dist") == "load" else None


def pytest_report_header(config: pytest.Config) -> str:
    """Tell how to reproduce this session's random stimulus."""
    return f"regression: {session.effort()}, --seed {seeds.base()}"


@pytest.hookimpl(trylast=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Repeat the tests that the plan calls random, with `--seeds` base seeds.

    It comes last, so that the seed is the last part of an id.
    """
    count = metafunc.config.option.seeds
    function_id = metafunc.definition.nodeid
    if count == 1 or not metafunc.config.stash[_PLAN_KEY].is_random(function_id):
        return
    repetitions = [seeds.base(), *(seeds.derive(f"repetition {i}") for i in range(1, count))]
    metafunc.parametrize(
        "base_seed", repetitions, ids=[session.repetition_id(s) for s in repetitions], indirect=True
    )


@pytest.fixture(autouse=True)
def base_seed(request: pytest.FixtureRequest) -> Iterator[None]:
    """Give a repetition its base seed."""
    own = {seeds.VARIABLE: str(request.param)} if hasattr(request, "param") else {}
    with mock.patch.dict(os.environ, own):
        yield


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Check the plan against all tests; leave out what only the long regression runs; sort."""
    message = collect.plan_fault(config, config.stash[_PLAN_KEY], [item.nodeid for item in items])
    if message:
        # As for a test module that cannot be imported, which works in a worker too.
        fault = pytest.CollectReport(PLAN.as_posix(), "failed", message, [])
        config.hook.pytest_collectreport(report=fault)
        items.clear()
    if session.effort() == session.QUICK:
        left_out = [item for item in items if item.get_closest_marker(_FULL_MARK)]
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)
    elif config.getoption("timeout") is None and "PYTEST_TIMEOUT" not in os.environ:
        for item in items:
            if not item.get_closest_marker("timeout"):
                item.add_marker(pytest.mark.timeout(_FULL_TIMEOUT_S))
    early = [item for item in items if item.get_closest_marker(_EARLY_MARK)]
    others = [item for item in items if item not in early]
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    items[:] = order.dealt(early, others, workers)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Iterator[pytest.TestReport]:
    """Attach to a report what only the process that ran the test knows."""
    test_report = yield
    test_report.user_properties.append((_CASE, _description(item)))
    if call.excinfo is not None and isinstance(call.excinfo.value, RunError):
        found = {"cause": call.excinfo.value.cause, "log": str(call.excinfo.value.log)}
        test_report.user_properties.append((_RUN, found))
    return test_report


def _description(item: pytest.Item) -> dict[str, str]:
    """Name and configuration of a test; the parameter `test` is a name, all others configure."""
    function = getattr(item, "originalname", None) or item.name
    callspec = getattr(item, "callspec", None)
    parameters = dict(callspec.params) if callspec else {}
    parameters.pop("base_seed", None)
    test = parameters.pop(_TEST_PARAMETER, function)
    simulated = item.nodeid.startswith(_SIMULATIONS)
    values = ", ".join(f"{name}={value}" for name, value in parameters.items())
    return {"test": str(test), "configuration": (values or "default") if simulated else ""}


class Recorder:
    """Records a session in the process that sees all reports, and reports it at the end."""

    def __init__(self, config: pytest.Config, plan: Plan) -> None:
        self._config = config
        self._plan = plan
        self._cases: dict[str, Case] = {}
        self._start = time.time()
        self._session: Session | None = None

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A module that cannot be imported is a test that failed."""
        if report.failed:
            # The last line of an error in a syntax says what is wrong, the first ones where.
            text = _text(report)
            found = failure(report.nodeid, _error_lines(text)[-1], text)
            self._cases[report.nodeid] = Case(report.nodeid, FAILED, 0, "collection", failure=found)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add a phase of a test: it passes if all phases do."""
        before = self._cases.get(report.nodeid)
        if before is None or before.outcome == PASSED:
            self._cases[report.nodeid] = _case(report, before.seconds if before else 0)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Fail the session for what pytest would let pass, and write the report."""
        complete = exitstatus in (0, 1) and collect.is_complete(self._config)
        self._session = self._finished(complete, int(exitstatus))
        if not self._session.passed and exitstatus in (
            pytest.ExitCode.OK,
            pytest.ExitCode.NO_TESTS_COLLECTED,
        ):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        report.write_all(self._session, self._config.rootpath)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print the summary."""
        if self._session:
            report.print_summary(self._session, terminalreporter, self._config.rootpath)

    def _finished(self, complete: bool, exitstatus: int) -> Session:
        root = self._config.rootpath
        cases = list(self._cases.values())
        coverage = collect.coverage(self._plan)
        return Session(
            plan=self._plan,
            seed=seeds.base(),
            effort=session.effort(),
            command=" ".join(["pytest", *self._config.invocation_params.args]),
            started=datetime.fromtimestamp(self._start).isoformat(timespec="seconds"),
            seconds=time.time() - self._start,
            cases=cases,
            coverage=coverage,
            waveforms=collect.waveforms(root, since=self._start),
            complete=complete,
            faults=collect.session_faults(cases, coverage, complete, exitstatus),
        )


def _case(report: pytest.TestReport, seconds_before: float) -> Case:
    properties = dict(report.user_properties)
    outcome = FAILED if report.failed else SKIPPED if report.skipped else PASSED
    # A worker that crashed leaves a report without properties.
    description = properties.get(_CASE) or {"test": report.nodeid.rpartition("::")[2]}
    return Case(
        node_id=report.nodeid,
        outcome=outcome,
        seconds=seconds_before + getattr(report, "duration", 0.0),
        reason=_skip_reason(report) if report.skipped else None,
        failure=_failure(report, properties.get(_RUN, {})) if report.failed else None,
        notes=tuple(str(text) for name, text in report.user_properties if name == _NOTE),
        **description,
    )


def _failure(report: pytest.TestReport, known: dict[str, str | None]) -> Failure:
    text = _text(report)
    return failure(
        report.nodeid,
        known.get("cause") or _error_lines(text)[0],
        text,
        log=known.get("log"),
        simulation=report.nodeid.startswith(_SIMULATIONS),
    )


def _text(report: pytest.TestReport | pytest.CollectReport) -> str:
    """All that pytest shows of a failure."""
    # Of a worker that crashed it is a string, to which `longreprtext` would add a head.
    return report.longrepr if isinstance(report.longrepr, str) else report.longreprtext


def _error_lines(text: str) -> list[str]:
    """The lines which pytest marks as those of the exception; else the text."""
    return [line[2:].strip() for line in text.splitlines() if line.startswith("E ")] or [text]


def _skip_reason(report: pytest.TestReport) -> str:
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    return getattr(report, "wasxfail", "") or "expected to fail"
