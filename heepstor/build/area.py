"""Area of the array on a Xilinx UltraScale+ FPGA, by Yosys: no placement, no clock.

The array is synthesized without its processing elements and they alone, once: they are all alike,
and the time would otherwise grow with the square of the size. What an optimizer could gain across
that border is not gained: each of its signals comes from a register or goes into one.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass
from importlib import metadata
from pathlib import Path

from heepstor.build import cache, rtl
from heepstor.config import Config
from heepstor.errors import BuildError, ToolError

_ELEMENT = "sa_pe"
_YOSYS = (
    "import sys; from pyosys import libyosys; libyosys.Design().run_pass('script ' + sys.argv[1])"
)
_TAIL_LINES = 20

# Look-up tables that a cell takes; an inverter goes into the table that it feeds.
_LUTS = {
    **{f"LUT{inputs}": 1 for inputs in range(1, 7)},
    **{"SRL16E": 1, "SRLC32E": 1},
    **{"RAM32X1S": 1, "RAM64X1S": 1, "RAM128X1S": 2, "RAM256X1S": 4},
    **{"RAM32X1D": 2, "RAM64X1D": 2, "RAM128X1D": 4},
    **{"RAM32M": 4, "RAM64M": 4, "RAM32M16": 8, "RAM64M8": 8},
}
# FDCE_1 works on the falling edge, in the clock gate.
_FLIP_FLOPS = dict.fromkeys(("FDRE", "FDSE", "FDCE", "FDPE", "FDCE_1"), 1)
_DSPS = {"DSP48E2": 1}
_BRAMS = {"RAMB36E2": 1.0, "RAMB18E2": 0.5}
_FREE = {"INV", "CARRY4", "MUXF7", "MUXF8", "MUXF9", "BUFGCE"}
"""What is in a slice beside its tables, and buffers of clocks, which have places of their own."""


@dataclass(frozen=True)
class Area:
    """What a module takes of an FPGA; memory in blocks of 36 Kb."""

    lut: int
    ff: int
    dsp: int
    bram36: float

    @classmethod
    def of(cls, cells: Mapping[str, int]) -> Area:
        """The sum over cells by type.

        Raises:
            BuildError: a type is not known.
        """
        weighed = (_LUTS, _FLIP_FLOPS, _DSPS, _BRAMS)
        if unknown := cells.keys() - _FREE.union(*weighed):
            raise BuildError(f"what do these take? {', '.join(sorted(unknown))}")
        lut, ff, dsp, bram36 = (
            sum(count * weights.get(cell, 0) for cell, count in cells.items())
            for weights in weighed
        )
        return cls(int(lut), int(ff), int(dsp), float(bram36))

    def plus(self, other: Area, times: int) -> Area:
        """This and `times` the other."""
        return Area(
            self.lut + times * other.lut,
            self.ff + times * other.ff,
            self.dsp + times * other.dsp,
            self.bram36 + times * other.bram36,
        )


def parameters_of(config: Config) -> dict[str, int]:
    """Parameters of the module `systolic_array`; no other key of a configuration changes it."""
    return {
        "Size": config.systolic_array_size,
        "Ports": config.systolic_array_ports,
        "ActivationWords": config.systolic_array_activation_words,
        "WeightRows": config.systolic_array_weight_rows,
        "AccumulatorRows": config.systolic_array_accumulator_rows,
    }


def array_area(config: Config, *, on_progress: Callable[[str], None] = lambda _: None) -> Area:
    """Area of the array of `config`; what was synthesized before is taken from the cache.

    Minutes for an array of 8 x 8. `on_progress` is called with what is being done.

    Raises:
        ToolError: Yosys is not installed.
        BuildError: it failed.
    """
    on_progress("synthesizing a processing element")
    element = Area.of(cells(_ELEMENT, {}))
    on_progress("synthesizing the rest of the array")
    rest = cells("systolic_array", parameters_of(config), without=_ELEMENT)
    elements = rest.pop(_ELEMENT)
    if elements != config.systolic_array_size**2:
        raise AssertionError(f"{elements} processing elements")
    return Area.of(rest).plus(element, elements)


def render(config: Config, area: Area) -> str:
    """A table in Markdown: the parameters of an array and its area."""
    parameters = parameters_of(config)
    head = [*parameters, "LUT", "FF", "DSP", "BRAM (36 Kb)"]
    row = [*parameters.values(), *(f"{value:,}" for value in astuple(area))]
    return "\n".join(
        f"| {' | '.join(map(str, cells))} |" for cells in (head, ["---"] * len(head), row)
    )


def tool() -> str:
    """What measures, in words.

    Raises:
        ToolError: Yosys is not installed.
    """
    try:
        return f"Yosys {metadata.version('pyosys')}, synth_xilinx -family xcup"
    except metadata.PackageNotFoundError:
        raise ToolError(
            "Yosys is not installed; install HEEPstor with its dependencies, which have pyosys"
        ) from None


def cells(
    top: str,
    parameters: Mapping[str, int],
    *,
    without: str = "",
    library: Sequence[str] = (),
    sources: rtl.Sources | None = None,
) -> dict[str, int]:
    """Cells by type of a module, flattened down to the instances of the module `without`.

    Args:
        top: the module.
        parameters: its parameters.
        without: a module whose instances stay black boxes.
        library: modules that stay so, too, and have no parameters of ours.
        sources: where all of them are; the array's if absent.

    Raises:
        ToolError: Yosys is not installed.
        BuildError: it failed.
    """
    sources = sources or rtl.Sources(rtl.array(), ())
    key = {
        "recipe": cache.file_digest(Path(__file__)),
        "tool": tool(),
        "sources": cache.file_digests(sources.files),
        "vendors": rtl.vendor_versions(),
        "top": top,
        "parameters": dict(parameters),
        "without": [without, *library],
    }

    def build(folder: Path) -> None:
        count = f"tee -q -o {folder / 'cells.json'} stat -json -tech xilinx"
        synthesize(
            top, parameters, folder, [count], without=without, library=library, sources=sources
        )

    entry = cache.cached("area", key, build)
    statistics = json.loads((entry / "cells.json").read_text(encoding="utf-8"))
    found: dict[str, int] = statistics["design"]["num_cells_by_type"]
    return found


def synthesize(
    top: str,
    parameters: Mapping[str, int],
    folder: Path,
    commands: Sequence[str],
    *,
    without: str = "",
    library: Sequence[str] = (),
    options: str = "",
    sources: rtl.Sources | None = None,
) -> None:
    """Make a module of the FPGA's cells, and run commands of Yosys on what came of it.

    Args:
        top: the module.
        parameters: its parameters.
        folder: for the script and the log.
        commands: what to do with the result.
        without: a module whose instances stay black boxes.
        library: modules that stay so, too, and have no parameters of ours.
        options: further ones of `synth_xilinx`.
        sources: where all of them are; the array's if absent.

    Raises:
        BuildError: Yosys failed; the message has the end of its log.
    """
    sources = sources or rtl.Sources(rtl.array(), ())
    files = [*(f"-I {path}" for path in sources.include_folders), *map(str, sources.files)]
    settings = [f"-G {name}={value}" for name, value in parameters.items()]
    boxes = " ".join(f"--blackboxed-module {box}" for box in (without, *library) if box)
    script = folder / f"{top}.ys"
    script.write_text(
        f"read_slang --ignore-assertions --ignore-timing --top {top} {boxes} "
        f"{' '.join(settings)} {' '.join(files)}\n"
        # The front end hands on what is local to a black box as if it were a parameter.
        + (f"setparam -unset NegativeZero t:{without}\n" if without else "")
        + f"synth_xilinx -family xcup -noiopad -noclkbuf {options} -top {top} -run begin:check\n"
        + "".join(f"{command}\n" for command in commands),
        encoding="utf-8",
    )
    log = folder / f"{top}.log"
    with log.open("wb") as file:
        command = [sys.executable, "-c", _YOSYS, str(script)]
        status = subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, cwd=folder)
    if status.returncode:
        tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_TAIL_LINES:]
        raise BuildError("\n".join([f"Yosys failed on {top} {dict(parameters)}:", *tail]))
