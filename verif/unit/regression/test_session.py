"""Whatever goes wrong in a session must show in its exit status, its summary and its report."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest

from verif.regression import document
from verif.unit.regression.conftest import IN_ONE_PROCESS_OR_TWO, PASSING, Project

SCHEMA = json.loads(Path(document.__file__).with_name("schema.json").read_text(encoding="utf-8"))


@IN_ONE_PROCESS_OR_TWO
def test_session_whose_tests_pass_is_green(project: Project, workers: tuple[str, ...]) -> None:
    project.write("test_a.py", PASSING)
    done = project.run("verif", *workers)
    assert done.status == 0, done.output
    assert "regression PASSED: 1 of 1 passed" in done.output
    assert done.report["passed"]


@pytest.mark.parametrize(
    ("test", "options", "cause"),
    [
        ("def test():\n    assert 1 + 1 == 3\n", (), "assert (1 + 1) == 3"),
        ("import no_such_module\n", (), "ModuleNotFoundError: No module named 'no_such_module'"),
        pytest.param(*("def test(:\n", (), "SyntaxError: invalid syntax"), marks=pytest.mark.full),
        pytest.param(
            *("def test(no_such_fixture):\n    pass\n", (), "fixture 'no_such_fixture' not found"),
            marks=pytest.mark.full,
        ),
        ("import os\ndef test():\n    os._exit(0)\n", ("-n", "1"), "worker 'gw0' crashed while"),
        ("def test():\n    while True:\n        pass\n", ("--timeout", "1"), "Timeout"),
        (
            "import pytest\n@pytest.fixture\ndef broken():\n    yield\n    raise OSError('late')\n"
            "def test(broken):\n    pass\n",
            (),
            "OSError: late",
        ),
    ],
    ids=["assertion", "import", "syntax", "fixture", "crash", "time-out", "tear-down"],
)
def test_what_goes_wrong_is_red_and_told_with_its_cause(
    project: Project, test: str, options: tuple[str, ...], cause: str
) -> None:
    project.write("test_good.py", PASSING)
    project.write("test_bad.py", test)
    done = project.run("verif", *options)
    assert done.status != 0
    assert "regression FAILED" in done.output
    (failed,) = [entry for entry in done.report["tests"] if entry["outcome"] == "failed"]
    assert cause in failed["failure"]["cause"]
    assert not done.report["passed"]


@pytest.mark.parametrize(
    ("test", "options", "fault"),
    [
        (PASSING, ("-k", "no_test_has_this_name"), "no test ran"),
        (PASSING, ("-k", "no_test_has_this_name", "-n", "2"), "no test ran"),
        pytest.param("", (), "no test ran", marks=pytest.mark.full),
        ("import pytest\n@pytest.mark.skip\ndef test():\n    pass\n", (), "no test passed"),
        ("import pytest\n@pytest.mark.xfail\ndef test():\n    assert 0\n", (), "no test passed"),
    ],
    ids=["none selected", "none for workers", "none written", "skipped", "expected to fail"],
)
def test_session_in_which_nothing_passed_is_red(
    project: Project, test: str, options: tuple[str, ...], fault: str
) -> None:
    project.write("test_a.py", test)
    done = project.run("verif", *options)
    assert done.status == 1, done.output
    assert (
        f"regression FAILED: 0 of 0 passed{'' if 'ran' in fault else ', 1 skipped'}; {fault}"
        in (done.output)
    )
    assert done.report["faults"] == [fault]


def test_interrupted_session_is_red(project: Project) -> None:
    project.write("test_a.py", PASSING + "def test_stops():\n    raise KeyboardInterrupt\n")
    done = project.run()
    assert done.status == 2
    assert done.report["faults"] == ["pytest ended early, with status 2"]


def test_failed_simulation_is_told_with_seed_log_and_commands(project: Project) -> None:
    project.write(
        "rtl/test_sim.py",
        "import pathlib, pytest\n"
        "from verif.harness.cocotb_runner import RunError\n"
        "@pytest.mark.parametrize('size', [4, 8])\n"
        "def test_sim(size):\n"
        "    log = pathlib.Path(f'log{size}').resolve()\n"
        "    log.write_text('the end of it')\n"
        "    raise RunError('test on top', cause=f'count: got {size}, expected 0x1F', log=log)\n",
    )
    done = project.run("verif", "-n", "2")
    (group,) = done.report["failures"]
    assert group["kind"] == "count: got #, expected #"
    assert sorted(group["tests"]) == [f"verif/rtl/test_sim.py::test_sim[{n}]" for n in (4, 8)]
    found = done.test("test_sim[8]")
    assert found["configuration"] == "size=8"
    test = shlex.quote("verif/rtl/test_sim.py::test_sim[8]")
    expected = {
        "cause": "count: got 8, expected 0x1F",
        "seed": 7,
        "log": str(project.root / "log8"),
        "reproduce": f"pytest --seed 7 {test}",
        "waves": f"pytest --waves --seed 7 {test}",
    }
    assert {key: found["failure"][key] for key in expected} == expected
    for value in expected.values():
        assert str(value) in done.output


def test_note_of_a_test_is_shown_and_kept_whether_it_passed_or_not(project: Project) -> None:
    project.write(
        "test_a.py",
        "import pytest\n@pytest.mark.parametrize('n', [0, 1])\n"
        "def test(n, record_property):\n"
        "    record_property('note', f'layer {n}\\n  is <faster>')\n"
        "    assert n == 0\n",
    )
    done = project.run("verif", "-n", "2")
    page = (project.root / "build" / "regression" / "index.html").read_text(encoding="utf-8")
    for n in (0, 1):
        assert f"layer {n}\n  is <faster>\n" in done.output
        assert f"layer {n}\n  is &lt;faster&gt;" in page
        assert done.test(f"test[{n}]")["notes"] == [f"layer {n}\n  is <faster>"]


def test_report_in_json_meets_its_schema_and_says_the_same_as_junit(project: Project) -> None:
    project.write(
        "test_a.py",
        PASSING
        + "import pytest\n@pytest.mark.skip(reason='no time')\ndef test_skipped():\n    pass\n"
        "def test_fails():\n    assert '\\x1b' == 1\n",
    )
    project.plan(features=[{"feature": "all", "why": "<it>", "tests": ["verif/test_a.py::*"]}])
    done = project.run()
    jsonschema.validate(done.report, SCHEMA)
    junit = ElementTree.parse(project.root / "build" / "regression" / "junit.xml")
    cases = {case.get("name"): [child.tag for child in case] for case in junit.iter("testcase")}
    assert cases == {
        "test_passes": ["properties"],
        "test_skipped": ["properties", "skipped"],
        "test_fails": ["properties", "failure"],
    }
    assert done.test("test_skipped")["reason"] == "no time"
    assert done.report["tally"] == {"passed": 1, "runs": 2, "skipped": 1, "rate": 0.5}
    assert done.report["features"][0]["tally"] == done.report["tally"]


SEED_TEST = """
import os, pathlib
def test_{name}():
    with pathlib.Path("seeds").open("a") as file:
        file.write("{name} " + os.environ["HEEPSTOR_SEED"] + "\\n")
    assert {condition}
"""


def seeds_seen(project: Project) -> list[str]:
    return sorted((project.root / "seeds").read_text(encoding="utf-8").splitlines())


def test_seed_of_the_command_line_reaches_every_test(project: Project) -> None:
    project.write("test_a.py", SEED_TEST.format(name="a", condition="True"))
    project.run("verif", "--seed", "0x10", "-n", "2")
    assert seeds_seen(project) == ["a 16"]


def test_random_tests_and_no_others_are_repeated_with_other_seeds(project: Project) -> None:
    project.write("test_a.py", SEED_TEST.format(name="a", condition="True"))
    parametrized = "import pytest\n@pytest.mark.parametrize('size', [4])"
    failing = SEED_TEST.replace("def", f"{parametrized}\ndef").replace("()", "(size)", 1)
    project.write("test_b.py", failing.format(name="b", condition="not size"))
    project.plan(
        features=[
            {"feature": "a", "why": "w", "tests": ["verif/test_a.py::*"]},
            {"feature": "b", "why": "w", "tests": ["verif/test_b.py::test_b"], "random": True},
        ]
    )
    done = project.run("verif", "--seeds", "3", "-n", "2")
    a, *b = seeds_seen(project)
    assert a == "a 7"
    assert len(set(b)) == 3
    assert "b 7" in b
    commands = {entry["failure"]["reproduce"] for entry in done.report["tests"] if entry["failure"]}
    assert commands == {
        f"pytest --seed {seed.split()[1]} 'verif/test_b.py::test_b[4]'" for seed in b
    }


def test_long_tests_run_with_full_alone(project: Project) -> None:
    project.write(
        "test_a.py",
        PASSING + "import pytest\nfrom verif.harness import session\n"
        "@pytest.mark.full\ndef test_long():\n    assert session.of(quick=1, full=2) == 2\n",
    )
    assert project.run("verif", "--quick").report["tally"]["runs"] == 1
    assert project.run("verif", "--full", "-n", "2").report["tally"]["passed"] == 2
    both = project.run("verif", "--full", "--quick")
    assert both.status == pytest.ExitCode.USAGE_ERROR
    assert "contradict" in both.output


@pytest.mark.parametrize(
    ("options", "limits"),
    [
        ((), [None, 5]),
        (("--full",), [3600, 5]),
        (("--full", "--timeout", "7"), [None, 5]),
    ],
    ids=["quick", "full", "asked for"],
)
def test_tests_of_a_long_session_have_more_time_unless_they_say_otherwise(
    project: Project, options: tuple[str, ...], limits: list[int | None]
) -> None:
    project.write(
        "test_a.py",
        "import pytest\nfound = []\n"
        "@pytest.fixture(autouse=True)\ndef limit(request):\n"
        "    mark = request.node.get_closest_marker('timeout')\n"
        "    found.append(mark and mark.args[0])\n"
        "def test_any():\n    pass\n"
        "@pytest.mark.timeout(5)\ndef test_own():\n    pass\n"
        f"def test_all():\n    assert found[:2] == {limits}\n",
    )
    done = project.run("verif", *options)
    assert done.status == 0, done.output


def test_bin_that_nothing_hit_fails_a_complete_session_alone(project: Project) -> None:
    project.write("test_a.py", PASSING)
    feature = {"feature": "a", "why": "w", "tests": ["verif/test_a.py::*"], "bins": ["shape"]}
    project.plan(features=[feature], bins={"shape": "edges"})
    part = project.run("verif", "-k", "passes")
    assert part.status == 0, part.output
    whole = project.run("verif")
    assert whole.status == 1
    assert "shape: never m 1, k 1, n 1; m 1, k 1, n below; " in whole.output
    assert "regression FAILED: 1 of 1 passed; 125 of 125 bins of 'shape' were never hit" in (
        whole.output
    )
    assert whole.report["coverage"]["hit"] == 0
