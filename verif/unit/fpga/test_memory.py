"""The RAM's first content: each word is in the bank and row where the SoC looks for it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pyslang
import pytest

from heepstor import config as configuration
from heepstor.build import rtl
from heepstor.config import Config
from heepstor.errors import FpgaError, SimulationError
from heepstor.fpga import memory
from heepstor.sim import elf as elf_file
from verif.system import bare

CONFIG = configuration.load()
_WORDS_A_BANK = 8 * 1024 // 4


def spots(config: Config, offsets: list[int]) -> list[tuple[int, int]]:
    """Bank and row of bytes of the RAM, as the package of the SoC computes them."""
    session = pyslang.ast.ScriptSession()
    (package,) = (path for path in rtl.own_files("soc") if path.stem == "soc_pkg")
    session.eval(package.read_text(encoding="utf-8"))
    geometry = (
        f"{config.memory_banks}, {config.memory_interleaved_banks}, {config.memory_bank_kib * 1024}"
    )

    def value(function: str, offset: int) -> int:
        return int(session.eval(f"soc_pkg::{function}({offset}, {geometry})").value)

    return [(value("ram_bank", offset), value("ram_row", offset)) for offset in offsets]


@pytest.mark.parametrize(("banks", "interleaved"), [(1, 0), (4, 0), (6, 4), (4, 4)])
def test_a_word_is_where_the_soc_looks_for_it(banks: int, interleaved: int) -> None:
    config = dataclasses.replace(
        CONFIG, memory_banks=banks, memory_bank_kib=8, memory_interleaved_banks=interleaved
    )
    words = list(range(banks * _WORDS_A_BANK))
    split = memory.split(config, words)
    assert [len(bank) for bank in split] == [_WORDS_A_BANK] * banks
    some = [*range(5), *range(0, len(words), 997), len(words) - 1]
    for word, (bank, row) in zip(some, spots(config, [4 * w for w in some]), strict=True):
        assert split[bank][row] == word


def test_an_image_is_in_the_files_as_it_is_in_the_elf() -> None:
    elf = bare.image("boot", CONFIG)
    files = memory.files(CONFIG, elf)
    assert sorted(files) == [f"ram_{bank:02}.mem" for bank in range(CONFIG.memory_banks)]
    words = [int(line, 16) for name in sorted(files) for line in files[name].splitlines()]
    assert 4 * len(words) == CONFIG.memory_bytes
    content = b"".join(word.to_bytes(4, "little") for word in words)
    segments = elf_file.segments(elf)
    assert segments
    for address, data in segments:
        assert content[address : address + len(data)] == data


def test_an_image_for_other_hardware_is_refused_with_both_hashes() -> None:
    other = dataclasses.replace(CONFIG, systolic_array_size=12)
    with pytest.raises(FpgaError, match=f"0x{CONFIG.hash_hex}, but the .* 0x{other.hash_hex}"):
        memory.files(other, bare.image("boot", CONFIG))


def test_an_image_outside_of_the_ram_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elf_file, "segments", lambda elf: [(CONFIG.memory_bytes - 2, b"1234")])
    with pytest.raises(FpgaError, match=f"4 bytes at 0x7fffe are outside of the RAM of {1 << 19}"):
        memory.files(CONFIG, bare.image("boot", CONFIG))


def test_a_file_that_is_no_image_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "image.elf"
    path.write_bytes(b"no ELF")
    with pytest.raises(SimulationError, match="not an ELF file"):
        memory.files(CONFIG, path)
