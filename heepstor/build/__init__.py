"""Builds firmware images and Verilated models, cached by content."""

from heepstor.build.firmware import FirmwareImage, build_firmware

__all__ = ["FirmwareImage", "build_firmware"]
