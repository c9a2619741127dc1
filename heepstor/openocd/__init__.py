"""OpenOCD on the SoC: a simulated one, or one on a board. Its configurations are the *.cfg here."""

from heepstor.openocd.process import (
    DEFAULT_GDB_PORT,
    Adapter,
    OpenOcd,
    board,
    boards,
    simulation,
)

__all__ = ["DEFAULT_GDB_PORT", "Adapter", "OpenOcd", "board", "boards", "simulation"]
