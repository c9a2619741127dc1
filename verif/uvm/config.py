"""What the components of the environment are told, set in the ConfigDB by the test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from heepstor.config import Config
from verif.uvm.coverage import Coverage
from verif.uvm.memory import Memory
from verif.uvm.model import encode


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
    """The array under test, as `cfg`; `memory` is behind its own ports."""

    port: PortConfig
    size: int
    rows: int
    hardware: Config
    config_hash: int
    random: np.random.Generator
    coverage: Coverage
    memory: Memory

    @property
    def stream_geometry(self) -> int:
        """What STREAM_GEOMETRY reads."""
        return encode(
            "STREAM_GEOMETRY",
            PORTS=self.hardware.systolic_array_ports,
            LOG2_ACTIVATION_WORDS=self.hardware.systolic_array_activation_words.bit_length() - 1,
            LOG2_WEIGHT_ROWS=self.hardware.systolic_array_weight_rows.bit_length() - 1,
        )


@dataclass(frozen=True)
class MemoryConfig:
    """A memory that answers a manager port, as `memory`.

    Each grant waits for one of `grant_waits` cycles, each answer for one of `answer_waits` more
    than the least; both drawn at random. A share `errors` of the accesses is answered with an error
    and not done, and so is each one beyond the memory, or to one of the words `broken`. `unasked`
    plants an answer to no request.
    """

    random: np.random.Generator
    memory: Memory
    grant_waits: tuple[int, ...] = (0,)
    answer_waits: tuple[int, ...] = (0,)
    errors: float = 0.0
    broken: frozenset[int] = frozenset()
    unasked: bool = False
