"""Sweeps on real clusters: a Dask scheduler and workers on loopback, one of which ends in mid-run.

Results are files; one that is written again is another file, so that what was computed twice shows.
"""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

DASK = (sys.executable, "-m", "dask")
HEEPSTOR = (sys.executable, "-m", "heepstor.cli")

PREDICTIONS = """
{
  projects: ["fmnist-conv2d"]
  backends: ["planner"]
  quantizations: ["per_channel"]
  hardware: {
    systolic_array: { size: [4, 8], ports: [1, 2], accumulator_rows: [16, 32, 64] }
    memory: { banks: [8, 16] }
  }
  simulate: "none"
  area: "none"
}
"""
POINTS = 24

SIMULATIONS = """
{
  projects: ["mnist-single_layer"]
  backends: ["planner", "software"]
  quantizations: ["per_channel"]
  hardware: { memory: { banks: [1, 16] } }
  simulate: "all"
  area: "none"
}
"""


@contextmanager
def process(*command: str) -> Iterator[subprocess.Popen[str]]:
    """A process that does not outlive the block, leads a group, and whose stderr is a pipe."""
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as running:
        try:
            yield running
        finally:
            running.kill()


def wait_for(pattern: str, stream: IO[str] | None) -> re.Match[str]:
    """The first line that has the pattern."""
    assert stream is not None
    lines = []
    for line in stream:
        lines.append(line)
        if match := re.search(pattern, line):
            return match
    raise AssertionError(f"no {pattern} in:\n{''.join(lines)}")


@pytest.fixture
def scheduler() -> Iterator[str]:
    """The address of a scheduler without workers."""
    with process(*DASK, "scheduler", "--host=127.0.0.1", "--port=0", "--no-dashboard") as running:
        yield wait_for(r"Scheduler at: +(tcp://\S+)", running.stderr)[1]


@contextmanager
def worker(scheduler: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A worker that is connected; when it ends, none comes in its place."""
    options = ("--host=127.0.0.1", "--nthreads=1", "--no-nanny", "--no-dashboard")
    command = (*DASK, "worker", scheduler, *options, f"--local-directory={folder}")
    with process(*command) as running:
        wait_for("Registered to", running.stderr)
        yield running


def sweep(path: Path, *options: str) -> tuple[str, ...]:
    return (*HEEPSTOR, "sweep", str(path), f"--output={path.parent / 'out'}", *options)


def results(folder: Path) -> dict[str, tuple[int, int]]:
    """Names of the results, and what changes when one is written again."""
    found = (folder / "out" / "results").glob("*.json")
    return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in found}


def computed_by(folder: Path, name: str) -> int:
    """The process that computed a result."""
    result = json.loads((folder / "out" / "results" / name).read_text(encoding="utf-8"))
    return int(result["worker"].rpartition(":")[2])


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "out" / "sweep.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.early
def test_neither_an_interruption_nor_a_lost_worker_costs_a_result_or_computes_one_twice(
    scheduler: str, tmp_path: Path
) -> None:
    path = tmp_path / "predictions.hjson"
    path.write_text(PREDICTIONS, encoding="utf-8")
    with process(*sweep(path, "--processes=1")) as here:
        wait_for(r"predict: [1-9]\d* of", here.stderr)
        os.killpg(here.pid, signal.SIGINT)  # as Ctrl-C at a terminal does
        said = here.communicate()[1]
    assert "heepstor: interrupted; nothing half-written is kept" in said
    assert "Traceback" not in said
    assert here.returncode == 130
    at_interruption = results(tmp_path)

    with (
        worker(scheduler, tmp_path) as first,
        worker(scheduler, tmp_path) as second,
        process(*sweep(path, f"--scheduler={scheduler}")) as client,
    ):
        taken_over = int(wait_for(r"predict: (\d+) of", client.stderr)[1])
        assert len(at_interruption) <= taken_over < POINTS
        wait_for(r"predict: \d+ of", client.stderr)
        first.kill()
        first.wait()
        at_loss = results(tmp_path)
        assert len(at_loss) < POINTS, "all is done before a worker could be lost"
        client.communicate()
    assert client.returncode == 0

    after = results(tmp_path)
    assert len(after) == POINTS
    assert at_interruption.items() <= at_loss.items() <= after.items(), "computed again"
    assert {computed_by(tmp_path, name) for name in after.keys() - at_loss.keys()} == {second.pid}
    assert all(row["predicted_cycles"] and not row["error"] for row in rows(tmp_path))


def test_points_are_simulated_side_by_side_and_one_that_cannot_be_built_is_a_row(
    tmp_path: Path,
) -> None:
    path = tmp_path / "simulations.hjson"
    path.write_text(SIMULATIONS, encoding="utf-8")
    done = subprocess.run(sweep(path, "--processes=2"), capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    assert "4 points, 1 on the front, 2 simulated, 0 with area, 2 failed" in done.stdout
    found = {(row["backend"], row["memory.banks"]): row for row in rows(tmp_path)}
    for backend in ("planner", "software"):
        assert "predict: the network needs" in found[backend, "1"]["error"]
        simulated = found[backend, "16"]
        report = json.loads(
            (tmp_path / "out" / "results" / simulated["run"] / "report.json").read_text("utf-8")
        )
        assert (report["passed"], report["backend"]) == (True, backend)
        assert report["total_cycles"] == int(simulated["cycles"])
    assert int(found["planner", "16"]["cycles"]) < int(found["software", "16"]["cycles"])
