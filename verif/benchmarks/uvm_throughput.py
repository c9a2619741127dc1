"""A UVM test, run in the simulator, that counts the bus transactions which are checked."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pyuvm

from verif.uvm.tests import ArrayTest
from verif.uvm.virtual_sequences import RandomGemmSequence

RESULT_VARIABLE = "HEEPSTOR_BENCHMARK_RESULT"
"""Environment variable: the file that gets the counts."""
_ITEMS = 20


@pyuvm.test()
class RandomGemms(ArrayTest):
    """Random matrix products, timed by the CPU time of the simulator with all that is in it."""

    async def stimulus(self) -> None:
        start = time.process_time()
        for _ in range(_ITEMS):
            await self.start(RandomGemmSequence())
        result = {
            "transactions": self.env.bus_scoreboard.checked,
            "cpu_s": time.process_time() - start,
        }
        Path(os.environ[RESULT_VARIABLE]).write_text(json.dumps(result), encoding="utf-8")

    def report_phase(self) -> None:
        """What a benchmark has covered counts for nothing."""
