"""What `heepstor.build.build_firmware` makes of a program, and what it refuses."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from heepstor import build, config, registers
from heepstor.build import firmware
from heepstor.errors import BuildError, PlanError, ToolError

NETWORK = Path(__file__).parent / "programs" / "network.cpp"
CONFIG = config.load()

BARE = "int main() { return 3; }\n"


def program(folder: Path, text: str) -> Path:
    path = folder / "program.cpp"
    path.write_text(text, encoding="utf-8")
    return path


def disassembly(image: build.FirmwareImage) -> str:
    command = ["riscv64-unknown-elf-objdump", "-d", "--no-show-raw-insn", str(image.elf)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def symbols(image: build.FirmwareImage) -> dict[str, int]:
    with image.elf.open("rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        return {symbol.name: symbol["st_value"] for symbol in table.iter_symbols()}


def test_execution_starts_at_the_boot_address() -> None:
    image = build.build_firmware([NETWORK], CONFIG)
    with image.elf.open("rb") as file:
        assert ELFFile(file).header["e_entry"] == registers.BOOT_ADDRESS


def test_the_trap_handler_is_aligned_as_mtvec_needs() -> None:
    image = build.build_firmware([NETWORK], CONFIG)
    assert symbols(image)["heepstor_trap_entry"] % 256 == 0


def test_the_image_carries_the_hash_of_its_hardware() -> None:
    other = config.load(overrides=["systolic_array.size=4"])
    assert other.hash != CONFIG.hash
    for hardware in (CONFIG, other):
        with build.build_firmware([NETWORK], hardware).elf.open("rb") as file:
            section = ELFFile(file).get_section_by_name(".heepstor.hash")
            assert section.data() == hardware.hash.to_bytes(4, "little")


def test_the_image_carries_a_digest_of_what_it_was_built_from(tmp_path: Path) -> None:
    def digest(text: str, *, assertions: bool = True) -> int:
        source = program(tmp_path, text)
        image = build.build_firmware([source], CONFIG, assertions=assertions)
        return symbols(image)["__image_digest"]

    first = digest(BARE)
    assert 0 < first < 2**32
    assert digest(BARE + "// changed\n") != first
    assert digest(BARE, assertions=False) != first


def test_what_was_generated_for_other_projects_is_no_part_of_an_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    header, generated = tmp_path / "hal" / "uart.h", tmp_path / "apps" / "x" / "gen" / "weights.h"
    for path in (header, generated):
        path.parent.mkdir(parents=True)
        path.touch()
    monkeypatch.setattr(firmware, "SOFTWARE", tmp_path)
    monkeypatch.setattr(firmware, "_APPLICATIONS", tmp_path / "apps")
    assert firmware._headers(tmp_path) == [header]
    assert firmware._headers(generated.parent) == [generated]


def test_arena_and_stack_take_memory_but_no_place_in_the_file() -> None:
    image = build.build_firmware([NETWORK], CONFIG)
    assert image.arena_bytes >= 478 * 4
    assert 0 <= image.stack_bytes - CONFIG.stack_bytes < 16  # its alignment
    with image.elf.open("rb") as file:
        elf = ELFFile(file)
        for name in (".bss", ".arena", ".stack"):
            assert elf.get_section_by_name(name)["sh_type"] == "SHT_NOBITS"


def test_no_multiplication_is_fused_with_an_addition() -> None:
    image = build.build_firmware([NETWORK], CONFIG)
    assert re.search(r"\bfmul\.s\b", disassembly(image))
    assert not re.findall(r"\bfn?m(?:add|sub)\.s\b", disassembly(image))


def test_a_bare_program_brings_its_own_main_and_takes_no_network(tmp_path: Path) -> None:
    image = build.build_firmware([program(tmp_path, BARE)], CONFIG)
    names = symbols(image).keys()
    assert "heepstor_boot" in names
    assert not [name for name in names if "kModel" in name or "infer" in name]


def test_an_image_that_was_built_before_comes_from_the_cache(tmp_path: Path) -> None:
    source = program(tmp_path, BARE)
    first = build.build_firmware([source], CONFIG)
    lines: list[str] = []
    assert build.build_firmware([source], CONFIG, on_progress=lines.append) == first
    assert lines == []


@pytest.mark.parametrize("change", ["source", "header", "define", "assertions", "config"])
def test_an_image_is_built_anew_when_an_input_changes(tmp_path: Path, change: str) -> None:
    source = program(tmp_path, '#include "own.h"\n' + BARE)
    header = tmp_path / "own.h"
    header.write_text("// first\n", encoding="utf-8")
    arguments = {"include": [tmp_path], "assertions": True, "defines": {}}
    first = build.build_firmware([source], CONFIG, **arguments)
    hardware = CONFIG
    if change == "source":
        source.write_text('#include "own.h"\n// changed\n' + BARE, encoding="utf-8")
    elif change == "header":
        header.write_text("// changed\n", encoding="utf-8")
    elif change == "define":
        arguments["defines"] = {"CHANGED": "1"}
    elif change == "assertions":
        arguments["assertions"] = False
    else:
        hardware = config.load(overrides=["memory.stack_kib=8"])
    assert build.build_firmware([source], hardware, **arguments).elf != first.elf


CHECKS = """
#include "runtime/check.h"
int main(int argc, char**) {
  HEEPSTOR_CHECK(argc != 1001);
  HEEPSTOR_ASSERT(argc != 1002);
  return 0;
}
"""


@pytest.mark.parametrize("assertions", [True, False])
def test_only_assertions_are_compiled_out(tmp_path: Path, assertions: bool) -> None:
    image = build.build_firmware([program(tmp_path, CHECKS)], CONFIG, assertions=assertions)
    content = image.elf.read_bytes()
    assert b"argc != 1001\0" in content
    assert (b"argc != 1002\0" in content) is assertions


def test_a_source_that_does_not_compile_is_refused_with_the_compilers_words(
    tmp_path: Path,
) -> None:
    source = program(tmp_path, "int main() { return nonsense; }\n")
    with pytest.raises(BuildError, match=r"compiling program.cpp failed:(?s:.*)'nonsense'"):
        build.build_firmware([source], CONFIG)


def test_an_undefined_symbol_is_refused_with_the_linkers_words(tmp_path: Path) -> None:
    source = program(tmp_path, "int missing();\nint main() { return missing(); }\n")
    with pytest.raises(BuildError, match=r"linking the firmware failed:(?s:.*)missing"):
        build.build_firmware([source], CONFIG)


def test_a_static_constructor_is_refused(tmp_path: Path) -> None:
    source = program(
        tmp_path,
        'struct S { S() { asm volatile("nop"); } };\nS g_s;\nint main() { return 0; }\n',
    )
    with pytest.raises(BuildError, match=r"program.cpp: needs section \.init_array"):
        build.build_firmware([source], CONFIG)


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        ("char big[600]", "frame size"),
        ("char big[size]", "variable length array"),
        ("auto* big = static_cast<char*>(__builtin_alloca(size))", "alloca"),
    ],
)
def test_a_frame_that_may_be_larger_than_the_stacks_guard_is_refused(
    tmp_path: Path, frame: str, words: str
) -> None:
    text = f"void use(char*);\nint main(int size, char**) {{ {frame}; use(big); return size; }}\n"
    with pytest.raises(BuildError, match=words):
        build.build_firmware([program(tmp_path, text)], CONFIG)


def test_an_image_larger_than_memory_is_refused_with_its_excess(tmp_path: Path) -> None:
    source = program(
        tmp_path,
        "char g_big[1000000] = {1};\nint main() { return g_big[5]; }\n",
    )
    with pytest.raises(
        PlanError,
        match=r"needs \d+ bytes more than the 524288 bytes of memory .*largest.* \.data 1000000",
    ):
        build.build_firmware([source], CONFIG)


def test_a_missing_compiler_is_named_with_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        ToolError, match=r"riscv64-unknown-elf-g\+\+ is not found; .*gcc-riscv64-unknown-elf"
    ):
        build.build_firmware([NETWORK], CONFIG)
