"""GDB on a project's firmware, simulated or on a board: sessions that OpenOCD keeps open."""

from heepstor.debug.session import Session, debug_board, debug_simulation

__all__ = ["Session", "debug_board", "debug_simulation"]
