"""Puts another sample into a linked image, so that many are run without compiling each.

The compiler may fold values of the sample into the code, which this would not reach;
`holds_sample_as_data` tells.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile

from heepstor.build.firmware import FirmwareImage
from heepstor.errors import BuildError

# The names that heepstor/emit/model.py gives, as the compiler mangles them.
_INPUT = "_ZL6kInput"
_LAYERS = "_ZN12_GLOBAL__N_1L7kLayersE"
_OBJECT = "model.o"


@dataclass(frozen=True)
class Sample:
    """What an image holds of a sample: its FP32 words, and the hash of each layer's output."""

    words: bytes
    hashes: tuple[int, ...]


def with_sample(image: FirmwareImage, elf: Path, *, old: Sample, new: Sample) -> FirmwareImage:
    """Write a copy of an image to `elf` that holds `new` instead of `old`; nothing else differs.

    The digest that it prints stays that of the image it was made of.

    Raises:
        BuildError: the image does not hold `old` as a generated network does.
    """
    content = bytearray(image.elf.read_bytes())
    words = _bytes_of(image.elf, content, _INPUT)
    if words != old.words or len(words) != len(new.words):
        raise BuildError(f"{image.elf}: its input is not the sample that it was built for")
    words[:] = new.words
    # The layout of an entry of kLayers is the compiler's business: its hash is found by its value.
    layers = np.frombuffer(_bytes_of(image.elf, content, _LAYERS), "<u4")
    entries = layers.reshape(len(old.hashes), -1)
    (columns,) = (entries == np.array([old.hashes], np.uint32).T).all(axis=0).nonzero()
    if len(columns) != 1:
        raise BuildError(f"{image.elf}: its layers do not hold the hashes that it was built for")
    entries[:, columns[0]] = new.hashes
    elf.write_bytes(content)
    return replace(image, elf=elf)


def holds_sample_as_data(image: FirmwareImage, other: FirmwareImage) -> bool:
    """Whether two compiled images of a network, of samples without a common word, have one code."""
    return _code(image.elf.with_name(_OBJECT)) == _code(other.elf.with_name(_OBJECT))


def _bytes_of(elf: Path, content: bytearray, name: str) -> memoryview:
    """The bytes of a variable in the `content` of an ELF file, to read and write."""
    with elf.open("rb") as file:
        image = ELFFile(file)
        table: Any = image.get_section_by_name(".symtab")
        for symbol in (table and table.get_symbol_by_name(name)) or ():
            size = symbol["st_size"]
            for offset in image.address_offsets(symbol["st_value"], size):
                return memoryview(content)[offset : offset + size]
    raise BuildError(f"{elf}: has no {name}; it is no image of a generated network")


def _code(path: Path) -> dict[str, bytes]:
    """Of an object, all that gets into an image but the sample and its hashes: name to content."""
    apart = {f".rodata.{_INPUT}", f".rodata.{_LAYERS}"}
    with path.open("rb") as file:
        return {
            section.name: section.data()
            for section in ELFFile(file).iter_sections()
            if section["sh_flags"] & SH_FLAGS.SHF_ALLOC or section.name.startswith(".rela.")
            if ".debug" not in section.name and section.name not in apart
        }
