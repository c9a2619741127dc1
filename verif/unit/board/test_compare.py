"""`heepstor compare`: the verdict over a log, and what is wrong with logs that are none."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from heepstor import cli, project
from heepstor.board.compare import Comparison
from heepstor.board.files import compare_files
from heepstor.board.text import render
from heepstor.errors import HeepstorError, LogError, ProjectError, ReportError, ToleranceError
from verif.unit.board import samples


def compare(folder: Path, lines: Sequence[str], **arguments: Any) -> Comparison:
    """Compare a log with the sample report."""
    return compare_files(
        "tiny",
        samples.saved(folder, lines),
        report_file=samples.written(folder, samples.report()),
        **arguments,
    )


def refused(folder: Path, lines: Sequence[str], **arguments: Any) -> str:
    """The message with which a log is refused."""
    with pytest.raises(LogError) as error:
        compare(folder, lines, **arguments)
    return str(error.value)


def test_the_log_of_the_same_run_passes_with_no_difference(tmp_path: Path) -> None:
    found = compare(tmp_path, samples.log())
    assert found.passed
    assert [(row.simulated, row.difference) for row in found.rows] == [
        (1000, 0),
        (500, 0),
        (200, 0),
    ]
    assert (found.faults, found.notes, found.causes) == ((), (), ())
    assert render(found).endswith("PASS: 3 layers within their tolerances")


def test_one_cycle_more_fails_and_the_table_shows_where(tmp_path: Path) -> None:
    found = compare(tmp_path, samples.log([1000, 501, 200]))
    assert not found.passed
    table = render(found)
    (row,) = (line for line in table.splitlines() if line.startswith("fc1"))
    assert row.split() == ["fc1", "499", "500", "501", "+1", "+0.20%", "0", "<--"]
    (total,) = (line for line in table.splitlines() if line.startswith("total"))
    assert total.split() == ["total", "1,697", "1,700", "1,701", "+1", "+0.06%"]
    assert table.endswith("FAIL: outside the tolerance: fc1")


@pytest.mark.parametrize("cycles", [(999, 500, 200), (1000, 499, 200), (1000, 500, 199)])
def test_one_cycle_less_fails_too(tmp_path: Path, cycles: Sequence[int]) -> None:
    assert not compare(tmp_path, samples.log(cycles)).passed


@pytest.mark.parametrize(
    ("tolerances", "passed"),
    [
        (["9"], False),
        (["10"], True),
        (["2%"], True),
        (["1.9%"], False),
        (["fc1=10"], True),
        (["softmax=10"], False),
        (["100", "fc1=0"], False),
        (["fc1=0", "100"], True),
        (["relu1=1%", "fc1=2%"], True),
    ],
)
def test_a_tolerance_is_of_all_layers_or_of_one_and_the_last_counts(
    tmp_path: Path, tolerances: list[str], passed: bool
) -> None:
    assert compare(tmp_path, samples.log([1000, 510, 200]), tolerances=tolerances).passed is passed


def test_the_projects_tolerance_counts_until_the_command_says_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Tolerant:
        cycle_tolerance = ("fc1=10",)

        def define(self) -> Tolerant:
            return self

    monkeypatch.setattr(project, "names", lambda: ["tiny"])
    monkeypatch.setattr(project, "find", lambda name: Tolerant())
    lines = samples.log([1000, 510, 200])
    assert compare(tmp_path, lines).passed
    assert not compare(tmp_path, lines, tolerances=["fc1=9"]).passed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("many", "tolerance 'many': accepted is N or N%, of all layers, or LAYER=N or LAYER=N%"),
        ("-1", "tolerance '-1': accepted is"),
        ("1.5", "tolerance '1.5': accepted is"),
        ("fc9=1", "'fc9=1': there is no such layer; there are: conv1+relu1, fc1, softmax"),
    ],
)
def test_a_tolerance_that_is_none_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ToleranceError) as error:
        compare(tmp_path, samples.log(), tolerances=[text])
    assert message in str(error.value)


# What is not the same run.


@pytest.mark.parametrize(
    ("identity", "message"),
    [
        (
            "config=0x00000009 rtl=0x00000002 image=0x00000003",
            "configuration: 0x00000001 in the report, 0x00000009 in the log; --allow",
        ),
        (
            "config=0x00000001 rtl=0x00000009 image=0x00000003",
            "RTL: 0x00000002 in the report, 0x00000009 in the log; --allow",
        ),
        (
            "config=0x00000001 rtl=0x00000002 image=0x00000009",
            "image: 0x00000003 in the report, 0x00000009 in the log; --allow",
        ),
        (
            "config=0x00000001",
            "RTL: 0x00000002 in the report, not named in the log; "
            "image: 0x00000003 in the report, not named in the log; --allow",
        ),
    ],
)
def test_another_configuration_rtl_or_image_is_named_and_refused(
    tmp_path: Path, identity: str, message: str
) -> None:
    assert message in refused(tmp_path, samples.log(identity=identity))
    allowed = compare(tmp_path, samples.log(identity=identity), allow_mismatch=True)
    assert allowed.passed
    assert not all(fact.agrees for fact in allowed.facts)


def test_a_log_of_another_project_is_refused(tmp_path: Path) -> None:
    message = refused(tmp_path, samples.log(project="other"), allow_mismatch=True)
    assert "log.txt: is a log of another project than tiny: '@heepstor version=1" in message


def test_a_project_whose_name_begins_like_ours_is_another(tmp_path: Path) -> None:
    assert "of another project" in refused(tmp_path, samples.log(project="tiny2"))


# Logs that are damaged: each fault is named, the other layers are compared, nothing passes.


def faults_of(folder: Path, lines: Sequence[str]) -> tuple[str, ...]:
    found = compare(folder, lines)
    assert not found.passed
    assert render(found).splitlines()[-1].startswith("FAIL: ")
    return found.faults


def test_a_truncated_log_names_what_is_missing_and_compares_the_rest(tmp_path: Path) -> None:
    lines = samples.log()[:3]
    assert faults_of(tmp_path, lines) == (
        "the log ends before the @result record: it is truncated",
        "layer softmax is missing in the log",
    )
    found = compare(tmp_path, lines)
    assert [row.difference for row in found.rows] == [0, 0, None]
    table = render(found)
    assert "total of 2 layers" in table
    assert table.endswith("FAIL: faults: 2")


def test_a_log_cut_in_the_middle_of_a_record_names_the_record(tmp_path: Path) -> None:
    lines = samples.log()
    cut = [*lines[:3], lines[3][:20]]
    assert f"a record is damaged: {lines[3][:20]!r}" in faults_of(tmp_path, cut)


@pytest.mark.parametrize("position", range(len(samples.log()) - 1))
def test_a_log_without_its_end_never_passes(tmp_path: Path, position: int) -> None:
    text = "".join(f"{line}\n" for line in samples.log())
    end = sum(len(line) + 1 for line in samples.log()[: position + 1]) + 5
    path = tmp_path / "log.txt"
    path.write_text(text[:end], encoding="latin-1")
    report = samples.written(tmp_path, samples.report())
    assert not compare_files("tiny", path, report_file=report).passed


def test_a_layer_that_is_missing_is_named(tmp_path: Path) -> None:
    lines = samples.log()
    del lines[2]
    assert faults_of(tmp_path, lines)[0] == "layer fc1 is missing in the log"


def test_a_layer_that_was_added_is_named(tmp_path: Path) -> None:
    lines = samples.log()
    lines.insert(4, "@layer index=3 cycles=10 hash=0x00000001 ok=1")
    assert faults_of(tmp_path, lines)[0] == "layer 3 is in the log, but the report has 3 layers"


@pytest.mark.parametrize("kind", ["@total", "@memory"])
@pytest.mark.parametrize("noise", ["", "\xa4"])
def test_a_total_or_memory_that_is_missing_or_lost_its_beginning_is_named(
    tmp_path: Path, kind: str, noise: str
) -> None:
    without = [line for line in samples.log() if not line.startswith(kind)]
    lost = [line.replace(kind, f"{noise}{kind[1:]}") for line in samples.log()]
    for lines in (without, lost):
        assert faults_of(tmp_path, lines) == (f"the {kind} record is missing",)


def test_lines_of_two_runs_in_each_other_are_named(tmp_path: Path) -> None:
    lines = samples.log()
    lines.insert(3, "@layer index=0 cycles=1200 hash=0x00000001 ok=1")
    assert faults_of(tmp_path, lines) == (
        "layer conv1+relu1 is in the log 2 times, with 1,000 and 1,200 cycles",
        "the records of layers are not in order: lines of several runs are mixed",
        "the layers have 2,900 cycles in all, but @total says 1,700",
    )


def test_cycles_that_do_not_add_up_are_named(tmp_path: Path) -> None:
    lines = [line.replace("@total cycles=1700", "@total cycles=1701") for line in samples.log()]
    assert faults_of(tmp_path, lines) == (
        "the layers have 1,700 cycles in all, but @total says 1,701",
    )


@pytest.mark.parametrize(
    ("line", "damaged"),
    [
        (2, "@layer index=1 cycles=5\\xa40 hash=0x00000001 ok=1"),
        (2, "@layer index=1 cycles=500 ok=1"),
        (2, "Predic@layer index=1 cycles=500 hash=0x00000001 ok=1"),
        (2, "@layer index=1 cyc@layer index=1 cycles=500 hash=0x00000001 ok=1"),
        (2, "@laier index=1 cycles=500 hash=0x00000001 ok=1"),
        (4, "@total cycles="),
    ],
)
def test_a_damaged_record_is_shown(tmp_path: Path, line: int, damaged: str) -> None:
    lines = samples.log()
    lines[line] = damaged
    assert f"a record is damaged: {damaged!r}" in faults_of(tmp_path, lines)


def test_noise_before_and_between_lines_does_no_harm(tmp_path: Path) -> None:
    lines = ["\xff\x00\xfe" + line for line in samples.log()]
    lines.insert(0, "\x00\xffnoise\x80")
    assert compare(tmp_path, lines).passed


def test_lines_may_end_as_on_windows(tmp_path: Path) -> None:
    assert compare(tmp_path, [f"{line}\r" for line in samples.log()]).passed


def test_a_run_that_failed_or_panicked_is_named(tmp_path: Path) -> None:
    lines = [line.replace("hash=0x00000001 ok=1", "hash=0x2 ok=0") for line in samples.log()]
    failed = [line.replace("status=pass top1=3 exit=0", "status=fail exit=1") for line in lines]
    assert "the run failed: status=fail" in faults_of(tmp_path, failed)
    assert "layer fc1 did not compute the golden output" in faults_of(tmp_path, failed)
    panic = [*samples.log()[:2], "@panic cause=load_fault pc=0x180 value=0x0 layer=1"]
    state = ["@registers pc=0x180 ra=0x0", "@stack address=0x100 words=0x1,0x2"]
    found = faults_of(tmp_path, [*panic, *state])
    assert "the firmware ended in a panic: cause=load_fault pc=0x180 value=0x0 layer=1" in found
    assert not [fault for fault in found if "damaged" in fault]


def test_of_several_runs_the_last_whole_one_of_the_project_counts(tmp_path: Path) -> None:
    lines = [
        *samples.log([1, 2, 3])[3:],
        *samples.log([7, 8, 9]),
        *samples.log(),
        *samples.log([4, 5, 6], project="other"),
        *samples.log([1, 1, 1])[:3],
    ]
    found = compare(tmp_path, lines)
    assert found.passed
    assert found.notes == (
        "the log begins in the middle of a run, which is left out",
        "the log has 4 runs; the last whole one of this project counts, "
        "or the last if none is whole",
    )


def test_of_several_runs_without_an_end_the_last_counts_and_does_not_pass(tmp_path: Path) -> None:
    found = compare(tmp_path, [*samples.log([7, 8, 9])[:-1], *samples.log()[:-1]])
    assert [row.difference for row in found.rows] == [0, 0, 0]
    assert found.faults == ("the log ends before the @result record: it is truncated",)
    assert found.notes[0].endswith(", or the last if none is whole")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "log.txt: is empty; nothing was captured"),
        (["", "\r", "\x00\xff"], "log.txt: is empty"),
        (
            ["login: ", "Linux 6.1"],
            "log.txt: is no log of a run; it has neither records of HEEPstor's firmware nor "
            "HEEPstor's Performance Summary",
        ),
        (samples.log()[1:], "has no @heepstor record: the beginning of the run is missing"),
    ],
)
def test_a_file_that_is_no_log_is_refused(
    tmp_path: Path, lines: Sequence[str], message: str
) -> None:
    assert message in refused(tmp_path, lines)


def test_a_log_that_is_not_there_is_refused(tmp_path: Path) -> None:
    report = samples.written(tmp_path, samples.report())
    for name, reason in (("nowhere.txt", "No such file"), (".", "Is a directory")):
        with pytest.raises(LogError, match=f"cannot be read .{reason}"):
            compare_files("tiny", tmp_path / name, report_file=report)


def test_a_clock_for_a_log_that_counts_cycles_is_refused(tmp_path: Path) -> None:
    assert "counts cycles by itself; leave --clock-hz out" in refused(
        tmp_path, samples.log(), clock_hz=10
    )


# Reports.


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "cannot be read as JSON"),
        ("{}", "is no report of this version of HEEPstor ("),
        (json.dumps(samples.report("other")), "is of the project other, not of tiny"),
        (json.dumps(samples.report() | {"passed": False}), "the simulated run failed"),
    ],
)
def test_a_report_that_tells_nothing_is_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "report.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ReportError) as error:
        compare_files("tiny", samples.saved(tmp_path, samples.log()), report_file=path)
    assert message in str(error.value)


def test_a_report_that_is_missing_is_refused_with_how_to_make_it(tmp_path: Path) -> None:
    log = samples.saved(tmp_path, samples.log())
    with pytest.raises(ReportError, match="is missing; `heepstor sim` makes it"):
        compare_files("mnist-single_layer", log, report_file=tmp_path / "report.json")


def test_a_project_that_is_neither_in_sw_apps_nor_simulated_is_unknown(tmp_path: Path) -> None:
    log = samples.saved(tmp_path, samples.log())
    with pytest.raises(ProjectError, match="project 'tiny' is unknown"):
        compare_files("tiny", log, report_file=tmp_path / "report.json")


# The command.


def test_the_exit_status_tells_and_json_says_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = samples.written(tmp_path, samples.report())

    def status(lines: Sequence[str], *options: str) -> int:
        log = samples.saved(tmp_path, lines)
        return cli.main(
            ["compare", "tiny", "--fpga", str(log), "--report", str(report), "--json", *options]
        )

    assert status(samples.log()) == 0
    assert json.loads(capsys.readouterr().out)["passed"] is True
    assert status(samples.log([1000, 510, 200])) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "heepstor-comparison/1"
    assert document["identity"][1] == {
        "name": "RTL",
        "report": "0x00000002",
        "log": "0x00000002",
        "agrees": True,
    }
    assert document["layers"][1] == {
        "name": "fc1",
        "predicted_cycles": 499,
        "simulated_cycles": 500,
        "log_cycles": 510,
        "log_resolution": 0,
        "difference": 10,
        "percent": 2.0,
        "tolerance": 0,
        "within": False,
    }
    assert status(samples.log([1000, 510, 200]), "--tolerance", "fc1=2%") == 0
    assert status([]) == HeepstorError.exit_status
    assert status(samples.log(identity="config=0x00000009"), "--allow-mismatch") == 0
