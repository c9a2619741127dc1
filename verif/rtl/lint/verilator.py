"""Verilator as a linter."""

from __future__ import annotations

import subprocess

from heepstor.build import rtl


def verilator_lint(sources: rtl.Sources, top: str) -> subprocess.CompletedProcess[str]:
    """Every warning of Verilator about `top` and all below it, as an error."""
    command = [
        str(rtl.package_folder("verilator") / "bin" / "verilator"),
        *("--lint-only", "-Wall", "--top-module", top),
        *(str(path) for path in rtl.WAIVERS),
        *(f"-I{path}" for path in sources.include_folders),
        *(str(path) for path in sources.files),
    ]
    return subprocess.run(command, capture_output=True, text=True)
