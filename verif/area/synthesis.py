"""Synthesizes RTL for a Xilinx UltraScale+ FPGA with Yosys, and counts what it takes.

The array is synthesized without its processing elements and they alone, once: they are all alike,
and the time would otherwise grow with the square of the size. What an optimizer could gain across
that border is not gained: each of its signals comes from a register or goes into one.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from heepstor import config
from heepstor.build import rtl

_DEFAULT = config.load()
PARAMETERS = {
    "Size": _DEFAULT.systolic_array_size,
    "Ports": _DEFAULT.systolic_array_ports,
    "ActivationWords": _DEFAULT.systolic_array_activation_words,
    "WeightRows": _DEFAULT.systolic_array_weight_rows,
    "AccumulatorRows": _DEFAULT.systolic_array_accumulator_rows,
}
"""Parameters of `systolic_array`, as the configuration has them."""

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
_FREE = {"INV", "CARRY4", "MUXF7", "MUXF8", "MUXF9"}
"""What is in a slice beside its tables."""


class SynthesisError(AssertionError):
    """Yosys failed, or made cells that are not known here; the message has the end of its log."""


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
            SynthesisError: a type is not known.
        """
        weighed = (_LUTS, _FLIP_FLOPS, _DSPS, _BRAMS)
        if unknown := cells.keys() - _FREE.union(*weighed):
            raise SynthesisError(f"what do these take? {', '.join(sorted(unknown))}")
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


def array_area(parameters: Mapping[str, int], folder: Path) -> Area:
    """Area of `systolic_array`; `folder` is for scripts and logs.

    Raises:
        SynthesisError: there is none.
    """
    element = Area.of(cells(_ELEMENT, {}, folder))
    rest = cells("systolic_array", parameters, folder, without=_ELEMENT)
    elements = rest.pop(_ELEMENT)
    assert elements == parameters["Size"] ** 2, f"{elements} processing elements"
    return Area.of(rest).plus(element, elements)


def cells(
    top: str, parameters: Mapping[str, int], folder: Path, *, without: str = ""
) -> dict[str, int]:
    """Cells by type of a module, flattened down to the instances of the module `without`.

    Raises:
        SynthesisError: Yosys failed.
    """
    statistics = folder / f"{top}.json"
    count = f"tee -q -o {statistics} stat -json -tech xilinx"
    synthesize(top, parameters, folder, [count], without=without)
    found: dict[str, int] = json.loads(statistics.read_text(encoding="utf-8"))["design"][
        "num_cells_by_type"
    ]
    return found


def synthesize(
    top: str,
    parameters: Mapping[str, int],
    folder: Path,
    commands: Sequence[str],
    *,
    without: str = "",
    options: str = "",
) -> None:
    """Make a module of the FPGA's cells, and run commands of Yosys on what came of it.

    Args:
        top: the module.
        parameters: its parameters.
        folder: for the script and the log.
        commands: what to do with the result.
        without: a module whose instances stay black boxes.
        options: further ones of `synth_xilinx`.

    Raises:
        SynthesisError: Yosys failed.
    """
    settings = [f"-G {name}={value}" for name, value in parameters.items()]
    blackbox = f"--blackboxed-module {without}" if without else ""
    generated = [p for p in rtl.generated_files(_DEFAULT) if p.stem == "sa_reg_pkg"]
    sources = [*generated, *rtl.own_files("common"), *rtl.own_files("systolic_array")]
    script = folder / f"{top}.ys"
    script.write_text(
        f"read_slang --ignore-assertions --ignore-timing --top {top} {blackbox} "
        f"{' '.join(settings)} {' '.join(map(str, sources))}\n"
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
        raise SynthesisError("\n".join([f"{top} {dict(parameters)}:", *tail]))
