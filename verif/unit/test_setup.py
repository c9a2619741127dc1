"""scripts/setup on machines where something is missing, played by fake commands on PATH."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BASE_PYTHON = Path(sys.base_prefix, "bin", "python3.11")

UTILITIES = (
    "bash",
    "cat",
    "cp",
    "dirname",
    "env",
    "flock",
    "mkdir",
    "rm",
    "sed",
    "sha256sum",
    "tail",
)
TOOLS = ("make", "g++", "perl", "ccache", "riscv64-unknown-elf-g++", "riscv64-unknown-elf-gcc")

VERSION = "echo 1.2.3"
# `-m venv FOLDER` makes an environment whose pip is told from here what to do.
PYTHON = f"""
if [[ "$*" == '-m venv '* ]]; then
  mkdir -p "$3/bin"
  cp "$MACHINE/venv-python" "$3/bin/python"
else
  exec {BASE_PYTHON} "$@"
fi"""
VENV_PYTHON = """
if [[ "$*" == *pip* ]]; then
  echo "pip $PWD" >>"$MACHINE/log"
  exit "$(cat "$MACHINE/pip-status")"
fi"""
# Installing a package brings a command of its name; that of `tcl` is `tclsh`.
APT_GET = """
echo "apt-get $*" >>"$MACHINE/log"
if [[ $1 == install && -e "$MACHINE/apt-works" ]]; then
  for package in "$@"; do cp "$MACHINE/tool" "$MACHINE/bin/${package/%tcl/tclsh}"; done
fi"""
SUDO = """
echo "sudo $*" >>"$MACHINE/log"
[[ $1 == -n && -e "$MACHINE/sudo-works" ]] || exit 1
shift
exec "$@" """


@dataclass(frozen=True)
class Machine:
    """A machine of which every command is known, with a checkout of the project on it."""

    home: Path

    @property
    def project(self) -> Path:
        return self.home / "project"

    def command(self, name: str, script: str) -> None:
        """Put a bash script on PATH."""
        self.write(f"bin/{name}", f"#!{self.home}/bin/bash\n{script}\n")

    def write(self, name: str, text: str) -> None:
        path = self.home / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)

    def remove(self, name: str) -> None:
        (self.home / "bin" / name).unlink()

    def start(
        self, project: Path | None = None, prefix: str = "", options: tuple[str, ...] = ()
    ) -> subprocess.Popen[str]:
        """Start the set-up without waiting for its end."""
        folder = project or self.project
        return subprocess.Popen(
            [folder / "scripts" / "setup", *options],
            env={"PATH": f"{prefix}{self.home}/bin", "MACHINE": str(self.home)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def set_up(
        self, project: Path | None = None, prefix: str = "", options: tuple[str, ...] = ()
    ) -> tuple[int, str]:
        """Run the set-up with `prefix` before PATH; returns its exit status and what it printed."""
        process = self.start(project, prefix, options)
        output, _ = process.communicate(timeout=60)
        return process.returncode, output

    def log(self) -> list[str]:
        """What was called that changes the machine, in order."""
        path = self.home / "log"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def times_pip_ran(self) -> int:
        return sum(line.startswith("pip ") for line in self.log())


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine that has everything but the environment; its user is root."""
    machine = Machine(tmp_path)
    (tmp_path / "bin").mkdir()
    for name in UTILITIES:
        found = shutil.which(name)
        assert found, name
        (tmp_path / "bin" / name).symlink_to(found)
    for name in TOOLS:
        machine.command(name, VERSION)
    machine.command("id", "echo 0")
    machine.command("true", "")
    machine.command("python3.11", PYTHON)
    machine.command("apt-get", APT_GET)
    machine.command("sudo", SUDO)
    machine.write("venv-python", f"#!{tmp_path}/bin/bash{VENV_PYTHON}\n")
    machine.write("tool", f"#!{tmp_path}/bin/bash\n{VERSION}\n")
    machine.write("pip-status", "0")
    machine.write("apt-works", "")
    for name in ("scripts/setup", "heepstor/doctor.py", "pyproject.toml"):
        (machine.project / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, machine.project / name)
    shutil.copytree(ROOT / "requirements", machine.project / "requirements")
    return machine


def test_a_second_set_up_does_nothing(machine: Machine) -> None:
    assert machine.set_up()[0] == 0
    before = machine.log()
    assert machine.set_up() == (0, "")
    assert machine.log() == before == [f"pip {machine.project}"]


def test_root_gets_the_missing_packages_and_no_others(machine: Machine) -> None:
    machine.remove("ccache")
    machine.remove("make")
    status, output = machine.set_up()
    assert status == 0, output
    assert machine.log()[:2] == [
        "apt-get update -q",
        "apt-get install -q -y --no-install-recommends make ccache",
    ]


def test_set_up_for_tests_brings_the_browser_too(machine: Machine) -> None:
    assert machine.set_up()[0] == 0
    assert machine.log() == [f"pip {machine.project}"]
    status, output = machine.set_up(options=("--tests",))
    assert status == 0, output
    install = "apt-get install -q -y --no-install-recommends"
    assert machine.log()[-1] == f"{install} chromium tcl openocd gdb-multiarch"


def test_an_option_that_there_is_not_is_refused(machine: Machine) -> None:
    status, output = machine.set_up(options=("--test",))
    assert (status, output) == (1, "setup: --test is no option; there is --tests\n")


def test_a_user_gets_the_missing_packages_through_sudo_that_asks_nothing(machine: Machine) -> None:
    machine.remove("ccache")
    machine.command("id", "echo 1000")
    machine.write("sudo-works", "")
    status, output = machine.set_up()
    assert status == 0, output
    assert "apt-get install -q -y --no-install-recommends ccache" in machine.log()
    assert all(line.startswith("sudo -n ") for line in machine.log() if "sudo" in line)


def test_a_user_without_sudo_is_told_the_command_to_run(machine: Machine) -> None:
    machine.remove("ccache")
    machine.remove("perl")
    machine.command("id", "echo 1000")
    status, output = machine.set_up()
    assert status == 1
    command = "sudo apt-get update && sudo apt-get install --no-install-recommends perl ccache"
    assert f"  {command}\n" in output
    assert machine.log() == ["sudo -n true"]


def test_a_system_without_apt_is_told_what_is_missing(machine: Machine) -> None:
    machine.remove("ccache")
    machine.remove("apt-get")
    status, output = machine.set_up()
    assert status == 1
    assert "missing: ccache" in output
    assert "no apt-get" in output


def test_a_package_that_brings_no_tool_stops_the_set_up(machine: Machine) -> None:
    machine.remove("ccache")
    (machine.home / "apt-works").unlink()
    status, output = machine.set_up()
    assert status == 1
    assert "not found: ccache" in output
    assert machine.times_pip_ran() == 0


def test_a_failing_download_names_the_step_and_how_to_go_on(machine: Machine) -> None:
    machine.write("pip-status", "1")
    status, output = machine.set_up()
    assert status == 1
    assert "'install the pinned Python packages' failed" in output
    assert "run 'make setup' again" in output


def test_an_interrupted_set_up_is_redone_from_scratch(machine: Machine) -> None:
    machine.write("pip-status", "1")
    assert machine.set_up()[0] == 1
    leftover = machine.project / ".venv" / "half-installed"
    leftover.touch()
    machine.write("pip-status", "0")
    assert machine.set_up()[0] == 0
    assert not leftover.exists()


def test_an_interrupted_update_is_redone_from_scratch(machine: Machine) -> None:
    machine.set_up()
    pins = machine.project / "pyproject.toml"
    before = pins.read_text(encoding="utf-8")
    pins.write_text(f"{before}# changed\n", encoding="utf-8")
    machine.write("pip-status", "1")
    assert machine.set_up()[0] == 1
    leftover = machine.project / ".venv" / "half-installed"
    leftover.touch()
    pins.write_text(before, encoding="utf-8")
    machine.write("pip-status", "0")
    assert machine.set_up()[0] == 0
    assert not leftover.exists()


@pytest.mark.parametrize("pins", ["pyproject.toml", "requirements/constraints.txt"])
def test_a_changed_pin_is_brought_into_the_same_environment(machine: Machine, pins: str) -> None:
    machine.set_up()
    kept = machine.project / ".venv" / "kept"
    kept.touch()
    with (machine.project / pins).open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    assert machine.set_up()[0] == 0
    assert machine.times_pip_ran() == 2
    assert kept.exists()


def test_a_moved_checkout_gets_a_new_environment(machine: Machine) -> None:
    machine.set_up()
    moved = machine.project.rename(machine.home / "moved")
    assert machine.set_up(moved)[0] == 0
    assert machine.log()[-1] == f"pip {moved}"


def test_an_environment_whose_python_is_gone_is_made_anew(machine: Machine) -> None:
    machine.set_up()
    (machine.project / ".venv" / "bin" / "python").unlink()
    assert machine.set_up()[0] == 0
    assert machine.times_pip_ran() == 2


def test_two_set_ups_at_once_install_once(machine: Machine) -> None:
    processes = [machine.start(), machine.start()]
    for process in processes:
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 0, output
    assert machine.times_pip_ran() == 1


def test_another_python_is_refused_with_what_is_accepted(machine: Machine) -> None:
    machine.remove("python3.11")
    machine.command("python3", "echo 3.12")
    status, output = machine.set_up()
    assert status == 1
    assert "Python 3.11 is needed; python3 is 3.12" in output
    assert len(output.splitlines()) == 1


def test_a_machine_without_python_is_told_which_one(machine: Machine) -> None:
    machine.remove("python3.11")
    status, output = machine.set_up()
    assert status == 1
    assert "Python 3.11 is needed; no Python was found" in output


def test_an_activated_environment_is_not_the_python_that_makes_it_anew(machine: Machine) -> None:
    machine.remove("python3.11")
    machine.command("python3", PYTHON)
    machine.set_up()
    activated = machine.project / ".venv" / "bin"
    (activated / "python3.11").symlink_to(machine.home / "bin" / "python3")
    (machine.project / ".venv" / ".setup-complete").unlink()
    status, output = machine.set_up(prefix=f"{activated}:")
    assert status == 0, output
