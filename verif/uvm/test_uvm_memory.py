"""Runs the UVM tests of the memory agent, which will answer the array's own ports."""

from __future__ import annotations

from pathlib import Path

from verif.harness.cocotb_runner import run_module


def test_memory_agent_answers_a_manager_and_its_monitor_catches_breaches() -> None:
    here = Path(__file__).parent
    run_module(
        "obi_manager_tb",
        [here / "obi_probe.sv", here / "obi_manager_tb.sv"],
        "verif.uvm.memory_tests",
        {"Words": 64},
        random_state=True,
    )
