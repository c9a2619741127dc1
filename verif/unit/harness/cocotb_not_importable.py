"""A module of cocotb tests that cannot be imported; see test_cocotb_runner.py."""

from __future__ import annotations

raise ImportError("on purpose")
