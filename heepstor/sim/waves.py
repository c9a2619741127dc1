"""The signals of a waveform that matter, as files that open it with them, and what opens it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vcd.gtkw import GTKWSave

from heepstor.config import Config
from heepstor.errors import ToolError

_BUILD = Path(__file__).resolve().parents[2] / "build"

FST = "waves.fst"
_GTKWAVE, _SURFER = "waves.gtkw", "waves.sucl"

VIEWERS = ("gtkwave", "surfer")

_SOC = "TOP.sim_top.u_soc"
_CPU = f"{_SOC}.u_cpu"
_ARRAY = f"{_SOC}.u_systolic_array"
_STREAM = f"{_ARRAY}.u_stream"

_PROGRAM_COUNTER = {"cv32e40p": "u_cpu.core_i.pc_id", "ibex": "u_ibex_core.pc_id"}


@dataclass(frozen=True)
class Group:
    """Signals that are looked at together."""

    name: str
    scope: str
    signals: tuple[tuple[str, int], ...]
    """(name below the scope, width in bits)"""

    def path(self, name: str) -> str:
        """The whole name of a signal."""
        return f"{self.scope}.{name}"


def groups(config: Config) -> Iterator[Group]:
    """The signals that matter, from the top of the viewer to its bottom."""
    yield _group("layer", _SOC, "clk_i marker_valid_o marker_o:32")
    yield _group("cpu", _CPU, f"{_PROGRAM_COUNTER[config.cpu_core]}:32 sleeping_o irq_i:32")
    yield _group(
        "cpu-fetch",
        _CPU,
        "instr_req_o instr_gnt_i instr_addr_o:32 instr_rvalid_i instr_rdata_i:32",
    )
    yield _group(
        "cpu-data",
        _CPU,
        "data_req_o data_gnt_i data_we_o data_be_o:4 data_addr_o:32 data_wdata_o:32 "
        "data_rvalid_i data_rdata_i:32",
    )
    yield _group(
        "array-registers",
        _ARRAY,
        "obi_req_i obi_gnt_o obi_we_i obi_addr_i:32 obi_wdata_i:32 obi_rvalid_o obi_rdata_o:32 "
        "irq_o",
    )
    yield _group(
        "array-state",
        _STREAM,
        "state_q:2 u_descriptor.state_q:3 u_weights.state_q:2 job_running address_o:32 done_o",
    )
    yield _group(
        "array-steps",
        f"{_ARRAY}.u_core",
        "step_valid_i step_ready_o weight_valid_i weight_ready_o acc_valid_i acc_ready_o busy_o",
    )
    # A cycle of a job counts for the first of these that is high, or else for filling and draining.
    yield _group("array-cycle-is", _STREAM, "issued wait_write_back wait_activations wait_weights")
    for port in range(config.systolic_array_ports):
        yield _group(
            f"array-port-{port}",
            f"{_STREAM}.gen_port[{port}].u_port",
            "obi_req_o obi_gnt_i obi_we_o obi_addr_o:32 obi_wdata_o:32 obi_rvalid_i "
            "obi_rdata_i:32 obi_err_i",
        )


def program_counter(config: Config) -> str:
    """Whole name of the address of the instruction that is decoded."""
    return f"{_CPU}.{_PROGRAM_COUNTER[config.cpu_core]}"


def _group(name: str, scope: str, signals: str) -> Group:
    """`signals` are `name` or `name:width`, below `scope`."""
    split = (signal.partition(":") for signal in signals.split())
    return Group(name, scope, tuple((signal, int(width or 1)) for signal, _, width in split))


def write_views(config: Config, folder: Path) -> None:
    """Write what opens the waveform in `folder` in GTKWave and in Surfer, signals grouped."""
    with (folder / _GTKWAVE).open("w", encoding="utf-8") as file:
        save = GTKWSave(file)
        save.dumpfile(str(folder / FST))
        for group in groups(config):
            with save.group(group.name):
                for name, width in group.signals:
                    bits = f"[{width - 1}:0]" if width > 1 else ""
                    # GTKWave shows the last part of a name alone, which may not tell enough.
                    save.trace(group.path(name) + bits, alias=name if "." in name else None)
    (folder / _SURFER).write_text("\n".join(_surfer_commands(config)) + "\n", encoding="utf-8")


def _surfer_commands(config: Config) -> Iterator[str]:
    for group in groups(config):
        yield f"divider_add {group.name}"
        yield from (f"variable_add {group.path(name)}" for name, _ in group.signals)
    yield "zoom_fit"


def remove(folder: Path) -> None:
    """Remove a waveform and what opens it."""
    for name in (FST, _GTKWAVE, _SURFER):
        (folder / name).unlink(missing_ok=True)


def open_viewer(project: str, viewer: str | None = None) -> int:
    """Show the last waveform of a project until the user closes it; returns the viewer's status.

    Raises:
        ToolError: there is no waveform, or no viewer; says how to get it.
    """
    return subprocess.run(viewer_command(_BUILD / project, viewer), check=False).returncode


def viewer_command(folder: Path, viewer: str | None = None) -> list[str]:
    """What opens the waveform in `folder`: in `viewer`, or in the first that is installed.

    Raises:
        ToolError: there is no waveform, or no viewer; says how to get it.
    """
    if not (folder / FST).exists():
        raise ToolError(
            f"{folder / FST}: is missing; make it with `heepstor sim {folder.name} "
            "--waves layer:0` (or another layer, or cycles:FIRST-LAST)"
        )
    wanted = (viewer,) if viewer else VIEWERS
    installed = [name for name in wanted if shutil.which(name)]
    if not installed:
        raise ToolError(
            f"{' or '.join(wanted)}: not on PATH; install GTKWave (Debian package gtkwave) or "
            "Surfer (https://surfer-project.org)"
        )
    if installed[0] == "gtkwave":
        zoom = ("--rcvar", "do_initial_zoom_fit yes")
        return ["gtkwave", *zoom, str(folder / FST), str(folder / _GTKWAVE)]
    return ["surfer", "--command-file", str(folder / _SURFER), str(folder / FST)]
