"""Each target of the Makefile runs the command it says, with its variables as whole words."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Prints its name and arguments as the last line.
RECORDER = f"""#!{sys.executable}
import json, pathlib, sys
print(json.dumps([pathlib.Path(sys.argv[0]).name, *sys.argv[1:]]))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The Makefile in a folder whose tools only tell how they were called."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in ("heepstor", "pytest", "mypy", "sphinx-build", "python"):
        write_tool(tmp_path / ".venv" / "bin" / name, RECORDER)
    write_tool(tmp_path / "scripts" / "lint", RECORDER)
    write_tool(tmp_path / "scripts" / "setup", '#!/bin/sh\necho "$@" >was-set-up\n')
    (tmp_path / "boards").mkdir()
    (tmp_path / "boards" / "b.hjson").touch()
    for name in ("cifar10", "mnist"):
        (tmp_path / "sw" / "apps" / name).mkdir(parents=True)
    return tmp_path


def write_tool(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


def make(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make without what this process' own environment says about make and the variables."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(project)}
    return subprocess.run(
        ["make", *arguments],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def command_of(project: Path, *arguments: str) -> list[str]:
    """The command, word by word, that make runs last."""
    done = make(project, *arguments)
    assert done.returncode == 0, done.stderr
    words: list[str] = json.loads(done.stdout.splitlines()[-1])
    return words


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        ("sim PROJECT=cifar10", "heepstor sim -- cifar10"),
        ("sim PROJECT=x BACKEND=direct", "heepstor sim --backend direct -- x"),
        ("sim PROJECT=x CFG=a.hjson", "heepstor sim --cfg a.hjson -- x"),
        ("sim PROJECT=x MEMORY_BANKS=8", "heepstor sim --set memory.banks=8 -- x"),
        (
            "sim PROJECT=x USE_SOFTWARE_DNN_LAYER_OPERATORS=1",
            "heepstor sim --backend software -- x",
        ),
        ("sim PROJECT=x USE_SOFTWARE_DNN_LAYER_OPERATORS=0", "heepstor sim -- x"),
        ("sim PROJECT=x ENABLE_DEBUG_HEEPSTOR_ASSERTIONS=0", "heepstor sim --no-assertions -- x"),
        ("sim PROJECT=x ENABLE_DEBUG_HEEPSTOR_ASSERTIONS=1", "heepstor sim -- x"),
        ("run PROJECT=x BACKEND=direct CFG=a", "heepstor run --cfg a --backend direct -- x"),
        ("picocom PROJECT=x", "heepstor picocom -- x"),
        ("run-fpga-com PROJECT=x PORT=/dev/p", "heepstor run-fpga-com --port /dev/p -- x"),
        (
            "run-fpga-com PROJECT=x PORT=/dev/p TARGET=zcu104 BACKEND=direct",
            "heepstor run-fpga-com --backend direct --target zcu104 --port /dev/p -- x",
        ),
        ("picocom TARGET=zcu104 PORT=/dev/p", "heepstor picocom --port /dev/p"),
        (
            "app PROJECT=x CFG=a MEMORY_BANKS=8 BACKEND=software",
            "heepstor app --cfg a --set memory.banks=8 --backend software -- x",
        ),
        ("sim PROJECT=x WAVES=layer:fc", "heepstor sim --waves layer:fc -- x"),
        ("sim PROJECT=x CHECKPOINT_AT=layer:1", "heepstor sim --checkpoint-at layer:1 -- x"),
        (
            "sim PROJECT=x RESUME=1 WAVES=cycles:1-2",
            "heepstor sim --waves cycles:1-2 --resume -- x",
        ),
        ("sim PROJECT=x RESUME=0", "heepstor sim -- x"),
        ("waves PROJECT=x", "heepstor waves -- x"),
        ("profile PROJECT=x BACKEND=direct", "heepstor profile --backend direct -- x"),
        ("openocd PROJECT=x BACKEND=direct", "heepstor openocd --backend direct -- x"),
        ("openocd PROJECT=x TARGET=zcu104", "heepstor openocd --target zcu104 -- x"),
        ("gdb PROJECT=x", "heepstor gdb -- x"),
        ("gdb PROJECT=x TARGET=zcu104", "heepstor gdb --target zcu104 -- x"),
        ("history PROJECT=x", "heepstor history -- x"),
        ("history", "heepstor history"),
        ("compare PROJECT=x LOG=l", "heepstor compare --fpga l -- x"),
        ("train PROJECT=x DATA=d EPOCHS=3", "heepstor train --data d --epochs 3 -- x"),
        ("train PROJECT=x DATA=d", "heepstor train --data d -- x"),
        ("sweep SWEEP=s CFG=a", "heepstor sweep --cfg a -- s"),
        ("vivado-fpga FPGA_BOARD=b CFG=a", "heepstor fpga --cfg a --board b"),
        ("accuracy PROJECT=x DATA=d", "heepstor accuracy --data d -- x"),
        (
            "accuracy PROJECT=x DATA=d RTL=5 BACKEND=direct CFG=a",
            "heepstor accuracy --data d --cfg a --backend direct --rtl 5 -- x",
        ),
        ("heepstor-gen CFG=a", "heepstor gen --cfg a"),
        ("mcu-gen MEMORY_BANKS=2", "heepstor mcu-gen --set memory.banks=2"),
        ("test", "pytest verif/ -n 8"),
        ("lint", "lint"),
        ("format", "lint --fix"),
        ("types", "mypy"),
        ("docs", "sphinx-build -E -W --keep-going -d build/docs docs build/site"),
        ("docs-serve", "python -m http.server --bind 127.0.0.1 --directory build/site 8000"),
    ],
)
def test_a_target_sets_up_and_runs_its_command(project: Path, arguments: str, command: str) -> None:
    assert command_of(project, *arguments.split()) == command.split()
    assert (project / "was-set-up").exists()


@pytest.mark.parametrize(("target", "options"), [("test", "--tests"), ("types", "")])
def test_only_the_tests_bring_what_only_tests_need(
    project: Path, target: str, options: str
) -> None:
    make(project, target)
    assert (project / "was-set-up").read_text(encoding="utf-8").strip() == options


@pytest.mark.parametrize(
    "name", ["two words", "it's", 'a"b', "a;touch broken", "$(touch broken)", "`touch broken`", "*"]
)
def test_odd_characters_stay_in_one_word(project: Path, name: str) -> None:
    assert command_of(project, "sim", f"PROJECT={name}") == ["heepstor", "sim", "--", name]
    assert command_of(project, "heepstor-gen", f"CFG={name}") == ["heepstor", "gen", "--cfg", name]
    assert not (project / "broken").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("sim", "PROJECT is missing: make sim PROJECT=name; there are: cifar10 mnist"),
        ("train PROJECT=x", "DATA is missing: make train DATA=folder"),
        ("picocom", "PROJECT is missing: make picocom PROJECT=name; there are: cifar10 mnist"),
        ("picocom TARGET=zcu104", "PORT is missing: make picocom PORT=device, as /dev/ttyUSB1"),
        ("run-fpga-com PROJECT=x", "PORT is missing: make run-fpga-com PORT=device, as"),
        ("picocom TARGET=arty PORT=p", "TARGET is arty; it must be zcu104"),
        ("compare PROJECT=x", "LOG is missing: make compare LOG=file"),
        ("sweep", "SWEEP is missing: make sweep SWEEP=file, as docs/sweep.hjson"),
        ("vivado-fpga", "FPGA_BOARD is missing: make vivado-fpga FPGA_BOARD=name; there are: b"),
        ("accuracy PROJECT=x", "DATA is missing: make accuracy DATA=folder"),
        (
            "sim PROJECT=x ENABLE_DEBUG_HEEPSTOR_ASSERTIONS=yes",
            "ENABLE_DEBUG_HEEPSTOR_ASSERTIONS is yes; it must be 0 or 1",
        ),
        ("sim PROJECT=x RESUME=yes", "RESUME is yes; it must be 0 or 1"),
        (
            "sim PROJECT=x USE_SOFTWARE_DNN_LAYER_OPERATORS=2",
            "USE_SOFTWARE_DNN_LAYER_OPERATORS is 2; it must be 0 or 1",
        ),
        (
            "sim PROJECT=x USE_SOFTWARE_DNN_LAYER_OPERATORS=1 BACKEND=direct",
            "USE_SOFTWARE_DNN_LAYER_OPERATORS=1 contradicts BACKEND=direct",
        ),
    ],
)
def test_a_mistake_is_answered_in_one_line(project: Path, arguments: str, message: str) -> None:
    done = make(project, *arguments.split())
    assert done.returncode != 0
    assert len(done.stderr.splitlines()) == 1
    assert message in done.stderr


def test_a_missing_project_is_noticed_before_the_set_up(project: Path) -> None:
    assert make(project, "sim").returncode != 0
    assert not (project / "was-set-up").exists()


def test_a_failed_set_up_runs_nothing(project: Path) -> None:
    write_tool(project / "scripts" / "setup", "#!/bin/sh\nexit 1\n")
    done = make(project, "sim", "PROJECT=x")
    assert done.returncode != 0
    assert "heepstor" not in done.stdout


def test_help_lists_every_target_and_variable(project: Path) -> None:
    done = make(project)
    assert done.returncode == 0, done.stderr
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    assert phony
    listed = {line.split()[0] for line in done.stdout.splitlines() if line}
    assert set(phony.group(1).split()) <= listed
    used = set(re.findall(r"\$\$([A-Z_]+)|given-([A-Z_]+)|call is_.,([A-Z_]{2,})", text))
    variables = {name for names in used for name in names if name}
    assert variables <= {line.partition("=")[0] for line in listed}
    assert "PROJECT" in variables


def test_distclean_leaves_nothing_generated(project: Path) -> None:
    for name in ("build/a", "sw/apps/mnist/gen/a", ".mypy_cache/a", "heepstor.egg-info/a"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).touch()
    assert make(project, "distclean").returncode == 0
    assert sorted(path.name for path in project.iterdir()) == [
        "Makefile",
        "boards",
        "scripts",
        "sw",
    ]
    assert (project / "sw" / "apps" / "mnist").exists()
    assert not (project / "sw" / "apps" / "mnist" / "gen").exists()


def test_the_doctor_answers_before_any_set_up(project: Path) -> None:
    for name in ("pyproject.toml", "heepstor/doctor.py"):
        (project / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, project / name)
    done = make(project, "doctor")
    assert "picolibc-riscv64-unknown-elf" in done.stdout
    assert not (project / "was-set-up").exists()
