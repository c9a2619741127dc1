"""Renders the array's register table for sa_subordinate_formal.sv: what each offset allows."""

from __future__ import annotations

from pathlib import Path

from heepstor.registers import SYSTOLIC_ARRAY, SYSTOLIC_ARRAY_ID, Access

_HEAD = """\
package sa_table_pkg;
  typedef enum logic [2:0] {{None, {windows}}} window_e;

  typedef struct packed {{
    logic readable;
    logic writable;
    logic whole;  // a write needs all bytes
    logic held_reads;  // refused while a job runs
    logic held_writes;
    window_e window;
    logic [15:0] index;  // in bytes, in its window
  }} entry_t;

{constants}
  function automatic entry_t entry_of(logic [15:0] at);
    entry_t entry;
    entry = '0;
"""
_TAIL = """\
    return entry;
  endfunction
endpackage
"""


def write(folder: Path, size: int, rows: int) -> Path:
    """Write `sa_table_pkg.sv` for an array of `size` with `rows` of accumulators into `folder`."""
    # A window of the table is as large as it may become; docs/architecture.md says what is in it.
    used_bytes = {
        "WEIGHTS0": size * size,
        "WEIGHTS1": size * size,
        "STAGE": 4 * size,
        "LAUNCH": 4 * size,
        "ACCUMULATORS": 4 * size * rows,
    }
    offsets = {register.name: register.offset for register in SYSTOLIC_ARRAY.registers}
    constants = [
        f"  localparam logic [31:0] IdValue = 32'h{SYSTOLIC_ARRAY_ID:08x};",
        *(
            f"  localparam logic [15:0] {name}Offset = 16'h{offsets[register]:04x};"
            for name, register in (("Id", "ID"), ("Geometry", "GEOMETRY"), ("Hash", "CONFIG_HASH"))
        ),
    ]
    windows = [window.name.capitalize() for window in SYSTOLIC_ARRAY.windows]
    lines = [
        *(
            _entry(r.offset, 4, r.access, is_held=r.name in ("TILE", "JOB"))
            for r in SYSTOLIC_ARRAY.registers
        ),
        *(
            _entry(w.offset, used_bytes[w.name], w.access, w.name.capitalize())
            for w in SYSTOLIC_ARRAY.windows
        ),
    ]
    head = _HEAD.format(windows=", ".join(windows), constants="\n".join(constants))
    path = folder / "sa_table_pkg.sv"
    path.write_text(head + "".join(lines) + _TAIL, encoding="utf-8")
    return path


def _entry(
    offset: int, size: int, access: Access, window: str = "None", *, is_held: bool = False
) -> str:
    """Statement for the `size` bytes from `offset`; only weights may be written byte by byte."""
    held_reads = window != "None"
    flags = (
        *(access != "WO", access != "RO"),
        not window.startswith("Weights"),
        *(held_reads, held_reads or is_held),
    )
    bits = ", ".join(f"1'b{flag:d}" for flag in flags)
    return (
        f"    if (32'(at) >= {offset} && 32'(at) < {offset + size}) "
        f"entry = {{{bits}, {window}, at - 16'h{offset:04x}}};\n"
    )
