"""What can be known of a project without Vivado: it elaborates, and each port has its pin."""

from __future__ import annotations

from typing import Any

import pyslang

from heepstor.build.rtl import Sources
from heepstor.errors import BuildError, FpgaError
from heepstor.fpga.board import Board
from heepstor.fpga.sources import TOP, library


def check(sources: Sources, board: Board) -> None:
    """Elaborate the RTL and compare its ports with the board's pins.

    Raises:
        BuildError: it does not elaborate.
        FpgaError: a port has no pin, or a pin no port.
    """
    needed = ports(sources)
    missing = [port for port in needed if port not in board.pins]
    unknown = [port for port in board.pins if port not in needed]
    if missing or unknown:
        what = [f"no pin is given for {', '.join(missing)}"] if missing else []
        what += [f"there is no port {', '.join(unknown)}"] if unknown else []
        raise FpgaError(f"pins of the board {board.name}: {'; '.join(what)}")


def ports(sources: Sources) -> list[str]:
    """The bits that `fpga_top` has outside, as constraints name them.

    Raises:
        BuildError: it does not elaborate; the message is the compiler's first.
    """
    compilation, errors = _elaborate(sources)
    if errors:
        raise BuildError(f"{TOP} does not elaborate: {errors[0]}")
    (top,) = compilation.getRoot().topInstances
    return [bit for port in top.body.portList for bit in _bits(port)]


def _bits(port: Any) -> list[str]:  # noqa: ANN401 (slang's list is of several types)
    if not isinstance(port.type.canonicalType, pyslang.ast.PackedArrayType):
        return [port.name]
    return [f"{port.name}[{bit}]" for bit in range(port.type.bitWidth)]


def _elaborate(sources: Sources) -> tuple[pyslang.ast.Compilation, list[str]]:
    """What comes of the files, and the errors."""
    driver = pyslang.driver.Driver()
    driver.addStandardArgs()
    arguments = [
        *("slang", "--top", TOP, "--single-unit"),
        *(f"-I{path}" for path in sources.include_folders),
        str(library()),
        *map(str, sources.files),
    ]
    parsed = driver.parseCommandLine(" ".join(f'"{argument}"' for argument in arguments))
    if not (parsed and driver.processOptions() and driver.parseAllSources()):
        raise BuildError(f"{TOP} cannot be parsed; slang has said why")
    compilation = driver.createCompilation()
    engine = pyslang.DiagnosticEngine(driver.sourceManager)
    errors = [
        engine.formatMessage(diagnostic)
        for diagnostic in compilation.getAllDiagnostics()
        if diagnostic.isError()
    ]
    return compilation, errors
