"""What the components of the environment are told, set in the ConfigDB by the test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from verif.uvm.coverage import Coverage


@dataclass(frozen=True)
class PortConfig:
    """An OBI port, as `port`: where its signals and its probe are (obi_probe.sv), and its window.

    `tb` is the handle of a test top with `clk`, the signals of the port, and those of its probe.
    """

    tb: Any
    base: int
    window_bytes: int
    timeout_cycles: int = 2000


@dataclass(frozen=True)
class ArrayConfig:
    """The array under test, as `cfg`."""

    port: PortConfig
    size: int
    rows: int
    config_hash: int
    stream_geometry: int
    random: np.random.Generator
    coverage: Coverage


@dataclass(frozen=True)
class MemoryConfig:
    """A memory that answers a manager port, as `memory`.

    Each grant waits for one of `grant_waits` cycles, each answer for one of `answer_waits` more
    than the least; both drawn at random. A share `errors` of the accesses is answered with an error
    and not done, and so is each one beyond `words`. `unasked` plants an answer to no request.
    """

    random: np.random.Generator
    words: int
    grant_waits: tuple[int, ...] = (0,)
    answer_waits: tuple[int, ...] = (0,)
    errors: float = 0.0
    unasked: bool = False
