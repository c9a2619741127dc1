"""Runs an arithmetic unit of the array against the floating-point hardware of this machine."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from heepstor.build import rtl
from verif.harness import seeds
from verif.rtl import native

_HERE = Path(__file__).resolve().parent
VECTORS_VARIABLE = "HEEPSTOR_FP_VECTORS"
"""Environment variable: how many random vectors a unit gets; for a longer regression."""
_DEFAULT_VECTORS = "2000000"
_TIMEOUT_S = 800


def check(unit: str, *, directed: int) -> None:
    """Check the module `unit` with its directed vectors and random ones.

    Args:
        unit: module, and name of the folder here with its `main.cpp`.
        directed: how many directed vectors there must be at least.

    Raises:
        AssertionError: a result differs (with operands, got, expected), or too little was checked.
    """
    vectors = int(os.environ.get(VECTORS_VARIABLE, _DEFAULT_VECTORS))
    program = native.build(
        unit,
        [path for path in rtl.own_files("systolic_array") if path.stem in ("sa_pkg", unit)],
        _HERE / unit / "main.cpp",
        [_HERE / "fp_check.h"],
    )
    command = [str(program), str(vectors), str(seeds.derive(unit))]
    result = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S)
    assert result.returncode == 0, f"{' '.join(command)}\n{result.stdout}{result.stderr}"
    counts = re.fullmatch(r"checked (\d+) vectors, (\d+) of them directed\n", result.stdout)
    assert counts is not None, result.stdout
    assert int(counts[1]) >= vectors + directed, result.stdout
    assert int(counts[2]) >= directed, result.stdout
