"""What a worker does: a few points, one after the other, each result kept at once."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass

from heepstor import flow
from heepstor.errors import HeepstorError, SweepError
from heepstor.sweep import stages
from heepstor.sweep.spec import Point
from heepstor.sweep.stages import Numbers
from heepstor.sweep.store import Store


@dataclass(frozen=True)
class Task:
    """A stage for a point; `key` is that of the result."""

    key: str
    stage: str
    point: Point


@dataclass(frozen=True)
class Outcome:
    """Numbers, or why there are none."""

    numbers: Numbers | None = None
    error: str | None = None


def run(tasks: Sequence[Task], folder: str) -> list[Outcome]:
    """The outcomes of tasks; results that are in the folder already are only read.

    `folder` is seen from the root of the checkout, which need not lie in the same place on all
    machines.

    Raises:
        SweepError: this worker has other files than who asked.
    """
    store = Store(flow.ROOT / folder)
    return [_run(task, store) for task in tasks]


def _run(task: Task, store: Store) -> Outcome:
    own_key = stages.key(task.stage, task.point)
    if own_key != task.key:
        raise SweepError(
            f"the worker on {socket.gethostname()} has other sources or tools, or another "
            f"project {task.point.project}, than where the sweep was started; bring it up to date "
            "and start it again"
        )
    with store.alone(task.key):
        if result := store.get(task.key):
            return Outcome(result["numbers"])
        start = time.monotonic()
        try:
            numbers = stages.STAGES[task.stage](task.point, store.run_folder(task.key))
        except HeepstorError as error:
            return Outcome(error=str(error))
        except (AssertionError, ArithmeticError, LookupError, ValueError, MemoryError) as error:
            # A fault of ours, but of this point alone as far as anyone knows: the rest goes on.
            return Outcome(error=f"internal error: {error!r}")
        store.put(
            task.key,
            {
                "numbers": numbers,
                "seconds": round(time.monotonic() - start, 3),
                "worker": f"{socket.gethostname()}:{os.getpid()}",
            },
        )
        return Outcome(numbers)
