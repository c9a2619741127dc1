"""Runs are recorded whole or not at all, whoever else writes, and what cannot be used is told."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from heepstor import cli, history, revision
from heepstor.errors import HistoryError
from heepstor.history import database
from heepstor.revision import ROOT
from verif.harness import browser

LAYERS = {"conv1+relu1": 1000, "fc1": 200}


def a_report(**changes: Any) -> dict[str, Any]:
    """What the history takes of a report; `cycles` changes those of layers, `commit` is short."""
    cycles = LAYERS | changes.pop("cycles", {})
    commit = changes.pop("commit", "a")
    shape = [changes.pop("batch", 1), 12]
    return {
        "revision": {"commit": commit * 40, "dirty": False},
        "project": "net",
        "backend": "stream",
        "config": {"hash": "0x00000001"},
        "quantization": "per_channel",
        "assertions": True,
        "passed": True,
        "layers": [
            {
                "name": name,
                "backend": "stream",
                "input_shape": shape,
                "cycles": count,
                "predicted_cycles": 900,
            }
            for name, count in cycles.items()
        ],
        **changes,
    }


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "history.sqlite"


def recorded(path: Path, *reports: dict[str, Any]) -> list[history.Series]:
    for report in reports:
        history.record(report, path)
    return history.series_of(history.read(path))


def test_what_is_recorded_is_what_is_read(path: Path) -> None:
    history.record(a_report(passed=False, cycles={"fc1": None}), path)
    (run,) = history.read(path)
    assert (run.project, run.backend, run.config, run.passed) == ("net", "stream", "0x00000001", 0)
    assert str(run.revision) == "a" * 9
    assert run.layers == (
        history.LayerCycles("conv1+relu1", "stream", 1000, 900),
        history.LayerCycles("fc1", "stream", None, 900),
    )
    assert run.total is None
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", run.time)


def test_a_file_that_is_not_there_has_no_run_and_is_not_made(path: Path) -> None:
    assert history.read(path) == []
    assert not path.exists()


def write_runs(path: Path, number: int) -> None:
    for _ in range(5):
        history.record(a_report(project=f"net{number}"), path)


def test_processes_that_record_at_once_lose_no_run(path: Path) -> None:
    with ProcessPoolExecutor(8, mp_context=get_context("fork")) as pool:
        for done in [pool.submit(write_runs, path, number) for number in range(8)]:
            done.result()
    runs = history.read(path)
    assert len(runs) == 40
    assert {(len(run.layers), run.total) for run in runs} == {(2, 1200)}


class InterruptedLayers(list[dict[str, Any]]):
    """Layers of a report, of which the process sees the first and ends."""

    def __iter__(self) -> Iterator[dict[str, Any]]:
        yield self[0]
        os.kill(os.getpid(), signal.SIGKILL)


def record_and_die(path: Path) -> None:
    report = a_report(commit="b")
    history.record(report | {"layers": InterruptedLayers(report["layers"])}, path)


def test_a_process_that_is_killed_while_it_writes_leaves_the_runs_before(path: Path) -> None:
    history.record(a_report(), path)
    process = get_context("fork").Process(target=record_and_die, args=(path,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert [run.total for run in history.read(path)] == [1200]
    history.record(a_report(), path)
    assert len(history.read(path)) == 2


def foreign_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE run (id)")


def later_version(path: Path) -> None:
    history.record(a_report(), path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 2")


def overwritten(path: Path) -> None:
    """A file that begins as a database and goes on with something else."""
    history.record(a_report(), path)
    content = path.read_bytes()
    path.write_bytes(content[:100] + b"\xa5" * (len(content) - 100))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: path.write_text("no database\n" * 100), "file is not a database"),
        (foreign_database, "is the database of another program"),
        (later_version, "is of version 2, and this HEEPstor reads version 1"),
        (overwritten, "database disk image is malformed"),
        (Path.mkdir, "unable to open database file"),
    ],
    ids=["text", "foreign", "later version", "damaged", "folder"],
)
def test_a_file_that_is_no_history_is_refused_and_kept(
    path: Path, spoil: Callable[[Path], object], message: str
) -> None:
    path.parent.mkdir()
    spoil(path)
    before = path.read_bytes() if path.is_file() else None
    for use in (history.read, lambda path: history.record(a_report(), path)):
        with pytest.raises(HistoryError, match=message) as caught:
            use(path)
        assert str(path) in str(caught.value)
        assert "HEEPSTOR_HISTORY can name another file" in str(caught.value)
    assert (path.read_bytes() if path.is_file() else None) == before


def test_a_folder_in_which_nobody_may_write_is_told() -> None:
    # /proc takes no file, not even from root, whom permissions do not stop.
    with pytest.raises(HistoryError, match=r"/proc/history\.sqlite: unable to open database file"):
        history.record(a_report(), Path("/proc/history.sqlite"))
    with pytest.raises(HistoryError, match=r"/proc/heepstor/history\.sqlite: No such file"):
        history.record(a_report(), Path("/proc/heepstor/history.sqlite"))


def test_a_file_that_another_process_keeps_locked_is_told(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_PATIENCE_S", 0.01)
    history.record(a_report(), path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(HistoryError, match="database is locked"):
            history.record(a_report(), path)
    assert len(history.read(path)) == 1


@pytest.mark.parametrize(("value", "expected"), [("a/b", Path("a/b")), ("", None)])
def test_the_environment_names_the_file_or_none(
    monkeypatch: pytest.MonkeyPatch, value: str, expected: Path | None
) -> None:
    monkeypatch.setenv(history.VARIABLE, value)
    assert history.default_path() == expected
    monkeypatch.delenv(history.VARIABLE)
    default = history.default_path()
    assert default is not None
    assert default.parts[-2:] == ("build", "history.sqlite")


@pytest.mark.parametrize(
    "changes",
    [
        {"project": "other"},
        {"backend": "direct"},
        {"config": {"hash": "0x00000002"}},
        {"quantization": "per_tensor"},
        {"batch": 8},
        {"assertions": False},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_runs_that_differ_in_more_than_the_sources_are_not_compared(
    path: Path, changes: dict[str, Any]
) -> None:
    first, second = recorded(path, a_report(), a_report(**changes), a_report(commit="b"))
    assert sorted([len(first.runs), len(second.runs)]) == [1, 2]
    assert first.title != second.title


def test_runs_that_repeat_the_one_before_are_one_step(path: Path) -> None:
    (series,) = recorded(
        path,
        a_report(),
        a_report(),
        a_report(cycles={"fc1": 201}),
        a_report(commit="b", cycles={"fc1": 201}),
        a_report(commit="b", cycles={"fc1": 201}, passed=False),
    )
    assert [(run.cycles("fc1"), run.passed) for run in series.steps] == [
        (200, True),
        (201, True),
        (201, True),
        (201, False),
    ]


def cells(table: list[list[str]]) -> dict[str, list[str]]:
    return {name: row for name, *row in table[1:]}


def test_the_trend_shows_each_layer_at_each_commit_and_its_change(path: Path) -> None:
    (series,) = recorded(path, a_report(), a_report(commit="b", cycles={"fc1": 150}, passed=False))
    table = history.trend(series, last=6)
    assert table[0] == ["layer", "change", "a" * 9, "b" * 9]
    rows = cells(table)
    assert rows["conv1+relu1"] == ["0", "1,000", "1,000"]
    assert rows["fc1"] == ["-50 (-25.00%)", "200", "150"]
    assert rows["total"] == ["-50 (-4.17%)", "1,200", "1,150"]
    assert rows["predicted"] == ["", "1,800", "1,800"]
    assert rows["verdict"] == ["", "PASS", "FAIL"]


def test_a_run_with_a_layer_that_was_not_predicted_has_no_total_of_predictions(path: Path) -> None:
    old, new = a_report(), a_report(commit="b")
    old["layers"][0]["predicted_cycles"] = 0
    (series,) = recorded(path, old, new)
    assert cells(history.trend(series, last=6))["predicted"] == ["", "-", "1,800"]


def test_a_trend_is_rendered_in_columns_under_the_name_of_its_series(path: Path) -> None:
    (series,) = recorded(path, a_report(), a_report(commit="b", cycles={"fc1": 150}))
    lines = history.render([series], last=6).splitlines()
    assert lines[0] == "net, stream, configuration 0x00000001"
    assert len({len(line) for line in lines if line.split()[:1] == ["fc1"]}) == 1


def test_the_columns_are_the_commits_of_a_repository(path: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "rtl").mkdir(parents=True)
    git = ("git", "-C", str(project), "-c", "user.name=a", "-c", "user.email=a@b.c")
    subprocess.run([*git, "init", "--quiet"], check=True)
    shown = []
    for cycles in (100, 90, 95):
        (project / "rtl" / "a.sv").write_text(f"{cycles}\n", encoding="utf-8")
        if cycles != 95:  # the last change is not committed
            subprocess.run([*git, "add", "."], check=True)
            subprocess.run([*git, "commit", "--quiet", "--message", "a"], check=True)
        found = revision.current(project)
        shown.append(str(found))
        recorded(path, a_report(revision=found.as_dict(), cycles={"fc1": cycles}))
    (series,) = history.series_of(history.read(path))
    table = history.trend(series, last=6)
    assert table[0][2:] == shown
    assert len(set(shown)) == 3
    assert shown[2] == f"{shown[1]}+"
    assert cells(table)["fc1"] == ["-5 (-5.00%)", "100", "90", "95"]


def test_the_trend_shows_only_the_last_steps_and_compares_with_the_first_shown(path: Path) -> None:
    (series,) = recorded(
        path, *(a_report(commit=c, cycles={"fc1": n}) for c, n in [("a", 9), ("b", 4), ("c", 5)])
    )
    table = history.trend(series, last=2)
    assert table[0][2:] == ["b" * 9, "c" * 9]
    assert cells(table)["fc1"] == ["+1 (+25.00%)", "4", "5"]


def test_a_layer_that_came_later_has_no_cycles_before(path: Path) -> None:
    (series,) = recorded(path, a_report(), a_report(commit="b", cycles={"softmax": 50}))
    assert cells(history.trend(series, last=6))["softmax"] == ["-", "-", "50"]


@pytest.mark.parametrize("name", ["conv1+relu1", "conv1", "relu1"])
def test_a_layer_is_found_by_its_name_or_that_of_a_module(path: Path, name: str) -> None:
    (narrow,) = history.narrowed(recorded(path, a_report()), name)
    assert narrow.layers == ["conv1+relu1"]
    assert "total" not in cells(history.trend(narrow, last=6))


def heepstor(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = cli.main(["history", *arguments])
    return status, *capsys.readouterr()


def test_the_command_lists_all_projects_with_their_latest_change(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded(path, a_report(project="b"), a_report(), a_report(cycles={"fc1": 300}), a_report())
    status, out, _ = heepstor(capsys, "--database", str(path))
    assert status == 0
    first, second = (line.split() for line in out.splitlines()[1:])
    assert first[:4] == ["b", "stream", "0x00000001", "1"]
    assert second[-3:] == ["1,200", "-100", "(-7.69%)"]


def test_a_file_that_is_asked_for_and_not_there_is_named(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = path.with_name("typo.sqlite")
    status, out, err = heepstor(capsys, "--database", str(missing))
    assert (status, out) == (2, "")
    assert f"{missing}: there is no such file" in err
    assert not missing.exists()


def test_the_command_finds_the_file_that_the_environment_names(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded(path, a_report())
    monkeypatch.setenv(history.VARIABLE, str(path))
    status, out, _ = heepstor(capsys, "net", "--layer", "fc1")
    assert status == 0
    assert "fc1" in out
    assert "conv1" not in out


def test_the_command_gives_scripts_every_run(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded(path, a_report(), a_report(), a_report(project="other"))
    _, out, _ = heepstor(capsys, "net", "--database", str(path), "--json")
    (series,) = json.loads(out)
    assert (series["project"], series["backend"], len(series["runs"])) == ("net", "stream", 2)
    run = series["runs"][0]
    assert (run["commit"], run["dirty"], run["total_cycles"]) == ("a" * 40, False, 1200)
    assert run["layers"][1] == {
        "name": "fc1", "backend": "stream", "cycles": 200, "predicted": 900,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("reports", "arguments", "message"),
    [
        ([], [], "no run is recorded yet; `heepstor sim <project>` records one"),
        ([a_report()], ["nut"], "no run of nut is recorded; there are: net (stream)"),
        (
            [a_report()],
            ["net", "--backend", "direct"],
            "no run of net with back-end direct is recorded; there are: net (stream)",
        ),
        (
            [a_report()],
            ["--backend", "direct"],
            "no run with back-end direct is recorded; there are: net (stream)",
        ),
        ([a_report()], ["--layer", "c"], "no run has a layer 'c'; there are: conv1+relu1, fc1"),
    ],
)
def test_what_was_never_run_is_answered_with_what_was(
    path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    reports: list[dict[str, Any]],
    arguments: list[str],
    message: str,
) -> None:
    for report in reports:
        history.record(report, path)
    monkeypatch.setenv("HEEPSTOR_HISTORY", str(path))
    status, out, err = heepstor(capsys, *arguments)
    assert (status, out) == (2, "")
    assert message in err


def test_the_page_draws_a_line_for_each_layer_and_names_each_commit(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded(
        path,
        a_report(),
        a_report(commit="b", cycles={"fc1": 300}),
        a_report(commit="c", cycles={"fc1": 250, "<b>": 0}),
        a_report(project="other"),
    )
    html = tmp_path / "trend.html"
    status, _, _ = heepstor(capsys, "--database", str(path), "--html", str(html))
    assert status == 0
    text = html.read_text(encoding="utf-8")
    assert text.count("<svg") == 2
    picture = text[text.index("<svg") : text.index("</svg>")]
    for words in ("conv1+relu1", "fc1", "total", "a" * 9, "b" * 9, "c" * 9, "&lt;b&gt;"):
        assert words in picture, words
    assert "<b>" not in text
    assert not re.search(r"<script|<link|\bsrc=|@import|https?://(?!www.w3.org)", text)


def test_every_documented_command_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (ROOT / "docs" / "cycle-regressions.md").read_text(encoding="utf-8")
    documented = re.findall(r"^heepstor (history.*?)(?:  .*)?$", text, re.MULTILINE)
    assert len(documented) == 7
    monkeypatch.chdir(tmp_path)
    path = Path("build", "regression", "history.sqlite")
    history.record(a_report(project="cifar10", cycles={"conv2+relu2": 7}), path)
    monkeypatch.setenv(history.VARIABLE, str(path))
    for line in documented:
        assert cli.main(line.split()) == 0, line
        assert "cifar10" in capsys.readouterr().out


_OUTSIDE = """[...page.querySelectorAll("svg text")].filter((text) => {
    const inner = text.getBoundingClientRect();
    const outer = text.closest("figure").getBoundingClientRect();
    return inner.left < outer.left || inner.right > outer.right;
}).map((text) => text.textContent)"""


@pytest.mark.parametrize("width", browser.WIDTHS)
def test_the_page_fits_and_is_readable_in_a_browser(path: Path, tmp_path: Path, width: str) -> None:
    from heepstor.history import page

    long = {f"{'convolution' * 5}{number}": 10 for number in range(9)}
    series = recorded(path, *(a_report(commit=c, cycles=long) for c in "abcdef"))
    html = page.render(series, last=6)
    shown = browser.look(html, browser.WIDTHS[width], tmp_path, {"outside": _OUTSIDE})
    assert shown["needed"] == browser.WIDTHS[width], "the page has to be scrolled sideways"
    assert shown["outside"] == []
    assert list(browser.unreadable(shown)) == []
    assert shown["loaded"] == []
    assert "net, stream, configuration 0x00000001" in shown["text"]


@pytest.mark.parametrize("slow", ["torch", "matplotlib", "numpy"])
def test_a_table_needs_nothing_that_takes_long_to_load(slow: str) -> None:
    program = (
        f"import sys; import heepstor.cli, heepstor.history; sys.exit({slow!r} in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
