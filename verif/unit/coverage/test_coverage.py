"""What Verilator counted must arrive in the reports and in the verdict, and nothing else."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest

from verif.coverage import __main__ as command
from verif.coverage import exclusions, html, lcov, metrics, reader
from verif.coverage.exclusions import Exclusion
from verif.coverage.metrics import FileCoverage, Ratio
from verif.coverage.reader import Kind, Point
from verif.harness import cocotb_runner
from verif.harness.cocotb_runner import run_module

HERE = Path(__file__).parent
SAMPLE = HERE / "sample.dat"
"""Of a run of `sample` with the modes 0 and 1, as Verilator wrote it but for the folder's name."""
SAMPLE_ROOT = Path("/project")


def sample() -> FileCoverage:
    (file,) = metrics.by_file(reader.read(SAMPLE, root=SAMPLE_ROOT))
    return file


def excluding(source: str, point: str = "", kind: Kind = Kind.BRANCH) -> Exclusion:
    return Exclusion("sample.sv", kind, source, point, "a reason")


def dat_line(**fields: str) -> str:
    return "C '" + "".join(f"\x01{key}\x02{value}" for key, value in fields.items()) + "' 1\n"


def test_every_kind_of_the_sample_is_counted() -> None:
    assert {kind: sample().ratio(kind) for kind in Kind} == {
        Kind.LINE: Ratio(7, 8),
        Kind.BRANCH: Ratio(3, 4),
        Kind.TOGGLE: Ratio(3, 8),
        Kind.EXPRESSION: Ratio(0, 0),
    }


def test_line_of_a_branch_that_was_not_taken_has_not_run_but_its_condition_has() -> None:
    lines = sample().lines()
    assert (lines[8], lines[9], lines[11]) == (4, 0, 4)


def test_counts_of_several_runs_are_added() -> None:
    once = reader.read(SAMPLE, root=SAMPLE_ROOT)
    twice = reader.merged([SAMPLE, SAMPLE], root=SAMPLE_ROOT)
    assert twice == {point: 2 * count for point, count in once.items()}
    assert any(once.values())


def test_instances_of_a_module_are_one_point(tmp_path: Path) -> None:
    path = tmp_path / "instances.dat"
    fields = {"f": "/project/a.sv", "l": "3", "n": "5", "t": "branch", "o": "if", "S": "3-4,7"}
    path.write_text(dat_line(**fields, h="top.a") + dat_line(**fields, h="top.b"))
    ((point, count),) = reader.read(path, root=SAMPLE_ROOT).items()
    assert (point.lines, count) == ((3, 4, 7), 2)


@pytest.mark.parametrize(
    "line",
    [
        "C 'no count'\n",
        "garbage\n",
        dat_line(f="a.sv", l="3", n="5", t="a_new_type", o="if"),
        dat_line(f="a.sv", n="5", t="branch", o="if"),
        dat_line(f="a.sv", l="x", n="5", t="branch", o="if"),
    ],
)
def test_line_that_is_not_understood_is_refused(tmp_path: Path, line: str) -> None:
    path = tmp_path / "bad.dat"
    path.write_text("# SystemC::Coverage-3\n" + line)
    with pytest.raises(ValueError, match=r"bad\.dat:2: "):
        reader.read(path)


def test_lcov_has_every_line_and_branch_and_their_sums() -> None:
    assert lcov.render([sample()]).splitlines() == [
        *("TN:", "SF:sample.sv"),
        *("BRDA:8,0,0,0", "BRDA:8,0,1,4", "BRDA:14,0,0,2", "BRDA:15,0,0,2", "BRF:4", "BRH:3"),
        *("DA:7,4", "DA:8,4", "DA:9,0", "DA:10,4", "DA:11,4", "DA:13,4", "DA:14,2", "DA:15,2"),
        *("LF:8", "LH:7", "end_of_record"),
    ]


def test_branch_of_a_line_that_never_ran_is_a_dash() -> None:
    never = FileCoverage("f.sv", {Point("f.sv", 2, 1, Kind.BRANCH, "if", (2,)): 0})
    assert "BRDA:2,0,0,-" in lcov.render([never]).splitlines()


class Page(HTMLParser):
    """Text, and the classes of the lines of the listing."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = ""
        self.lines: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "tr" and "class" in attributes:
            self.lines.append(attributes["class"] or "")
        self.links += [attributes[key] or "" for key in ("href", "src") if key in attributes]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_page_shows_the_source_with_its_holes_and_needs_no_other_file() -> None:
    page = Page(html.render([sample()], [excluding("mode_i == 2'd3")], root=HERE))
    assert {number for number, class_ in enumerate(page.lines, 1) if class_ == "missed"} == {
        *(4, 5, 8, 9)  # toggles of two ports, the branch and its body
    }
    assert "branch if" in page.text
    assert "a reason" in page.text
    assert page.links == ["#sample.sv"]


def test_excluded_point_counts_no_more_but_others_of_its_line_do() -> None:
    counts = sample().counts
    kept, stale = exclusions.apply(counts, [excluding("mode_i == 2'd3", "if")], root=HERE)
    assert stale == []
    assert FileCoverage("sample.sv", kept).ratio(Kind.BRANCH) == Ratio(3, 3)
    assert FileCoverage("sample.sv", kept).ratio(Kind.LINE) == Ratio(7, 7)


@pytest.mark.parametrize(
    "exclusion",
    [
        excluding("mode_i == 2'd2"),  # no such line
        excluding("mode_i == 2'd3", "else"),  # reached
        excluding("mode_i == 2'd3", kind=Kind.TOGGLE),  # nothing of that kind there
    ],
)
def test_exclusion_that_excludes_nothing_is_stale(exclusion: Exclusion) -> None:
    counts = sample().counts
    assert exclusions.apply(counts, [exclusion], root=HERE) == (dict(counts), [exclusion])


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("file: a.sv, kind: line, source: x", "exclusion 1 has the keys"),
        ("file: a.sv, kind: line, source: x, line: 3, why: y", "exclusion 1 has the keys"),
        ("file: a.sv, kind: line, source: x, why: ' '", "exclusion 1 gives no reason"),
        ("file: a.sv, kind: lines, source: x, why: y", "'lines' is not a valid Kind"),
    ],
)
def test_bad_exclusion_is_refused(tmp_path: Path, entry: str, message: str) -> None:
    path = tmp_path / "exclusions.hjson"
    path.write_text("[{" + entry.replace(", ", "\n") + "\n}]")
    with pytest.raises(ValueError, match=message):
        exclusions.load(path)


def test_less_than_the_threshold_is_a_fault_and_so_is_nothing_at_all() -> None:
    ratios = {Kind.LINE: Ratio(97, 100), Kind.BRANCH: Ratio(98, 100)}
    thresholds = {Kind.LINE: 98.0, Kind.BRANCH: 98.0}
    (fault,) = metrics.below(ratios, thresholds)
    assert fault == "line coverage is 97.0 % (97/100); at least 98 % is required"
    assert len(metrics.below(metrics.total([]), thresholds)) == 2


@pytest.fixture
def measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The command looks at the runs of `sample` in a folder of this test alone."""
    monkeypatch.setattr(command, "FOLDER", tmp_path)
    monkeypatch.setattr(command, "RUNS", tmp_path / "code")
    monkeypatch.setattr(command, "MEASURED", "verif/unit/coverage/")
    monkeypatch.setattr(exclusions, "load", list)
    monkeypatch.setattr(cocotb_runner, "RUNS", tmp_path / "runs")
    monkeypatch.setenv(cocotb_runner.COVERAGE_VARIABLE, str(tmp_path / "code"))
    return tmp_path


def run_sample(modes: str, test: str = "runs_through_modes") -> None:
    run_module(
        "sample",
        [HERE / "sample.sv"],
        "verif.unit.coverage.cocotb_sample",
        test_filter=test,
        plusargs=[f"+modes={modes}"],
    )


@pytest.mark.full
def test_command_fails_until_the_runs_together_reach_enough(
    measured: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["--report-only"]) == 1  # nothing was measured
    run_sample("01")
    assert command.main(["--report-only"]) == 1
    assert "branch coverage is 75.0 % (3/4)" in capsys.readouterr().err
    run_sample("32")
    assert command.main(["--report-only"]) == 0
    assert "100.0 % (8/8)" in capsys.readouterr().out
    assert "LH:8" in (measured / "code.info").read_text()
    assert "sample.sv" in (measured / "code.html").read_text()


@pytest.mark.full
def test_run_that_fails_counts_for_nothing(measured: Path) -> None:
    with pytest.raises(AssertionError, match="on purpose"):
        run_sample("0123", test="(runs_through_modes|fails)$")
    assert not (measured / "code").exists()


@pytest.mark.full
def test_stale_exclusion_makes_the_command_fail(
    measured: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run_sample("0123")
    monkeypatch.setattr(exclusions, "load", lambda: [stale])
    stale = Exclusion("verif/unit/coverage/sample.sv", Kind.LINE, "nowhere", "", "a reason")
    assert command.main(["--report-only"]) == 1
    assert "stale exclusion" in capsys.readouterr().err


def test_every_committed_exclusion_names_a_line_that_exists() -> None:
    for exclusion in exclusions.load():
        source = (reader.ROOT / exclusion.file).read_text(encoding="utf-8")
        assert exclusion.source in source, exclusion
