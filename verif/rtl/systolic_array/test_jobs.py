"""The array in `stream` mode: jobs, chains of them, errors, counters."""

from __future__ import annotations

from verif.rtl.systolic_array import runner


@runner.on_every_configuration
def test_jobs(size: int, rows: int, ports: int) -> None:
    runner.run("verif.rtl.systolic_array.cocotb_jobs", size=size, rows=rows, ports=ports)
