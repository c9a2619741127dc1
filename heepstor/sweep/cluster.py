"""Where tasks run: processes of this machine, or the workers of a Dask scheduler."""

from __future__ import annotations

import asyncio
import logging
import re
import signal
import socket
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager, suppress
from types import TracebackType
from typing import Self

import psutil
from distributed import Client, Future, KilledWorker, LocalCluster, Security, as_completed
from distributed.comm import CommClosedError
from distributed.core import rpc

from heepstor.errors import SweepError
from heepstor.sweep import work
from heepstor.sweep.work import Outcome, Task

_ADDRESS = re.compile(r"(?:tcp|tls)://(?P<host>[^:/]+):(?P<port>[0-9]{1,5})")
_CONNECT_S = 10.0
_WORKER_S = 60.0

Batch = Sequence[Task]


class Cluster:
    """Connects, or starts processes, when the first task comes; the `with` block ends them."""

    def __init__(self, scheduler: str | None = None, processes: int | None = None) -> None:
        """Without the address of a scheduler: processes here, by default one a core."""
        self._scheduler = scheduler
        self._processes = processes
        self._client: Client | None = None
        self._resources = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._resources.close()

    def run(self, batches: Sequence[Batch], folder: str) -> Iterator[tuple[Batch, list[Outcome]]]:
        """The outcomes of batches as they come; what a lost worker had goes to another one.

        Raises:
            SweepError: the scheduler cannot be reached, or a worker has other files.
        """
        if not batches:
            return
        client = self._connected()
        try:
            # Not pure: the same call is not the same result while files can change.
            batch_of = {
                client.submit(work.run, batch, folder, pure=False): batch for batch in batches
            }
            for future in as_completed(list(batch_of)):
                batch = batch_of.pop(future)
                yield batch, _outcomes(future, len(batch))
        except (CancelledError, CommClosedError) as error:
            reason = " ".join(str(error).split())  # Dask's has several lines
            raise SweepError(
                f"the scheduler was lost ({reason}); start the sweep again: what was computed is "
                "kept"
            ) from error

    @property
    def workers(self) -> int:
        """How many there are at the moment."""
        return int(self._client.scheduler_info()["n_workers"]) if self._client else 0

    def _connected(self) -> Client:
        if self._client is None:
            address = self._scheduler or self._started()
            self._client = self._resources.enter_context(Client(_checked(address)))
            self._require_worker(self._client)
        return self._client

    def _started(self) -> str:
        """Start processes of this machine, on its loopback interface."""
        with _ctrl_c_ignored():
            cluster = LocalCluster(
                n_workers=self._processes,
                threads_per_worker=1,
                host="127.0.0.1",
                dashboard_address=None,
                silence_logs=logging.CRITICAL,
            )
        self._resources.enter_context(cluster)
        # When nobody asks for more, but before the workers end: what they leave is no one's child.
        self._resources.callback(_end_what_workers_started)
        return str(cluster.scheduler_address)

    def _require_worker(self, client: Client) -> None:
        try:
            client.wait_for_workers(1, timeout=_WORKER_S)
        except TimeoutError:
            raise SweepError(
                f"the scheduler {self._scheduler} has no worker and none came within "
                f"{_WORKER_S:.0f} s; start some with: dask worker {self._scheduler}"
            ) from None


@contextmanager
def _ctrl_c_ignored() -> Iterator[None]:
    """Processes started meanwhile ignore Ctrl-C for ever: at a terminal it comes to all of them."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _end_what_workers_started() -> None:
    """Compilers, simulators, ...: at a Ctrl-C they would go on without anybody to wait for them."""
    for worker in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):
            for process in worker.children(recursive=True):
                process.terminate()


def _checked(address: str) -> str:
    """The address, if there is a scheduler at it; Dask itself waits long, or for ever."""
    match = _ADDRESS.fullmatch(address)
    if not match:
        raise SweepError(f"scheduler is {address!r}; it must be tcp://HOST:PORT or tls://HOST:PORT")
    try:
        socket.create_connection((match["host"], int(match["port"])), _CONNECT_S).close()
    except (OSError, OverflowError) as error:
        raise SweepError(
            f"no scheduler answers at {address} ({error}); start one with: dask scheduler"
        ) from error
    found = _kind_at(address)
    if found != "Scheduler":
        raise SweepError(
            f"{address} is no Dask scheduler ({found}); start one with: dask scheduler"
        )
    return address


def _kind_at(address: str) -> str:
    """What Dask's server at an address says that it is; else what went wrong."""
    try:
        return asyncio.run(asyncio.wait_for(_asked_for_kind(address), _CONNECT_S))
    except TimeoutError:
        return f"what listens there does not answer as one within {_CONNECT_S:.0f} s"
    # TypeError: tls:// without certificates; MemoryError: the first bytes, taken for a length
    except (OSError, TypeError, ValueError, MemoryError) as error:
        return repr(error)


async def _asked_for_kind(address: str) -> str:
    connection = Security().get_connection_args("client")
    async with rpc(address, connection_args=connection) as server:
        return str((await server.identity())["type"])


def _outcomes(future: Future, count: int) -> list[Outcome]:
    try:
        return list(future.result())
    except KilledWorker as error:
        # Not by chance: it went to another worker each time.
        return [Outcome(error=f"every worker that had it was lost: {error}")] * count
