"""The first content of the RAM, from a firmware image: one file a bank, for `$readmemh`."""

from __future__ import annotations

from pathlib import Path

from heepstor.config import Config
from heepstor.errors import FpgaError
from heepstor.sim import elf as elf_file

PREFIX = "ram_"
"""What the names of the files begin with; the RTL adds the bank's number, as `ram_07.mem`."""


def files(config: Config, elf: Path) -> dict[str, str]:
    """Name to content of the files that make the RAM hold an image.

    Raises:
        SimulationError: `elf` is no ELF file, or does not say which hardware it is for.
        FpgaError: it is for other hardware, or lies outside the RAM.
    """
    built_for = elf_file.config_hash(elf)
    if built_for != config.hash:
        raise FpgaError(
            f"{elf}: built for the hardware 0x{built_for:08x}, but the bitstream is the hardware "
            f"0x{config.hash_hex}; build both from one configuration"
        )
    banks = split(config, _content(config, elf))
    return {
        f"{PREFIX}{number:02}.mem": "".join(f"{word:08x}\n" for word in bank)
        for number, bank in enumerate(banks)
    }


def split(config: Config, words: list[int]) -> list[list[int]]:
    """The words of the RAM by bank and row, as `soc_pkg::ram_bank` and `ram_row` have it."""
    rows = config.memory_bank_kib * 1024 // 4
    plain = config.memory_banks - config.memory_interleaved_banks
    banks = [words[bank * rows : (bank + 1) * rows] for bank in range(plain)]
    rest = words[plain * rows :]
    interleaved = config.memory_interleaved_banks
    return [*banks, *(rest[bank::interleaved] for bank in range(interleaved))]


def _content(config: Config, elf: Path) -> list[int]:
    """The words of the whole RAM, 0 where the image says nothing."""
    ram = bytearray(config.memory_bytes)
    for address, data in elf_file.segments(elf):
        if address + len(data) > len(ram):
            raise FpgaError(
                f"{elf}: {len(data)} bytes at 0x{address:x} are outside of the RAM of {len(ram)}"
            )
        ram[address : address + len(data)] = data
    return [int.from_bytes(ram[i : i + 4], "little") for i in range(0, len(ram), 4)]
