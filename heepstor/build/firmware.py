"""Firmware: C++ sources and the runtime in, an ELF for one hardware configuration out.

The runtime is an archive, so that a program takes from it what it uses: a generated network defines
`kModel` and `infer()` and gets `main()`; a bare program brings a `main()` of its own.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile

from heepstor.build import cache
from heepstor.config import Config
from heepstor.emit import hardware
from heepstor.errors import BuildError, PlanError, ToolError
from heepstor.registers import STACK_GUARD_BYTES

ROOT = Path(__file__).resolve().parents[2]
SOFTWARE = ROOT / "sw"
_APPLICATIONS = SOFTWARE / "apps"

Progress = Callable[[str], None]

_PREFIX = "riscv64-unknown-elf-"
_REMEDY = "install the Debian packages gcc-riscv64-unknown-elf and picolibc-riscv64-unknown-elf"

# The compiler itself may call memcpy and memset.
_C_LIBRARY = "--specs=picolibc.specs"
_COMPILE_FLAGS = (
    _C_LIBRARY,
    "-O2",
    "-g",
    "-ffreestanding",
    "-ffunction-sections",
    "-fdata-sections",
    "-fstack-usage",
    # docs/numerics.md: the compiler may neither fuse nor reorder.
    "-ffp-contract=off",
    "-fno-fast-math",
    # Lets the square root be one instruction; changes no result.
    "-fno-math-errno",
    "-Wall",
    "-Wextra",
    "-Wshadow",
    "-Wconversion",
    "-Wdouble-promotion",
    "-Werror",
    # An overflow must not step over the guard at the end of the stack.
    f"-Wframe-larger-than={STACK_GUARD_BYTES}",
    "-Wvla",
    "-Walloca",
    # Messages and debug information name files as seen from the project, wherever it lies.
    f"-fdebug-prefix-map={ROOT}=.",
    f"-ffile-prefix-map={ROOT}/=",
)
_CXX_FLAGS = ("-std=c++17", "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics")
_LINK_FLAGS = (
    _C_LIBRARY,
    "-nostartfiles",
    "-Wl,--gc-sections",
    "-Wl,--fatal-warnings",
    # RAM is readable, writable and executable: there is no memory protection to configure.
    "-Wl,--no-warn-rwx-segments",
    "-Wl,--undefined=_start",
)

# Which line of the memory table a section of the image belongs to.
_TEXT = (".vectors", ".boot", ".heepstor.hash", ".text")
_BSS = (".bss", ".fault_stack")
_UNSUPPORTED = (".init_array", ".ctors", ".tdata", ".tbss")
_OVERFLOW = re.compile(r"region `ram' overflowed by (\d+) bytes?")
_LOG_TAIL_LINES = 25
_IMAGE_DIGEST_DIGITS = 8


@dataclass(frozen=True)
class FirmwareImage:
    """A linked image and the sizes of its parts."""

    elf: Path
    map: Path
    text_bytes: int
    rodata_bytes: int
    data_bytes: int
    bss_bytes: int
    arena_bytes: int
    stack_bytes: int


def build_firmware(
    sources: Sequence[Path],
    config: Config,
    *,
    include: Sequence[Path] = (),
    assertions: bool = True,
    defines: Mapping[str, str] | None = None,
    on_progress: Progress | None = None,
) -> FirmwareImage:
    """Compile `sources`, link them with the runtime; what was built before is taken from the cache.

    Args:
        sources: C++ files (`.cpp`) or assembly (`.S`).
        config: the hardware that the image is for.
        include: folders of their headers, besides `sw/` and the generated hardware header.
        assertions: whether `HEEPSTOR_ASSERT` is compiled in.
        defines: further preprocessor macros.
        on_progress: told what is being done, a line at a time.

    Raises:
        ToolError: there is no RISC-V compiler.
        BuildError: a source does not compile or link, with the end of the compiler's message.
        PlanError: the image is larger than the memory.
    """
    report = on_progress or _ignore
    compiler = _Compiler(
        config=config,
        folders=(SOFTWARE, hardware.write_all(config), *include),
        defines={
            **(defines or {}),
            "ENABLE_DEBUG_HEEPSTOR_ASSERTIONS": str(int(assertions)),
        },
    )
    runtime = _runtime(compiler, report)

    def build(folder: Path) -> None:
        objects = [compiler.compile(source, folder, report) for source in sources]
        report("linking")
        digest = cache.digest_of(key)[:_IMAGE_DIGEST_DIGITS]
        _link(objects, runtime, config, folder, digest)

    key = {
        **compiler.key(sources),
        "link": [*machine_flags(config), *_LINK_FLAGS],
        "runtime": runtime.parent.name,
        "script": hardware.linker_script(config),
    }
    return _image(cache.cached("firmware", key, build))


def machine_flags(config: Config) -> tuple[str, ...]:
    """The compiler's options for the CPU: its instructions, and how floats are passed."""
    if config.has_fpu:
        return "-march=rv32imfc", "-mabi=ilp32f"
    # In version 2.2 CSRs belong to the base. To name them (`_zicsr`) would be newer, but with that
    # name this compiler finds no libraries, and takes those for 64 bits.
    return "-march=rv32imc", "-mabi=ilp32", "-misa-spec=2.2"


@dataclass(frozen=True)
class _Compiler:
    """How sources become objects."""

    config: Config
    folders: tuple[Path, ...]
    defines: Mapping[str, str]

    def key(self, sources: Sequence[Path]) -> dict[str, object]:
        """What objects of `sources` depend on: of headers, all that are in the folders."""
        headers = [header for folder in self.folders for header in _headers(folder)]
        return {
            "recipe": cache.file_digest(Path(__file__)),
            "compiler": _version(),
            "flags": [*machine_flags(self.config), *_COMPILE_FLAGS, *_CXX_FLAGS],
            "defines": dict(self.defines),
            "sources": cache.file_digests(sources),
            "headers": cache.file_digests(headers),
        }

    def compile(self, source: Path, folder: Path, report: Progress) -> Path:
        """Compile one source into `folder`; returns the object."""
        report(f"compiling {source.name}")
        target = folder / f"{source.stem}.o"
        language = [] if source.suffix == ".S" else _CXX_FLAGS
        _run(
            f"{_PREFIX}g++",
            *machine_flags(self.config),
            *_COMPILE_FLAGS,
            *language,
            *(f"-D{name}={value}" for name, value in self.defines.items()),
            *(f"-I{path}" for path in self.folders),
            "-c",
            str(source),
            "-o",
            str(target),
            what=f"compiling {source.name}",
        )
        for section in _section_sizes(target):
            if section.startswith(_UNSUPPORTED):
                raise BuildError(
                    f"{source.name}: needs section {section}; static constructors and thread-local "
                    "data are not supported: nothing would set them up"
                )
        return target


def _headers(folder: Path) -> list[Path]:
    """Headers that a folder of includes brings.

    What was generated for the projects in `sw/apps` is no part of `sw`: an image would change with
    every other project.
    """
    headers = sorted(folder.rglob("*.h"))
    return [h for h in headers if folder != SOFTWARE or _APPLICATIONS not in h.parents]


def _runtime(compiler: _Compiler, report: Progress) -> Path:
    """The archive of `sw/runtime`."""
    sources = sorted(
        path for path in (SOFTWARE / "runtime").iterdir() if path.suffix in (".cpp", ".S")
    )

    def build(folder: Path) -> None:
        objects = [compiler.compile(source, folder, report) for source in sources]
        archive = str(folder / "libruntime.a")
        _run(f"{_PREFIX}ar", "rcs", archive, *map(str, objects), what="archiving the runtime")

    runtime_only = _Compiler(compiler.config, compiler.folders[:2], compiler.defines)
    return cache.cached("runtime", runtime_only.key(sources), build) / "libruntime.a"


def _link(
    objects: Sequence[Path], runtime: Path, config: Config, folder: Path, digest: str
) -> None:
    """Link the image into `folder`. By gcc: g++ would add a C++ library that this target lacks.

    The image knows the digest of its inputs (hexadecimal digits) as the address of a symbol. It is
    no input itself, so that the same inputs give the same image everywhere.
    """
    script = hardware.directory(config) / "heepstor.ld"
    command = [
        *(f"{_PREFIX}gcc", *machine_flags(config), *_LINK_FLAGS),
        *(f"-T{script}", f"-Wl,-Map={folder / 'firmware.map'}"),
        f"-Wl,--defsym=__image_digest=0x{digest}",
        *(*map(str, objects), str(runtime), "-o", str(folder / "firmware.elf")),
    ]
    result = _capture(command)
    overflow = _OVERFLOW.search(result.stderr)
    if overflow:
        raise PlanError(_overflow_message(int(overflow[1]), objects, config))
    if result.returncode != 0:
        raise BuildError(_failure("linking the firmware", result.stderr))


def _overflow_message(excess: int, objects: Sequence[Path], config: Config) -> str:
    sections: dict[str, int] = {".stack": config.stack_bytes}
    for path in objects:
        for name, size in _section_sizes(path).items():
            family = "." + name.split(".")[1]  # .rodata.kPacked0 counts as .rodata
            sections[family] = sections.get(family, 0) + size
    largest = sorted(sections.items(), key=lambda item: -item[1])[:4]
    listing = ", ".join(f"{name} {size}" for name, size in largest)
    return (
        f"the firmware needs {excess} bytes more than the {config.memory_bytes} bytes of memory "
        f"(memory.banks x memory.bank_kib); its largest sections, in bytes: {listing}"
    )


def _section_sizes(path: Path) -> dict[str, int]:
    """Name to size of the allocated sections of an ELF file."""
    with path.open("rb") as file:
        return {
            section.name: section["sh_size"]
            for section in ELFFile(file).iter_sections()
            if section["sh_flags"] & SH_FLAGS.SHF_ALLOC and section["sh_size"]
        }


def _image(folder: Path) -> FirmwareImage:
    elf = folder / "firmware.elf"
    sizes = _section_sizes(elf)
    return FirmwareImage(
        elf=elf,
        map=folder / "firmware.map",
        text_bytes=sum(sizes.get(name, 0) for name in _TEXT),
        rodata_bytes=sizes.get(".rodata", 0),
        data_bytes=sizes.get(".data", 0),
        bss_bytes=sum(sizes.get(name, 0) for name in _BSS),
        arena_bytes=sizes.get(".arena", 0),
        stack_bytes=sizes.get(".stack", 0),
    )


def tool_output(name: str, *arguments: str, what: str) -> str:
    """What a tool for the target prints, as `addr2line`; `what` it does, for messages.

    Raises:
        ToolError: it is not installed.
        BuildError: it fails.
    """
    return _run(f"{_PREFIX}{name}", *arguments, what=what)


def _version() -> str:
    return tool_output("g++", "--version", what="asking the compiler for its version")


def _run(*command: str, what: str) -> str:
    """Run a tool to success and return what it prints."""
    result = _capture(command)
    if result.returncode != 0:
        raise BuildError(_failure(what, result.stderr))
    return result.stdout


def _capture(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    except FileNotFoundError as error:
        raise ToolError(f"{command[0]} is not found; {_REMEDY}") from error


def _failure(what: str, log: str) -> str:
    tail = "\n".join(log.strip().splitlines()[-_LOG_TAIL_LINES:])
    return f"{what} failed:\n{tail}"


def _ignore(line: str) -> None:
    """What happens to progress that nobody asked for."""
