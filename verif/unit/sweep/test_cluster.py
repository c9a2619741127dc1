"""A cluster that cannot be used is one line that says what to do.

What workers do, and what becomes of a lost one: verif/system/test_sweep.py.
"""

from __future__ import annotations

from concurrent.futures import CancelledError
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
