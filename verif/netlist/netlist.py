"""Netlists of an FPGA's cells, as Verilog that a simulator takes, and RTL simulated beside them.

Yosys writes the netlist, its own models of the cells say what it does, and the bench of the RTL
drives both: a checker bound into the RTL gives the netlist the same inputs and compares each output
in each cycle. The bench judges the RTL as ever.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from heepstor.build import area, rtl
from heepstor.build.cache import cached, file_digests
from verif.harness.cocotb_runner import run_module
from verif.rtl import sa

_HERE = Path(__file__).resolve().parent
_ELEMENT = "sa_pe"
# Yosys has no model of the block RAM; the buffers are made of look-up tables.
_OPTIONS = "-nobram"
_PORT = re.compile(r"^  (input|output)( \[\d+:0\])? (\w+);$", re.MULTILINE)


def netlists(top: str, parameters: Mapping[str, int]) -> list[Path]:
    """Verilog files with the netlist of a module, `<top>_netlist`, and of what it instantiates.

    The processing elements are all alike: a netlist of their own, made once, is used for each.

    Raises:
        BuildError: Yosys failed, or made a latch or a net with two drivers.
    """
    element = _netlist(_ELEMENT, {})
    return [element] if top == _ELEMENT else [element, _netlist(top, parameters, without=_ELEMENT)]


def _netlist(top: str, parameters: Mapping[str, int], *, without: str = "") -> Path:
    """The file with one netlist, which instantiates that of `without`."""
    name = f"{top}_netlist"
    commands = [
        "check -noinit -assert",
        "select -assert-none t:LD*",
        *([f"chtype -set {without}_netlist t:{without}"] if without else []),
        # A flip-flop or memory that is given no value is configured with zeros.
        "setundef -zero -params",
        f"rename {top} {name}",
        "opt_clean -purge",
        f"write_verilog -noattr {name}.v",
    ]
    key = {
        "top": top,
        "parameters": dict(parameters),
        "commands": [_OPTIONS, *commands],
        "sources": file_digests([*rtl.array(), Path(area.__file__)]),
        "tool": area.tool(),
    }

    def synthesize(folder: Path) -> None:
        area.synthesize(top, parameters, folder, commands, without=without, options=_OPTIONS)

    return cached("netlist", key, synthesize) / f"{name}.v"


def simulate_beside(
    files: Sequence[Path], top: str, parameters: Mapping[str, int], bench: str
) -> None:
    """Run the cocotb tests of a module with its netlist at its side.

    Args:
        files: its netlist, which comes last, and those of what it instantiates.
        top: the module.
        parameters: its parameters, with which the netlist was made.
        bench: dotted name of the Python module of the tests.

    Raises:
        RunError: an output differs in a cycle, a cell has no model, or the RTL fails its tests.
    """
    models = rtl.package_folder("pyosys") / "share" / "xilinx" / "cells_sim.v"
    run_module(
        top,
        [
            *(_HERE / "netlist.vlt", sa.ONE_PE),
            *rtl.array(),
            *(models, _HERE / "DSP48E2.sv"),
            *(*files, _checker_file(top, files[-1])),
        ],
        bench,
        parameters,
        timeout_s=600,
        # Some models have delays and no body: nothing would drive their outputs, and silently.
        extra_args=["-Wwarn-UNDRIVEN"],
        # A netlist is too large for one file of C++; many have a precompiled header of their own.
        make_args=["VM_PARALLEL_BUILDS=1", "USER_CPPFLAGS="],
    )


def _checker_file(top: str, netlist: Path) -> Path:
    """The file with the checker; the same path for the same content, which ccache looks at."""
    text = _checker(top, netlist.read_text(encoding="utf-8"))
    name = f"{top}_checker.sv"

    def write(folder: Path) -> None:
        (folder / name).write_text(text, encoding="utf-8")

    return cached("checker", text, write) / name


def _checker(top: str, netlist: str) -> str:
    """SystemVerilog that binds the netlist into the RTL and compares their outputs."""
    ports = _PORT.findall(netlist)
    outputs = [(width, name) for direction, width, name in ports if direction == "output"]
    assert outputs, f"the netlist of {top} has no outputs"
    own = {name: f"netlist_{name}" for _, name in outputs}
    connections = ", ".join(f".{name}({own.get(name, name)})" for _, _, name in ports)
    lines = [
        f"module {top}_checker (",
        ",\n".join(f"  input wire{width} {name}" for _, width, name in ports),
        ");",
        *(f"  wire{width} {own[name]};" for width, name in outputs),
        f"  {top}_netlist u_netlist ({connections});",
        *(_equality(name, own[name]) for _, name in outputs),
        "endmodule",
        f"bind {top} {top}_checker u_checker (.*);",
    ]
    return "\n".join(lines) + "\n"


def _equality(output: str, own: str) -> str:
    """The assertion that an output is the same whenever the clock rises, in reset, too."""
    return (
        f"  NetlistHasTheBitsOf_{output}: assert property (@(posedge clk_i) {own} == {output})\n"
        f'  else $error("{output} is %h in the netlist and %h in the RTL",'
        f" $sampled({own}), $sampled({output}));"
    )
