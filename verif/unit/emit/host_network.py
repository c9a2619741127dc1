"""Compiles a generated network for the host and runs it; the array is a model on a fake bus."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from heepstor.config import Config
from heepstor.emit import hardware
from heepstor.ir import Float32Array, Plan
from heepstor.report import torch_order

HOST = Path(__file__).parent / "host"
ROOT = Path(__file__).resolve().parents[3]
# First the stand-ins for the target's bus and cycle counter, then what they stand in front of.
INCLUDES = (HOST, ROOT / "sw", ROOT / "verif" / "firmware" / "host")
FLAGS = ("-std=c++17", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror")


def write(files: Mapping[str, str], folder: Path) -> Path:
    """Write rendered sources; returns the one to compile."""
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder / "model.cpp"


def compile_network(source: Path, config: Config, *arguments: str) -> None:
    """Run g++ on a generated source; a diagnostic fails the test."""
    includes = [f"-I{path}" for path in (*INCLUDES, hardware.write_all(config))]
    command = ["g++", *FLAGS, *includes, str(source), *arguments]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def run(source: Path, config: Config, plan: Plan) -> list[Float32Array]:
    """Output of every layer, in PyTorch's layout."""
    program = source.parent / "network"
    sanitize = ("-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    compile_network(source, config, str(HOST / "main.cpp"), *sanitize, "-o", str(program))
    result = subprocess.run([str(program)], capture_output=True, check=False)
    assert result.returncode == 0, result.stderr.decode()
    values = np.frombuffer(result.stdout, np.float32)
    ends = np.cumsum([layer.output.elements for layer in plan.layers])
    outputs = np.split(values, ends)[:-1]
    return [
        torch_order(output, layer.output)
        for layer, output in zip(plan.layers, outputs, strict=True)
    ]
