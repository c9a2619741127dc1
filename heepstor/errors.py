"""What can go wrong, one class per stage.

A `HeepstorError` is a user's mistake or a limit of the machine: its message says where, what was
found and what is accepted, in one line, and the command line prints it without a traceback and
exits with 2. Anything else that is raised is a bug.
"""

from __future__ import annotations


class HeepstorError(Exception):
    """Base of all errors whose message is meant for the user."""

    exit_status = 2


class ConfigError(HeepstorError):
    """`heepstor_cfg.hjson` or an override is not acceptable."""


class ProjectError(HeepstorError):
    """A project folder is missing, incomplete, or busy."""


class ModelError(HeepstorError):
    """The PyTorch model holds something that cannot be deployed."""


class PlanError(HeepstorError):
    """The network does not fit the hardware."""


class ToolError(HeepstorError):
    """A tool is missing or failed."""


class BuildError(HeepstorError):
    """Firmware or Verilated model could not be built."""


class SimulationError(HeepstorError):
    """The simulation could not be started or did not end by itself."""


class SweepError(HeepstorError):
    """A sweep cannot go on: its scheduler or its workers cannot."""


class DataError(HeepstorError):
    """A data set or checkpoint is missing, incomplete, or corrupted."""


class HistoryError(HeepstorError):
    """The database of runs cannot be used, or has no run of what was asked for."""


class ReportError(HeepstorError):
    """A `report.json` is missing, damaged, or of a run that says nothing."""


class LogError(HeepstorError):
    """A board's log cannot be read, or is of another run than it is compared with."""


class PortError(HeepstorError):
    """A serial port cannot be used, or what it says cannot be written down."""


class ToleranceError(HeepstorError):
    """A tolerance is no limit, or names a layer that is not there."""


class FpgaError(HeepstorError):
    """A board's description or a configuration that cannot become a bitstream."""


class VivadoMissingError(ToolError):
    """The project for Vivado is there, but not Vivado."""

    exit_status = 3


class DebugError(HeepstorError):
    """OpenOCD or GDB cannot reach the SoC, or nobody debugs the project."""
