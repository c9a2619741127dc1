"""A layer that got slower fails and is named; what else differs is told; documents do not lie."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from heepstor import config, flow, project
from heepstor.ir import Backend
from verif.baselines import __main__ as command
from verif.baselines import cpus, runs
from verif.baselines.baseline import (
    FOLDER,
    Baseline,
    BaselineError,
    baseline_of,
    folder_of,
    from_report,
    load,
    save,
    update_of,
)
from verif.baselines.compare import Comparison, compare
from verif.unit import reports

BACKENDS = [backend.value for backend in Backend]
CYCLES = {"conv1": 1000, "fc1": 200, "softmax": 50}
OLD = Baseline("0123456789", "2000-01-01", "0x00000001", CYCLES, {"softmax": 5})


def compared(*, config: str = OLD.config, gone: str = "", **cycles: int) -> Comparison:
    """The old baseline beside a run whose layers took other cycles."""
    now = {layer: count for layer, count in (CYCLES | cycles).items() if layer != gone}
    return compare("net", "stream", OLD, Baseline("ab", "2000-01-02", config, now))


def test_equal_cycles_are_nothing_to_tell() -> None:
    same = compared()
    assert (same.differences, same.failures, same.text) == ((), [], "")


def test_a_slower_layer_fails_and_is_named_with_its_loss_and_its_baseline() -> None:
    slower = compared(fc1=201)
    assert slower.cause == (
        "net, stream: fc1 is slower, tolerance 0: 200 -> 201 cycles, +1 (+0.50%), "
        "since the baseline of 2000-01-01 (commit 0123456789)"
    )
    assert slower.text == (
        "net, stream: cycles since the baseline of 2000-01-01 (commit 0123456789)\n"
        "  layer  baseline    now       change\n"
        "  fc1         200    201  +1 (+0.50%)  is slower, tolerance 0\n"
        "  total     1,250  1,251  +1 (+0.08%)\n"
        "  if this is meant: python -m verif.baselines --update net"
    )


def test_of_several_slower_layers_the_worst_comes_first() -> None:
    assert compared(conv1=1010, fc1=230).cause.startswith("net, stream: fc1 is slower")
    assert compared(conv1=1010, fc1=230).cause.endswith("; and 1 more")


@pytest.mark.parametrize(("cycles", "fails"), [(55, False), (56, True)])
def test_a_layer_may_be_slower_by_its_tolerance_and_no_more(cycles: int, fails: bool) -> None:
    found = compared(softmax=cycles)
    assert bool(found.failures) == fails
    assert "is slower, tolerance 5" in found.text


def test_a_gain_is_no_failure_and_is_told_with_the_command_that_keeps_it() -> None:
    faster = compared(conv1=900)
    assert faster.failures == []
    assert re.search(r"conv1 +1,000 +900 +-100 \(-10\.00%\) +is faster", faster.text)
    assert faster.text.endswith("python -m verif.baselines --update net")


def test_a_gain_elsewhere_does_not_excuse_a_slower_layer() -> None:
    assert [found.layer for found in compared(conv1=1, fc1=201).failures] == ["fc1"]


def test_another_cpu_has_a_command_of_its_own() -> None:
    update = update_of(folder_of("ibex"))
    now = Baseline("ab", "2000-01-02", OLD.config, CYCLES | {"fc1": 201})
    text = compare("net", "stream", OLD, now, update).text
    assert text.endswith("python -m verif.baselines --update --core ibex net")


@pytest.mark.parametrize(
    ("comparison", "message"),
    [
        (compared(gone="fc1"), "fc1 is gone: 200 -> - cycles, -"),
        (compared(pool=3), "pool is new: - -> 3 cycles, -"),
    ],
)
def test_layers_that_cannot_be_compared_fail(comparison: Comparison, message: str) -> None:
    assert message in comparison.cause


def test_another_configuration_is_told_and_still_compared() -> None:
    moved = compared(config="0x00000002")
    assert moved.failures == []
    assert "configuration 0x00000001 -> 0x00000002" in moved.text
    assert compared(config="0x00000002", fc1=300).failures


def a_report(**changes: Any) -> dict[str, Any]:
    return {
        **reports.example(),
        "project": "net",
        "backend": "stream",
        "revision": {"commit": "b" * 40, "dirty": True},
        "config": hardware(f"0x{config.load().hash_hex}"),
        "layers": layer_rows(CYCLES),
        **changes,
    }


def hardware(hash_text: str) -> dict[str, Any]:
    return reports.example()["config"] | {"hash": hash_text}


def layer_rows(cycles: Mapping[str, int]) -> list[dict[str, Any]]:
    (row,) = reports.example()["layers"]
    return [row | {"name": name, "cycles": count} for name, count in cycles.items()]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"passed": False}, "net, stream: the run did not pass"),
        ({"quantization": "per_tensor"}, "the run was per_tensor with assertions on; a baseline"),
        ({"assertions": False}, "the run was per_channel with assertions off; a baseline"),
    ],
)
def test_a_run_that_was_another_cannot_become_a_baseline(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(BaselineError, match=message):
        from_report(a_report(**changes), commit="a", date="2000-01-01")


def test_what_is_saved_is_what_is_loaded_with_a_line_for_each_layer(tmp_path: Path) -> None:
    save("net", {"stream": OLD}, tmp_path)
    assert load("net", tmp_path) == {"stream": OLD}
    assert '\n   "fc1": 200,\n' in (tmp_path / "net.json").read_text(encoding="utf-8")


def an_entry(**changes: Any) -> str:
    entry = {
        "commit": "a", "date": "2000-01-01", "config": "0x00000001", "cycles": CYCLES,
        "tolerance": {},
    }  # fmt: skip
    return json.dumps({"stream": entry | changes})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is no JSON"),
        ("[]", "is not of type 'object'"),
        (an_entry(cycles={"fc1": "many"}), r"stream\.cycles\.fc1: 'many' is not of type 'integer'"),
        (an_entry(tolerance={"fc1": -1}), r"stream\.tolerance\.fc1: -1 is less than the minimum"),
        (an_entry(tolerence={}), "'tolerence' was unexpected"),
        (an_entry(date="today"), r"stream\.date: 'today' does not match"),
        (
            an_entry(tolerance={"fc2": 1}),
            r"stream\.tolerance names fc2; the layers are conv1, fc1, softmax",
        ),
    ],
)
def test_a_damaged_file_is_refused_by_its_name(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "net.json").write_text(content, encoding="utf-8")
    with pytest.raises(BaselineError, match=message) as caught:
        load("net", tmp_path)
    assert str(tmp_path / "net.json") in str(caught.value)


def test_a_project_or_back_end_without_a_baseline_is_told_how_to_make_one(tmp_path: Path) -> None:
    make_it = "python -m verif.baselines --update net makes it"
    with pytest.raises(BaselineError, match=f"net has no baseline; {make_it}"):
        baseline_of("net", "stream", tmp_path)
    save("net", {"stream": OLD}, tmp_path)
    with pytest.raises(BaselineError, match=f"net has no baseline for direct; {make_it}"):
        baseline_of("net", "direct", tmp_path)


NET = "mnist-single_layer"
Write = Callable[..., None]


@pytest.fixture
def last_run(tmp_path: Path) -> Write:
    """Writes what the last runs of a project would have left."""

    def write(**changes: Any) -> None:
        for backend in Backend:
            path = runs.report_file(NET, backend, tmp_path)
            path.parent.mkdir(parents=True, exist_ok=True)
            report = a_report(project=NET, backend=backend.value, **changes)
            path.write_text(json.dumps(report), encoding="utf-8")

    return write


def baselines(folder: Path, *arguments: str) -> int:
    return command.main([NET, *arguments], root=folder, folder=folder)


def test_an_update_makes_the_last_runs_the_baseline(tmp_path: Path, last_run: Write) -> None:
    last_run()
    assert baselines(tmp_path, "--update") == 0
    made = load(NET, tmp_path)
    assert sorted(made) == sorted(BACKENDS)
    assert made["stream"].cycles == CYCLES
    assert made["stream"].commit == "b" * 9 + "+"
    assert baselines(tmp_path) == 0


def test_an_update_of_another_cpu_takes_its_runs_and_needs_no_others(tmp_path: Path) -> None:
    ibex = f"0x{runs.hardware('ibex').hash_hex}"
    for backend in ("stream", "direct"):
        path = runs.report_file("cifar10", Backend(backend), tmp_path, "ibex")
        path.parent.mkdir(parents=True)
        report = a_report(project="cifar10", backend=backend, config=hardware(ibex))
        path.write_text(json.dumps(report), encoding="utf-8")
    arguments = ["cifar10", "--core", "ibex", "--update"]
    assert command.main(arguments, root=tmp_path, folder=tmp_path) == 0
    made = load("cifar10", tmp_path)
    assert {backend: baseline.config for backend, baseline in made.items()} == {
        "stream": ibex,
        "direct": ibex,
    }


def test_an_update_keeps_what_has_not_changed_and_tolerances(
    tmp_path: Path, last_run: Write
) -> None:
    hardware = f"0x{config.load().hash_hex}"
    same = Baseline("old", "2000-01-01", hardware, CYCLES)
    other = Baseline("old", "2000-01-01", hardware, CYCLES | {"fc1": 7}, {"fc1": 9})
    save(NET, {"software": same, "direct": other, "stream": same}, tmp_path)
    last_run()
    assert baselines(tmp_path, "--update") == 0
    made = load(NET, tmp_path)
    assert made["stream"] == same
    assert (made["direct"].cycles, made["direct"].tolerance) == (CYCLES, {"fc1": 9})
    assert made["direct"].commit != "old"


def test_the_command_fails_where_the_last_run_was_slower(
    tmp_path: Path, last_run: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    last_run()
    baselines(tmp_path, "--update")
    last_run(layers=layer_rows({name: count + 1 for name, count in CYCLES.items()}))
    assert baselines(tmp_path) == 1
    assert "+1 (+0.50%)  is slower, tolerance 0" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (None, "mnist-single_layer, software: there is no report of a run in"),
        ({"passed": False}, "the run did not pass"),
        ({"config": hardware("0x00000000")}, "was of configuration 0x00000000, and heepstor_cfg"),
        ({"schema": "heepstor-report/0"}, "is no report of this version of HEEPstor"),
    ],
)
def test_a_report_that_cannot_be_used_is_one_sentence(
    tmp_path: Path,
    last_run: Write,
    capsys: pytest.CaptureFixture[str],
    changes: dict[str, Any] | None,
    message: str,
) -> None:
    if changes is not None:
        last_run(**changes)
    assert baselines(tmp_path, "--update") == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / f"{NET}.json").exists()


def test_a_project_that_cannot_be_compared_does_not_keep_others_from_it(
    tmp_path: Path, last_run: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    last_run()
    baselines(tmp_path, "--update")
    last_run(layers=layer_rows({name: count + 1 for name, count in CYCLES.items()}))
    assert command.main(["cifar10", NET], root=tmp_path, folder=tmp_path) == 2
    shown = capsys.readouterr()
    assert "cifar10, software: there is no report of a run in" in shown.err
    assert "is slower, tolerance 0" in shown.out


def test_every_project_has_a_baseline_for_every_back_end_and_nothing_else_has() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.json")) == project.names()
    for name in project.names():
        assert sorted(load(name)) == sorted(BACKENDS)


def test_every_project_has_a_baseline_with_each_cpu() -> None:
    folder = folder_of("ibex")
    assert sorted(path.stem for path in folder.glob("*.json")) == project.names()
    for name in project.names():
        wanted = {backend.value for backend in runs.backends(name, "ibex")}
        assert load(name, folder).keys() == wanted >= {"stream", "direct"}


def test_the_table_of_cpus_is_that_of_the_baselines() -> None:
    page = cpus.PAGE.read_text(encoding="utf-8")
    assert cpus.table() in page, "python -m verif.baselines.cpus --update writes what it must show"


def test_an_update_of_the_table_of_cpus_changes_nothing_else(tmp_path: Path) -> None:
    page = cpus.PAGE.read_text(encoding="utf-8")
    copy = tmp_path / "cpus.md"
    copy.write_text(page.replace("| cifar10 |", "| CIFAR |"), encoding="utf-8")
    cpus.main(["--update"], copy)
    assert copy.read_text(encoding="utf-8") == page


def test_the_readme_shows_cycles_of_the_baseline() -> None:
    readme = (flow.ROOT / "README.md").read_text(encoding="utf-8")
    baseline = load("cifar10")
    for layer in baseline["stream"].cycles:
        (row,) = re.findall(rf"^{re.escape(layer)}  .*$", readme, re.MULTILINE)
        backend, cycles = re.search(r" (software|direct|stream) +([\d,]+) ", row).groups()
        # What no array computes takes the same whoever computes the rest.
        source = backend if "Conv2d" in row or "Linear" in row else "stream"
        assert cycles == f"{baseline[source].cycles[layer]:,}", row


def test_the_documentation_of_the_accelerator_has_totals_of_the_baseline() -> None:
    text = (flow.ROOT / "docs" / "accelerator.md").read_text(encoding="utf-8")
    sentence = re.search(r"Whole inferences measured on the SoC.*?;", text, re.DOTALL)
    assert sentence
    shown = re.findall(r"`([\w-]+)` ([\d,]*\d)", sentence[0])
    assert shown
    for name, total in shown:
        assert total == f"{sum(load(name)['stream'].cycles.values()):,}", name
