"""`run_module` must raise for each way in which a run can go wrong, and only then."""

from __future__ import annotations

import re
import signal
from pathlib import Path
from typing import Any

import pytest

from verif.harness import cocotb_runner, seeds, session
from verif.harness.cocotb_runner import RunError, run_module

HERE = Path(__file__).parent


def run(test_filter: str | None, module: str = "cocotb_counter", **settings: Any) -> None:
    run_module(
        "counter",
        [HERE / "counter.sv"],
        f"verif.unit.harness.{module}",
        test_filter=test_filter,
        **settings,
    )


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of this test alone for the working folders of its runs."""
    monkeypatch.setattr(cocotb_runner, "RUNS", tmp_path / "runs")
    return tmp_path / "runs"


def test_run_whose_tests_all_pass_is_accepted_and_leaves_no_folder(runs: Path) -> None:
    run("counts$")
    assert list(runs.iterdir()) == []


@pytest.mark.parametrize(
    ("test_filter", "message"),
    [
        ("no_test_has_this_name", "no test ran"),
        ("expects_wrong_count", r"1 of 1 tests did not pass: expects_wrong_count \(failure\)"),
        ("(counts|expects_wrong_count)$", "1 of 2 tests did not pass"),
        ("kills_simulator", f"counter exited with -{int(signal.SIGABRT)}"),
        ("exits_early", "no results were written"),
    ],
)
def test_run_that_went_wrong_is_refused(runs: Path, test_filter: str, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        run(test_filter)


def test_skipped_test_is_refused(runs: Path) -> None:
    with pytest.raises(AssertionError, match=r"is_skipped \(skipped\)"):
        run(None, module="cocotb_skipped")


def test_module_that_cannot_be_imported_is_refused(runs: Path) -> None:
    with pytest.raises(AssertionError, match="ImportError: on purpose"):
        run(None, module="cocotb_not_importable")


def test_simulation_that_never_ends_is_killed(runs: Path) -> None:
    with pytest.raises(AssertionError, match=r"not over after 3 s"):
        run("never_ends", timeout_s=3)


def test_failing_sv_assertion_is_refused(runs: Path) -> None:
    run("reaches_limit", plusargs=["+cycles=90"])
    with pytest.raises(AssertionError, match="CountStaysBelowLimit"):
        run("reaches_limit", plusargs=["+cycles=110"])


def test_failing_sv_assertion_is_refused_where_the_results_are_green(runs: Path) -> None:
    with pytest.raises(AssertionError, match=r"counter exited with 1\b"):
        run("reaches_limit", plusargs=["+cycles=110", "+verilator+error+limit+1000"])
    (results,) = runs.glob("*/results.xml")
    assert "<failure" not in results.read_text(encoding="utf-8")


def test_parameter_reaches_the_module(runs: Path) -> None:
    run("reaches_limit", plusargs=["+cycles=110"], parameters={"Limit": 120})


def test_module_that_does_not_compile_is_refused_and_not_kept(runs: Path, tmp_path: Path) -> None:
    source = tmp_path / "counter.sv"
    source.write_text("module counter; no_such_type signal; endmodule\n", encoding="utf-8")
    for _ in range(2):
        with pytest.raises(AssertionError, match="no_such_type"):
            run_module("counter", [source], "verif.unit.harness.cocotb_counter")


def test_failure_names_the_command_that_reproduces_it(runs: Path) -> None:
    with pytest.raises(RunError) as caught:
        run("expects_wrong_count")
    effort = " --full" if session.effort() == session.FULL else ""
    test = "verif/unit/harness/test_cocotb_runner.py::"
    assert caught.value.reproduce.startswith(f"pytest{effort} --seed {seeds.base()} {test}")
    assert caught.value.reproduce in str(caught.value)


@pytest.mark.parametrize(
    ("test_filter", "settings", "cause"),
    [
        ("expects_wrong_count", {}, r"assert \d+ == 1"),
        ("reaches_limit", {"plusargs": ["+cycles=110"]}, r"%Error.*CountStaysBelowLimit.*"),
        ("kills_simulator", {}, r"counter exited with -6"),
        ("never_ends", {"timeout_s": 2}, r"not over after 2 s"),
    ],
)
def test_failure_holds_its_log_and_its_cause_in_one_line(
    runs: Path, test_filter: str, settings: dict[str, Any], cause: str
) -> None:
    with pytest.raises(RunError) as caught:
        run(test_filter, **settings)
    assert re.fullmatch(cause, caught.value.cause), caught.value.cause
    assert caught.value.log.parent.parent == runs
    assert caught.value.log.is_file()


def test_session_with_waves_writes_them_and_builds_nothing(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("counts$")
    monkeypatch.setattr(cocotb_runner, "exclusive", None)  # needed by every build
    monkeypatch.setenv(session.WAVES_VARIABLE, "1")
    run("counts$")
    (waves,) = runs.glob("*/dump.fst")
    assert waves.stat().st_size > 0


def test_second_run_builds_nothing(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("counts$")
    monkeypatch.setattr(cocotb_runner, "exclusive", None)  # needed by every build
    run("counts$")


def test_environment_of_the_session_changes_no_run(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COCOTB_TEST_FILTER", "no_test_has_this_name")
    monkeypatch.setenv("COCOTB_RESULTS_FILE", "elsewhere.xml")
    monkeypatch.setenv("SIM", "icarus")
    monkeypatch.setenv("WAVES", "")  # as the Makefile hands it on
    run("counts$")


def test_signal_handlers_of_the_session_are_kept(runs: Path) -> None:
    before = signal.getsignal(signal.SIGINT)
    run("counts$")
    assert signal.getsignal(signal.SIGINT) is before
