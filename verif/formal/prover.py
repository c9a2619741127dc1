"""Proves properties of RTL by temporal induction, with Yosys' SAT solver.

A proof is a wrapper module around the module under test, all of whose inputs are free. Each output
`<name>_o` is a property: a bit that must be 1 in every cycle after the first one, in which reset is
low (later it is free). An output `assume_<name>_o` is an assumption: only runs in which it is
always 1 count. The wrapper may look into the module under test to state what makes the induction
go through.

Outputs and not SystemVerilog's `assert`: the frontend has to be told to ignore the assertions of
the RTL itself, which it does not understand, and would silently ignore the wrapper's with them.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from verif.harness import session

MAX_INDUCTION_DEPTH = 16

_HERE = Path(__file__).resolve().parent
_TIMEOUT_S = session.of(quick=120, full=600)
_TAIL_LINES = 80
_YOSYS = (
    "import sys; from pyosys import libyosys; libyosys.Design().run_pass('script ' + sys.argv[1])"
)
_PROVED = "Induction step proven: SUCCESS!"
_REFUTED = "model found for base case: FAIL!"


class NotProvedError(AssertionError):
    """Neither a proof nor a counterexample: the induction was not deep enough, or Yosys failed."""


class RefutedError(AssertionError):
    """Properties do not hold; the message names them and has the counterexample, cycle by cycle."""


def prove(
    top: str,
    sources: Sequence[Path],
    folder: Path,
    parameters: Mapping[str, int] | None = None,
    *,
    only: str | None = None,
) -> tuple[str, ...]:
    """Prove every property of the wrapper `top`, which is in `<top>.sv` here; returns their names.

    Args:
        top: the wrapper.
        sources: files of the module under test, packages first.
        folder: an empty folder for the script and the log.
        parameters: parameters of the wrapper.
        only: the one property to prove, without the help of the others.

    Raises:
        RefutedError: a property does not hold.
        NotProvedError: no verdict.
    """
    wrapper = _HERE / f"{top}.sv"
    outputs = re.findall(r"output logic +(\w+)_o\b", wrapper.read_text(encoding="utf-8"))
    properties = tuple(name for name in outputs if not name.startswith("assume_"))
    if only is not None:
        properties = tuple(name for name in properties if name == only)
    assert properties, f"{wrapper} has no such property"
    assumptions = [name for name in outputs if name.startswith("assume_")]
    settings = " ".join(f"-G {name}={value}" for name, value in (parameters or {}).items())
    script = folder / "prove.ys"
    script.write_text(
        f"read_slang --ignore-assertions --ignore-timing --top {top} {settings} "
        f"{' '.join(map(str, [*sources, wrapper]))}\n"
        f"prep -flatten -top {top}\n"
        # Flops with an asynchronous reset become ones with a synchronous reset, memories flops.
        "async2sync\nmemory_map\ndffunmap\nopt\n"
        f"sat -tempinduct -verify -maxsteps {MAX_INDUCTION_DEPTH} -seq 1 -set-at 1 rst_ni 0 "
        + "".join(f"-set {name}_o 1 " for name in assumptions)
        + "".join(f"-prove {name}_o 1 " for name in properties)
        + "-show-ports -dump_vcd counterexample.vcd\n",
        encoding="utf-8",
    )
    log = _run(script)
    if _PROVED in log:
        return properties
    where = f"{top} {dict(parameters or {})}"
    tail = "\n".join([f"--- end of {folder}/yosys.log", *log.splitlines()[-_TAIL_LINES:]])
    if _REFUTED in log:
        wrong = ", ".join(_false_in_the_last_cycle(log, properties))
        raise RefutedError(f"{where}: {wrong}\n{tail}\nwaves: {folder}/counterexample.vcd")
    raise NotProvedError(f"{where}\n{tail}")


def _false_in_the_last_cycle(log: str, properties: Sequence[str]) -> list[str]:
    """The properties that a counterexample ends with; its table has rows of cycle, name, value."""
    rows = re.findall(r"^ +(\d+) \\(\w+)_o +([01]) ", log, re.MULTILINE)
    last = max((int(cycle) for cycle, _, _ in rows), default=0)
    false = {name for cycle, name, value in rows if int(cycle) == last and value == "0"}
    return [name for name in properties if name in false]


def _run(script: Path) -> str:
    """What Yosys says; kept in `yosys.log` beside the script."""
    log = script.with_name("yosys.log")
    with log.open("wb") as file:
        subprocess.run(
            [sys.executable, "-c", _YOSYS, str(script)],
            stdout=file,
            stderr=subprocess.STDOUT,
            cwd=script.parent,
            timeout=_TIMEOUT_S,
        )
    return log.read_text(encoding="utf-8", errors="replace")
