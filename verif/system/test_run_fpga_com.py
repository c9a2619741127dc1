"""One command from a project to a verdict on a board, whose place a simulated SoC takes."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from heepstor import build, config, flow, project, sim
from verif.harness.project_folder import alone_in_folder_of

PROJECT = "mnist-single_layer"
CONFIG = config.load()


def unchanged(data: bytes) -> bytes:
    return data


@contextmanager
def board(link: Path, wire: Callable[[bytes], bytes] = unchanged) -> Iterator[int]:
    """A simulated SoC with empty memory, its console at `link`; yields where OpenOCD reaches it.

    `wire` is what becomes of the console's characters on their way.
    """
    simulator = build.build_soc(CONFIG)
    options = flow.Options(config=CONFIG, folder=link.with_name("board"))
    image = flow.make_application(project.find(PROJECT).load(), options).image
    jtag_port: queue.Queue[int] = queue.Queue()

    def simulate() -> None:
        with sim.pseudo_terminal(link) as console:
            altered = replace(console, output=lambda data: console.output(wire(data)))
            # The image is only looked at: it comes through JTAG.
            sim.run(simulator, image.elf, on_jtag=jtag_port.put, console=altered)
            ended.wait()

    ended = threading.Event()
    thread = threading.Thread(target=simulate)
    thread.start()
    try:
        yield jtag_port.get(timeout=600)
    finally:
        ended.set()
        thread.join()


def run_fpga_com(jtag_port: int, link: Path) -> subprocess.CompletedProcess[str]:
    options = ["--port", str(link), "--jtag-port", str(jtag_port)]
    command = [sys.executable, "-m", "heepstor.cli", "run-fpga-com", PROJECT, *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)


@pytest.mark.full
def test_the_board_takes_the_cycles_of_the_simulation(tmp_path: Path) -> None:
    with alone_in_folder_of(PROJECT) as folder, board(tmp_path / "uart") as jtag_port:
        done = run_fpga_com(jtag_port, tmp_path / "uart")
        assert done.returncode == 0, done.stdout + done.stderr
        report = json.loads((folder / "report.json").read_text())
        log = (folder / "fpga.log").read_text()
    for index, layer in enumerate(report["layers"]):
        assert f"@layer index={index} cycles={layer['cycles']} " in log
        (row,) = [line for line in done.stdout.splitlines() if line.startswith(layer["name"])]
        assert row.count(f"{layer['cycles']:,}") >= 2, row  # simulated and measured


@pytest.mark.full
def test_a_board_that_takes_other_cycles_is_caught(tmp_path: Path) -> None:
    wire = Altered(b"index=1 cycles=", b"9")
    with alone_in_folder_of(PROJECT), board(tmp_path / "uart", wire) as jtag_port:
        done = run_fpga_com(jtag_port, tmp_path / "uart")
    assert done.returncode == 1, done.stdout + done.stderr
    (row,) = [line for line in done.stdout.splitlines() if line.startswith("softmax")]
    assert "+9,000" in row
    assert done.stdout.splitlines()[-1].startswith("FAIL: outside the tolerance: softmax")


class Altered:
    """A wire that puts a digit in front of a number that follows `key`."""

    def __init__(self, key: bytes, digit: bytes) -> None:
        self._key = key
        self._digit = digit
        self._said = b""

    def __call__(self, data: bytes) -> bytes:
        result = b""
        for byte in data:
            self._said += bytes([byte])
            result += bytes([byte])
            if self._said.endswith(self._key):
                result += self._digit
        return result
