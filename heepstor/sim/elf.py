"""What a firmware image says about itself."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elftools.common.exceptions import ELFError
from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile

from heepstor.errors import SimulationError

HASH_SECTION = ".heepstor.hash"


@dataclass(frozen=True)
class Span:
    """A section or a variable of an image; address and size are in bytes."""

    name: str
    address: int
    size: int


@contextmanager
def opened(elf: Path) -> Iterator[ELFFile]:
    """The file as pyelftools sees it.

    Raises:
        SimulationError: if `elf` cannot be read or is no ELF file.
    """
    try:
        with elf.open("rb") as file:
            yield ELFFile(file)
    except OSError as error:
        raise SimulationError(f"{elf}: cannot be read ({error.strerror})") from error
    except ELFError as error:
        raise SimulationError(f"{elf}: not an ELF file ({error})") from error


def config_hash(elf: Path) -> int:
    """Hash of the configuration that an image was built for.

    Raises:
        SimulationError: if it is no ELF file or does not say.
    """
    with opened(elf) as image:
        section = image.get_section_by_name(HASH_SECTION)
        if section is None or section.data_size != 4:
            raise SimulationError(
                f"{elf}: no word in section {HASH_SECTION}, so the hardware that it was built for "
                "is unknown; link it with HEEPstor's linker script and runtime"
            )
        return int.from_bytes(section.data(), "little")


def symbol_address(elf: Path, name: str) -> int:
    """Value of a symbol of an image.

    Raises:
        SimulationError: if it is no ELF file or has no such symbol.
    """
    with opened(elf) as image:
        for symbol in _symbols(image):
            if symbol.name == name:
                return int(symbol["st_value"])
    raise SimulationError(f"{elf}: has no symbol {name}")


def symbolize(elf: Path, pc: int) -> str:
    """Name of the function that a program counter lies in, or the address if it lies in none.

    Raises:
        SimulationError: if `elf` is no ELF file.
    """
    with opened(elf) as image:
        for symbol in _symbols(image):
            start = symbol["st_value"]
            if symbol["st_info"]["type"] == "STT_FUNC" and start <= pc < start + symbol["st_size"]:
                return _demangled(symbol.name)
    return f"0x{pc:08x}"


def segments(elf: Path) -> list[tuple[int, bytes]]:
    """(Physical address, content) of what is loaded into memory.

    Raises:
        SimulationError: if `elf` is no ELF file.
    """
    with opened(elf) as image:
        return [
            (segment["p_paddr"], segment.data())
            for segment in image.iter_segments("PT_LOAD")
            if segment["p_filesz"]
        ]


def functions(elf: Path) -> list[Span]:
    """The functions of an image, by their names in the source.

    Raises:
        SimulationError: if `elf` is no ELF file.
    """
    with opened(elf) as image:
        found = [
            (symbol.name, symbol["st_value"], symbol["st_size"])
            for symbol in _symbols(image)
            if symbol["st_info"]["type"] == "STT_FUNC"
        ]
    names = _demangled("\n".join(name for name, _, _ in found)).splitlines()
    return [Span(name, start, size) for name, (_, start, size) in zip(names, found, strict=True)]


def sections(elf: Path) -> list[Span]:
    """The sections that take memory, from the lowest address on.

    Raises:
        SimulationError: if `elf` is no ELF file.
    """
    with opened(elf) as image:
        spans = [
            Span(section.name, section["sh_addr"], section["sh_size"])
            for section in image.iter_sections()
            if section["sh_flags"] & SH_FLAGS.SHF_ALLOC and section["sh_size"]
        ]
    return sorted(spans, key=lambda span: span.address)


def variables(elf: Path) -> list[Span]:
    """The variables and constants of an image, by the names that the compiler gave them.

    Raises:
        SimulationError: if `elf` is no ELF file.
    """
    with opened(elf) as image:
        return [
            Span(symbol.name, symbol["st_value"], symbol["st_size"])
            for symbol in _symbols(image)
            if symbol["st_info"]["type"] == "STT_OBJECT"
        ]


def _symbols(image: ELFFile) -> Iterator[Any]:
    table: Any = image.get_section_by_name(".symtab")
    if table is not None:
        yield from table.iter_symbols()


def _demangled(names: str) -> str:
    """C++ names, one a line, as written in the source, where binutils are installed to tell."""
    tool = shutil.which("c++filt")
    if tool is None:
        return names
    done = subprocess.run([tool], input=names, capture_output=True, text=True, check=True)
    return done.stdout.rstrip("\n")
