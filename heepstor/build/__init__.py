"""Builds firmware images and Verilated models, cached by content."""

from heepstor.build.firmware import FirmwareImage, build_firmware, tool_output
from heepstor.build.resample import Sample, holds_sample_as_data, with_sample
from heepstor.build.verilated import SimulatorBinary, build_soc

__all__ = [
    "FirmwareImage",
    "Sample",
    "SimulatorBinary",
    "build_firmware",
    "build_soc",
    "holds_sample_as_data",
    "tool_output",
    "with_sample",
]
