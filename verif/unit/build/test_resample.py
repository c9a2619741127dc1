"""An image with another sample is the one that the compiler would have made, or is refused."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from heepstor.build import FirmwareImage, Sample, holds_sample_as_data, with_sample
from heepstor.errors import BuildError

OLD, NEW = (1.5, 2.5, -3.5), (8.0, -0.0, 1e-40)
OLD_HASHES, NEW_HASHES = (0x8899AABB, 0x01234567), (0x00112233, 0xFFEEDDCC)

LAYERS = """
struct Layer { const char* name; unsigned size; unsigned hash; bool streamed; };
namespace { constexpr Layer kLayers[] = {{"one", 3, %sU, true}, {"two", 3, %sU, false}}; }
"""
PROGRAM = """
constexpr float kInput[] = {%s};
%s
const float* volatile g_input;
const Layer* volatile g_layers;
float g_result;
extern "C" void _start() {
  g_input = kInput;
  g_layers = kLayers;
  %s
}
"""
AS_DATA = "for (int i = 0; i < 3; ++i) g_result = g_result + g_input[i];"
FOLDED = "g_result = kInput[1] * 3.0f;"


def sample(values: Sequence[float], hashes: Sequence[int]) -> Sample:
    return Sample(struct.pack(f"<{len(values)}f", *values), tuple(hashes))


def image(
    folder: Path,
    values: Sequence[float] = OLD,
    hashes: Sequence[int] = OLD_HASHES,
    *,
    work: str = AS_DATA,
) -> FirmwareImage:
    """A program with the variables of a generated network, compiled as those are."""
    folder.mkdir()
    literals = ", ".join(f"{value.hex()}f" for value in values)
    (folder / "model.cpp").write_text(PROGRAM % (literals, LAYERS % tuple(hashes), work))
    flags = ["-march=rv32imfc", "-mabi=ilp32f", "-O2", "-g", "-ffreestanding", "-fdata-sections"]
    for command in (
        ["g++", *flags, "-std=c++17", "-c", "model.cpp", "-o", "model.o"],
        ["gcc", *flags, "-nostdlib", "model.o", "-o", "firmware.elf"],
    ):
        command[0] = f"riscv64-unknown-elf-{command[0]}"
        subprocess.run(command, cwd=folder, check=True)
    return FirmwareImage(folder / "firmware.elf", folder / "firmware.map", 0, 0, 0, 0, 0, 0)


def test_an_image_with_another_sample_is_the_one_compiled_for_it(tmp_path: Path) -> None:
    """Except for what a debugger would be told of the constants."""
    old = image(tmp_path / "old")
    changed = with_sample(
        old, tmp_path / "new.elf", old=sample(OLD, OLD_HASHES), new=sample(NEW, NEW_HASHES)
    )
    compiled = image(tmp_path / "compiled", NEW, NEW_HASHES)
    assert changed.elf == tmp_path / "new.elf"
    assert loaded(changed.elf) == loaded(compiled.elf)
    assert loaded(changed.elf) != loaded(old.elf)


def loaded(elf: Path) -> bytes:
    """The content of memory that an image makes."""
    target = elf.with_suffix(".bin")
    command = ["riscv64-unknown-elf-objcopy", "-O", "binary", str(elf), str(target)]
    subprocess.run(command, check=True)
    return target.read_bytes()


@pytest.mark.parametrize("hashes", [OLD_HASHES, NEW_HASHES])
def test_a_program_that_reads_its_sample_holds_it_as_data(
    tmp_path: Path, hashes: tuple[int, ...]
) -> None:
    other = image(tmp_path / "other", NEW, hashes)
    assert holds_sample_as_data(image(tmp_path / "one"), other)


def test_a_program_with_a_value_of_its_sample_in_the_code_does_not(tmp_path: Path) -> None:
    one, other = (
        image(tmp_path / name, values, work=FOLDED)
        for name, values in (("one", OLD), ("other", NEW))
    )
    assert not holds_sample_as_data(one, other)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (sample(NEW, OLD_HASHES), sample(NEW, NEW_HASHES), "its input is not the sample"),
        (sample(OLD, OLD_HASHES), sample(NEW[:2], NEW_HASHES), "its input is not the sample"),
        (sample(OLD, NEW_HASHES), sample(NEW, NEW_HASHES), "its layers do not hold the hashes"),
        (sample(OLD, (3, 3)), sample(NEW, NEW_HASHES), "its layers do not hold the hashes"),
    ],
    ids=["another sample", "a shorter one", "other hashes", "ambiguous hashes"],
)
def test_an_image_of_another_sample_is_refused(
    tmp_path: Path, old: Sample, new: Sample, words: str
) -> None:
    # A size is 3, too: with (3, 3), two words of an entry could be the hash.
    one = image(tmp_path / "one", hashes=(3, 3) if old.hashes == (3, 3) else OLD_HASHES)
    with pytest.raises(BuildError, match=rf"firmware\.elf: {words}"):
        with_sample(one, tmp_path / "new.elf", old=old, new=new)
    assert not (tmp_path / "new.elf").exists()


def test_a_program_that_is_no_network_is_refused(tmp_path: Path) -> None:
    one = image(tmp_path / "one")
    source = tmp_path / "bare.c"
    source.write_text("void _start(void) {}")
    command = ["riscv64-unknown-elf-gcc", "-march=rv32imfc", "-mabi=ilp32f", "-nostdlib"]
    subprocess.run([*command, str(source), "-o", str(one.elf)], check=True)
    with pytest.raises(BuildError, match="has no _ZL6kInput; it is no image of a generated net"):
        with_sample(
            one, tmp_path / "new.elf", old=sample(OLD, OLD_HASHES), new=sample(NEW, NEW_HASHES)
        )
