"""Builds firmware images and Verilated models, cached by content."""

from heepstor.build.firmware import FirmwareImage, build_firmware
from heepstor.build.verilated import SimulatorBinary, build_soc

__all__ = ["FirmwareImage", "SimulatorBinary", "build_firmware", "build_soc"]
