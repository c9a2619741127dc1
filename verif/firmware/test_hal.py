"""Runs each test of `host/hal.cpp` under its name; the array's model is a bus device there."""

from __future__ import annotations

import re
import subprocess

import pytest

from verif.firmware.host_build import SOURCES, executable

CHECK_FAILED = 4
NAMES = re.findall(r"^TEST\((\w+)\)", (SOURCES / "hal.cpp").read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("name", NAMES)
def test(name: str) -> None:
    result = subprocess.run(
        [executable("hal", {}), name], capture_output=True, text=True, check=False
    )
    expected = CHECK_FAILED if "span_refuses" in name else 0
    assert result.returncode == expected, result.stderr
