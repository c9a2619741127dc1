"""A cluster that cannot be used is one line that says what to do.

What workers do, and what becomes of a lost one: verif/system/test_sweep.py.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from concurrent.futures import CancelledError
from pathlib import Path
from types import SimpleNamespace

import pytest
from distributed import KilledWorker, LocalCluster
from distributed.comm.core import CommClosedError

from heepstor.errors import SweepError
from heepstor.sweep import cluster
from heepstor.sweep.cluster import Cluster
from heepstor.sweep.work import Outcome, Task
from verif.unit.sweep.sweeps import point

BATCH = [Task("predict-1", "predict", point()), Task("predict-2", "predict", point(size=4))]


@pytest.mark.parametrize("address", ["localhost:8786", "tcp://localhost", "http://localhost:80"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with (
        Cluster(address) as unusable,
        pytest.raises(SweepError, match=rf"scheduler is '{address}'; it must be tcp://HOST:PORT"),
    ):
        list(unusable.run([BATCH], "folder"))


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "tcp://127.0.0.1:99999"])
def test_a_scheduler_that_does_not_answer_is_named(address: str) -> None:
    with (
        Cluster(address) as unusable,
        pytest.raises(SweepError, match=f"no scheduler answers at {address} .*: dask scheduler"),
    ):
        list(unusable.run([BATCH], "folder"))


def test_a_port_that_is_no_scheduler_s_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_CONNECT_S", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        with Cluster(address) as unusable, pytest.raises(SweepError, match="is no Dask scheduler"):
            list(unusable.run([BATCH], "folder"))


def test_a_worker_is_not_taken_for_a_scheduler() -> None:
    with LocalCluster(n_workers=1, processes=False, protocol="tcp", dashboard_address=None) as dask:
        (worker,) = dask.workers.values()
        with (
            Cluster(worker.address) as unusable,
            pytest.raises(SweepError, match=r"is no Dask scheduler \(Worker\)"),
        ):
            list(unusable.run([BATCH], "folder"))


def test_a_scheduler_without_workers_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_WORKER_S", 0.01)
    with (
        LocalCluster(n_workers=0, processes=False, protocol="tcp", dashboard_address=None) as empty,
        Cluster(empty.scheduler_address) as unusable,
        pytest.raises(SweepError, match=r"has no worker .* dask worker tcp://"),
    ):
        list(unusable.run([BATCH], "folder"))


def test_without_tasks_nobody_is_asked() -> None:
    with Cluster("tcp://127.0.0.1:9") as unusable:
        assert list(unusable.run([], "folder")) == []
        assert unusable.workers == 0


def test_a_batch_whose_workers_are_all_lost_is_an_error_of_its_points() -> None:
    class Lost:
        def result(self) -> list[Outcome]:
            raise KilledWorker("run-1", SimpleNamespace(address="tcp://w:1"), 3)

    outcomes = cluster._outcomes(Lost(), 2)
    assert [outcome.numbers for outcome in outcomes] == [None, None]
    assert "every worker that had it was lost" in str(outcomes[0].error)


def linger(tasks: list[Task], folder: str) -> list[Outcome]:
    """In a worker: start a process as a compiler is, or a simulator; interrupt the sweep; wait."""
    child = subprocess.Popen(
        ["sh", "-c", f"echo started; sleep 60; echo outlived > {folder}/end"],
        stdout=(Path(folder) / "end").open("w"),
        start_new_session=True,
    )
    os.kill(os.getppid(), signal.SIGINT)
    child.wait()
    return []


def test_what_a_worker_started_ends_when_the_sweep_is_interrupted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(cluster.work, "run", linger)
    os.mkfifo(tmp_path / "end")
    end = os.open(tmp_path / "end", os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(KeyboardInterrupt), Cluster(processes=1) as here:
        list(here.run([BATCH], str(tmp_path)))
    os.set_blocking(end, True)
    with os.fdopen(end, encoding="utf-8") as said:
        assert said.read() == "started\n", "it went on to its own end"


@pytest.mark.parametrize("error", [CancelledError("run-1"), CommClosedError("closed")])
def test_a_lost_scheduler_is_one_line_and_says_that_results_are_kept(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def lose(future: object, count: int) -> list[Outcome]:
        raise error

    class Client:
        def submit(self, *arguments: object, pure: bool) -> object:
            return object()

    monkeypatch.setattr(cluster, "_outcomes", lose)
    monkeypatch.setattr(cluster, "as_completed", lambda futures: futures)
    monkeypatch.setattr(Cluster, "_connected", lambda self: Client())
    with pytest.raises(SweepError, match=r"scheduler was lost .* what was computed is kept"):
        list(Cluster().run([BATCH], "folder"))
