"""Each assertion of ours reports the violation that is planted for it.

The violation planted for `SumsAreExpected` is the cocotb test `sums_are_expected`: it drives inputs
against the rules or, where no input can break them, changes what the module holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from heepstor.build import rtl
from verif.assertions import scan
from verif.harness import cocotb_runner
from verif.harness.cocotb_runner import RunError, run_module
from verif.rtl import sa, soc
from verif.rtl.obi_xbar.test_obi_xbar import ASSERTIONS as XBAR_ASSERTIONS
from verif.rtl.systolic_array import runner as whole_array

_CORE = (*sa.ARRAY_MODULES, "clk_gate", "sa_accumulator", "sa_core")
_WEIGHTS = (
    *("sa_pkg", "sa_job_pkg", "fifo", "sa_weight_fetch"),
    *("sa_gearbox", "sa_tile_loop", "sa_weights"),
)


def _breakers(module: str) -> str:
    return f"verif.rtl.{module}.cocotb_rule_breakers"


def array_files(*modules: str) -> list[Path]:
    return [path for path in rtl.array() if path.stem in modules]


@dataclass(frozen=True)
class Bench:
    """A module that has assertions, and where their violations are."""

    sources: Sequence[Path]
    tests: str
    parameters: dict[str, int] = field(default_factory=dict)


# With the parameters of a module's own test, where there is one with few: the simulator is shared.
BENCHES = {
    "sa_core": Bench(
        [sa.ONE_PE, *array_files(*_CORE)],
        "verif.assertions.cocotb_sa_core",
        {"Size": 4, "AccumulatorRows": 64},
    ),
    "sa_subordinate": Bench(
        array_files("sa_pkg", "sa_reg_pkg", "sa_job_pkg", "sa_subordinate"),
        "verif.assertions.cocotb_sa_subordinate",
        {"Size": 4, "AccumulatorRows": 4},
    ),
    "sa_stream": Bench(
        rtl.array(),
        "verif.assertions.cocotb_sa_stream",
        {"Size": 4, "AccumulatorRows": 4, "ActivationWords": 16, "WeightRows": 16},
    ),
    "sa_descriptor": Bench(
        array_files("sa_reg_pkg", "sa_job_pkg", "sa_descriptor"),
        "verif.assertions.cocotb_sa_descriptor",
        {"Size": 4, "AccumulatorRows": 4},
    ),
    "sa_weights": Bench(
        array_files(*_WEIGHTS),
        "verif.assertions.cocotb_sa_weights",
        {"Size": 4, "Ports": 1, "WeightRows": 16},
    ),
    "sa_weight_fetch": Bench(
        array_files(*_WEIGHTS[:4]),
        "verif.assertions.cocotb_sa_weight_fetch",
    ),
    "sa_port": Bench(
        array_files("sa_job_pkg", "fifo", "obi_assertions", "sa_port"),
        "verif.assertions.cocotb_sa_port",
    ),
    "sa_activations": Bench(
        array_files("sa_job_pkg", "sa_activations"),
        "verif.assertions.cocotb_sa_activations",
        {"Size": 4, "Ports": 1, "Words": 8},
    ),
    "sa_steps": Bench(
        array_files("sa_pkg", "sa_job_pkg", "sa_steps"),
        _breakers("sa_steps"),
        {"Size": 4, "AccumulatorRows": 64, "ActivationWords": 64},
    ),
    "sa_epilogue": Bench(
        array_files(*sa.EPILOGUE_MODULES),
        _breakers("sa_epilogue"),
    ),
    "sa_drain": Bench(
        array_files(*sa.DRAIN_MODULES),
        "verif.assertions.cocotb_sa_drain",
        {"Size": 4, "AccumulatorRows": 8, "Ports": 1},
    ),
    "obi_assertions": Bench(
        array_files("obi_assertions"),
        "verif.assertions.cocotb_obi_assertions",
        {"MaxOutstanding": 1},
    ),
    "obi_xbar_assertions": Bench(
        # Without the `bind` at its end: there is no crossbar.
        array_files("obi_assertions"),
        "verif.assertions.cocotb_obi_xbar_assertions",
    ),
}
QUICK = {"obi_assertions", "obi_xbar_assertions", "sa_core", "sa_port", "sa_steps"}
"""The protocols, and whose violations show in the result of a network last; others with `--full`,
as test_forms.py looks at every form in use each time."""

BREAKERS = {
    "StepWaitsUnchanged": (_breakers("sa_core"), "step_that_is_withdrawn"),
    "JobBeginsWhenNoneRuns": (_breakers("sa_steps"), "job_that_begins_while_a_step_waits"),
    "TileStaysUntilItsLastStep": (_breakers("sa_steps"), "tile_that_goes_too_early"),
    "OnlyTakenHalvesAreGivenBack": (_breakers("sa_steps"), "half_that_is_given_back_twice"),
    "ReluIsConstantWhileOperationsAreOnTheirWay": (
        _breakers("sa_epilogue"),
        "relu_that_changes_before_the_result",
    ),
}
"""Cocotb module and test of what is planted among the tests of a module."""


_TEST_BEGINS = re.compile(r" running (?:\w+\.)*(\w+) \(\d+/\d+\)")
_ASSERTION_FAILS = re.compile(r"Assertion failed in [\w.\[\]]+\.(\w+)")


def snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def reported(run: Callable[..., None], *, tests: Sequence[str]) -> dict[str, set[str]]:
    """Names of the assertions that each of some cocotb tests makes report.

    Args:
        run: `run_module`, or what takes its settings, with all but the tests.
        tests: their names.
    """
    wanted = f"({'|'.join(tests)})$"
    try:
        run(test_filter=wanted, plusargs=["+verilator+error+limit+1000"])
    except RunError as error:
        _, *parts = _TEST_BEGINS.split(error.log.read_text(encoding="utf-8"))
        names, logs = parts[::2], parts[1::2]
        return {
            name: set(_ASSERTION_FAILS.findall(log)) for name, log in zip(names, logs, strict=True)
        }
    return {}


@pytest.fixture(autouse=True)
def _runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs that fail on purpose leave their folders where pytest sweeps."""
    monkeypatch.setattr(cocotb_runner, "RUNS", tmp_path)


def sources_of(top: str, folder: Path) -> list[Path]:
    """The files of a bench."""
    if top != "obi_xbar_assertions":
        return list(BENCHES[top].sources)
    module = folder / "obi_xbar_assertions.sv"
    text = XBAR_ASSERTIONS[1].read_text(encoding="utf-8")
    module.write_text(text[: text.index("\nbind ")], encoding="utf-8")
    return [*BENCHES[top].sources, module]


def planted(top: str) -> dict[str, tuple[str, str]]:
    """Module and name of the cocotb test that violates each assertion of a bench."""
    return {
        assertion.name: BREAKERS.get(
            assertion.name, (BENCHES[top].tests, snake_case(assertion.name))
        )
        for assertion in scan.of_ours()
        if assertion.file.stem == top
    }


def test_every_file_with_assertions_has_a_bench() -> None:
    assert {assertion.file.stem for assertion in scan.of_ours()} == set(BENCHES)


@pytest.mark.parametrize(
    "top",
    [pytest.param(top, marks=() if top in QUICK else pytest.mark.full) for top in BENCHES],
)
def test_planted_violations_are_reported(top: str, tmp_path: Path) -> None:
    """All of a bench in one process: most of what one costs is its start."""
    files, violations = sources_of(top, tmp_path), planted(top)
    for module in sorted({module for module, _ in violations.values()}):
        tests = {name: test for name, (where, test) in violations.items() if where == module}
        run = partial(run_module, top, files, module, BENCHES[top].parameters)
        found = reported(run, tests=list(tests.values()))
        silent = [name for name, test in tests.items() if name not in found.get(test, ())]
        assert not silent, f"planted in {module}, and not reported: {silent}"


@pytest.mark.parametrize("top", ["obi_assertions", "obi_xbar_assertions"])
def test_port_that_keeps_the_rules_is_not_reported(top: str, tmp_path: Path) -> None:
    run_module(
        top,
        sources_of(top, tmp_path),
        BENCHES[top].tests,
        BENCHES[top].parameters,
        test_filter="no_rule_is_broken$",
    )


def test_rules_of_obi_are_looked_at_in_the_array() -> None:
    run = partial(whole_array.run, "verif.assertions.cocotb_ports", size=4, rows=64, ports=2)
    found = reported(run, tests=["array_loses_a_request"])
    assert found == {"array_loses_a_request": {"RequestWaitsForItsGrant"}}


def test_rules_of_obi_are_looked_at_in_the_crossbar() -> None:
    files = [*soc.sources("obi_xbar"), *XBAR_ASSERTIONS]
    parameters = {"Managers": 1, "Subordinates": 1}
    run = partial(run_module, "obi_xbar", files, "verif.assertions.cocotb_ports", parameters)
    found = reported(run, tests=["crossbar_loses_a_request"])
    assert found == {"crossbar_loses_a_request": {"RequestWaitsForItsGrant"}}
