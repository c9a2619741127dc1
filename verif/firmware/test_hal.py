"""Runs each test of `host/hal.cpp` under its name; the array's model is a bus device there."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from verif.firmware.host_build import SOURCES, executable

CHECK_FAILED = 4
NAMES = re.findall(r"^TEST\((\w+)\)", (SOURCES / "hal.cpp").read_text("utf-8"), re.MULTILINE)


@pytest.fixture(scope="module")
def program() -> Path:
    return executable("hal", {})


@pytest.mark.parametrize("name", NAMES)
def test_host(program: Path, name: str) -> None:
    result = subprocess.run([program, name], capture_output=True, text=True, check=False)
    expected = CHECK_FAILED if "span_refuses" in name else 0
    assert result.returncode == expected, result.stderr
