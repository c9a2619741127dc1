"""`heepstor doctor` tells what is there, what is missing, and how to get it."""

from __future__ import annotations

import ast
import dataclasses
import importlib.metadata
import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from heepstor import doctor
from heepstor.doctor import ToolStatus

SOURCE = Path(doctor.__file__)


def run(*arguments: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the doctor as a file, with `path` alone on PATH."""
    return subprocess.run(
        [sys.executable, "-I", SOURCE, *arguments],
        env={"PATH": str(path)} if path else None,
        capture_output=True,
        text=True,
        check=False,
    )


def status_of(name: str) -> ToolStatus:
    return next(status for status in doctor.check() if status.name == name)


@pytest.fixture
def bare_path(tmp_path: Path) -> Path:
    """A folder with bash and no tool."""
    found = shutil.which("bash")
    assert found
    (tmp_path / "bash").symlink_to(found)
    return tmp_path


def test_a_machine_that_was_set_up_is_healthy() -> None:
    done = run()
    assert done.returncode == 0, done.stdout
    assert done.stdout.endswith("everything required is there\n")


def test_every_pinned_package_is_looked_at_and_shows_its_version() -> None:
    project = tomllib.loads((doctor.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pins = project["dependencies"] + project["optional-dependencies"]["dev"]
    versions = {status.name: status.version for status in doctor.check()}
    for name, _, pinned in (pin.partition("==") for pin in pins):
        assert (versions[name] or "").partition("+")[0] == pinned, name


def test_each_missing_tool_is_named_with_the_package_that_brings_it(bare_path: Path) -> None:
    done = run(path=bare_path)
    assert done.returncode == 1
    for package in ("make", "g++", "ccache", "gcc-riscv64-unknown-elf", "zlib1g-dev"):
        row = next(line for line in done.stdout.splitlines() if line.split()[1:2] == [package])
        assert row.startswith("MISSING")
        assert f"apt-get install {package}" in row
    assert "missing: make, g++, " in done.stdout.splitlines()[-1]


def test_the_set_up_is_told_only_the_debian_packages(bare_path: Path) -> None:
    done = run("--missing-debian-packages", path=bare_path)
    assert done.returncode == 0
    assert done.stdout.split() == [
        "make",
        "g++",
        "perl",
        "ccache",
        "zlib1g-dev",
        "liblz4-dev",
        "gcc-riscv64-unknown-elf",
        "picolibc-riscv64-unknown-elf",
    ]


def test_the_set_up_for_tests_is_told_the_browser_too(bare_path: Path) -> None:
    usual = run("--missing-debian-packages", path=bare_path).stdout.split()
    done = run("--missing-debian-packages", "--for-tests", path=bare_path)
    assert done.stdout.split() == [*usual, "chromium", "tcl", "openocd", "gdb-multiarch"]


def test_a_tool_that_fails_counts_as_missing(bare_path: Path) -> None:
    broken = bare_path / "perl"
    broken.write_text(f"#!{bare_path}/bash\necho 5.36.0\nexit 1\n", encoding="utf-8")
    broken.chmod(0o755)
    assert "perl" in run("--missing-debian-packages", path=bare_path).stdout.split()


def test_another_version_of_a_package_is_not_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "0.0.1")
    ruff = status_of("ruff")
    assert not ruff.found
    assert "found 0.0.1" in doctor.render([ruff])
    assert "make setup installs" in doctor.render([ruff])


def test_a_local_build_of_the_pinned_version_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    pinned = importlib.metadata.version("torch").partition("+")[0]
    monkeypatch.setattr(importlib.metadata, "version", lambda name: f"{pinned}+local")
    assert status_of("torch").found


def test_a_verilator_that_does_not_start_is_not_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert status_of("verilator").found
    monkeypatch.setattr(doctor, "_probe", lambda command: None)
    assert not status_of("verilator").found


def test_only_a_missing_required_tool_is_a_failure() -> None:
    tool = ToolStatus("x", "is used", required=True, found=False, version=None, remedy="get it")
    assert not doctor.is_healthy([tool])
    assert doctor.is_healthy([dataclasses.replace(tool, required=False)])
    assert doctor.is_healthy([dataclasses.replace(tool, found=True)])


def test_json_holds_the_same_as_the_statuses() -> None:
    statuses = doctor.check_system()
    assert json.loads(doctor.as_json(statuses)) == [dataclasses.asdict(s) for s in statuses]


def test_the_doctor_needs_no_package() -> None:
    tree = ast.parse(SOURCE.read_text(encoding="utf-8"))
    imported = {
        alias.name for n in ast.walk(tree) if isinstance(n, ast.Import) for alias in n.names
    }
    imported |= {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in imported} <= set(sys.stdlib_module_names)
    assert "json" in imported
