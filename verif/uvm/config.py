"""What the components of the environment are told: the instance under test and the limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from heepstor.registers import SYSTOLIC_ARRAY
from verif.uvm.coverage import Coverage


@dataclass(frozen=True)
class ArrayConfig:
    """Set in the ConfigDB as `cfg` by the test; `tb` is the handle of `systolic_array_tb`."""

    tb: Any
    size: int
    rows: int
    config_hash: int
    random: np.random.Generator
    coverage: Coverage
    base: int = SYSTOLIC_ARRAY.base
    timeout_cycles: int = 2000
