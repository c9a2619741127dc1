"""A module whose only cocotb test is skipped; see test_cocotb_runner.py."""

from __future__ import annotations

from typing import Any

import cocotb


@cocotb.test(skip=True)
async def is_skipped(dut: Any) -> None:
    """Never runs."""
